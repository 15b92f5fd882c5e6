"""Posters and sheets of many icons."""

import time

import numpy as np
import pytest

from tests.factories.bitmaps import bitmap, drawn
from udfs import hieroglyphs, icons
from udfs.bitmaps import bits

pytestmark = pytest.mark.unit


def test_a_poster_sets_icons_in_cells_of_two_more_pixels():
    picture = drawn(icons.poster(["1001", "0110", "1111"], 2, 1, 7))
    assert picture.shape == (8, 8, 3)
    ink = (picture != 255).any(-1)
    expected = """
        ........
        .#....#.
        ..#..#..
        ........
        ........
        .##.....
        .##.....
        ........
    """
    assert bits(ink) == bitmap(expected)
    first, second = picture[1, 1], picture[1, 6]
    assert (first != second).any()
    for colour in (first, second):  # lightness .30, saturation .9
        assert (int(max(colour)), int(min(colour))) == (145, 8)


def test_posters_have_the_published_shapes():
    assert drawn(icons.poster(["1" * 64] * 150, None, None, 0)).shape == (10 * 80, 15 * 80, 3)
    assert drawn(icons.poster(["1" * 1024] * 300, None, 1, 0)).shape == (15 * 34, 20 * 34, 3)


def test_a_sheet_has_icons_of_several_sizes():
    one = drawn(icons.sheet(["1111"], ["a"], ["b"], 8))
    both = drawn(icons.sheet(["1111", "1" * 1024], ["a", "a"], ["b", "b"], 8))
    assert both.shape == (one.shape[0], 2 * one.shape[1], 3)
    assert (both[:, : one.shape[1]] == both[:, one.shape[1] :]).all()


@pytest.mark.parametrize(
    "draw",
    [
        lambda stop: icons.sheet(["1"] * 9, ["a"] * 9, ["b"] * 9, 8, stop),
        lambda stop: hieroglyphs.stela(["1"] * 9, checkpoint=stop),
    ],
)
def test_what_takes_a_while_can_be_ended(draw):
    checkpoints = []

    def stop():
        checkpoints.append(1)
        if len(checkpoints) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw(stop)


@pytest.mark.long
def test_a_long_label_takes_no_time():
    begun = time.process_time()
    icons.sheet(["1"] * 100, ["i" * 200] * 100, ["i" * 200] * 100, 8)
    assert time.process_time() - begun < 1


def test_a_sheet_has_the_label_beneath_its_icon():
    bare = drawn(icons.sheet(["1111", "1111"], ["", ""], ["", ""], 8))
    labelled = drawn(icons.sheet(["1111", "1111"], ["", "a long label " * 9], ["", ".9"], 8))
    assert bare.shape == labelled.shape == (96 + 36 + 32, 2 * 128, 3)
    rows, columns = np.nonzero((bare != labelled).any(-1))
    assert rows.min() >= 16 + 96
    assert 128 <= columns.min() <= columns.max() < 256  # cut to its own column


def test_both_inks_are_used_and_differ_by_two_at_most():
    colours = hieroglyphs.inks(400, 9)
    away = np.abs(colours[:, None] - hieroglyphs.INKS).max(-1)  # (400, 2)
    assert (away.min(1) <= 2).all()
    assert 120 < (away[:, 0] <= 2).sum() < 280
    assert set((colours - hieroglyphs.INKS[away.argmin(1)]).ravel()) == {-2, -1, 0, 1, 2}
    assert (hieroglyphs.inks(10, 9) == colours[:10]).all()
