"""Drawings of Deep Ink with synthetic networks, without a server."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from tests.factories.drawings import likes, request, square
from udfs import ink, ink_pictures

pytestmark = pytest.mark.unit


def test_the_start_is_the_published_disc_of_97_pixels():
    bits = ink.start(request(size=224, radius=5.5))
    assert bits.sum() == 97
    y, x = np.nonzero(bits)
    assert ((x - 112) ** 2 + (y - 112) ** 2).max() < 30


def test_a_bitmap_is_scaled_to_the_drawing():
    bits = ink.start(request(size=8, start="1001000000000001"))
    assert bits.sum() == 12
    assert bits[0, 0]
    assert bits[1, 1]
    assert bits[7, 7]
    assert not bits[2:6, 2:6].any()


def test_border_pixels_have_a_neighbour_of_the_other_colour():
    border = ink.border(square(6, 2, 4))
    expected = np.array([[c == "x" for c in row] for row in (
        "......", "..xx..", ".xxxx.", ".xxxx.", "..xx..", "......",
    )])  # fmt: skip
    assert (border == expected).all()


def test_ink_grows_from_its_border_until_nothing_improves():
    target = square(8, 1, 7)
    frames = list(ink.frames(likes(target), request(), 8))
    assert (frames[-1].bits == target).all()
    assert frames[-1].step < 20
    scores = [frame.score for frame in frames]
    assert scores == sorted(scores)
    for before, after in itertools.pairwise(frames):
        changed = before.bits ^ after.bits
        assert not (changed & ~ink.border(before.bits)).any()
        assert changed.sum() == after.flipped <= 4


def test_a_step_that_lowers_the_score_is_taken_back_and_tried_with_fewer_flips():
    looked = []

    def network(picture):  # its gradient is right for one flip only
        looked.append(int((picture == 0).sum()))
        grown = looked[-1] - looked[0]
        return (1.0 if grown == 1 else -float(grown > 1)), np.full((8, 8), -1, dtype=np.float32)

    frames = list(ink.frames(network, request(steps=6), 8))
    assert looked[:4] == [looked[0], looked[0] + 4, looked[0] + 2, looked[0] + 1]
    assert [frame.score for frame in frames] == sorted(frame.score for frame in frames)
    assert frames[-1].score == 1


def test_the_published_way_takes_every_step_and_flips_anywhere():
    target = square(8, 0, 2)
    frames = list(ink.frames(likes(target), request(original=True, border_only=False, steps=9), 8))
    assert (frames[-1].bits == target).all()


def test_a_drawing_may_be_coarser_than_the_network_sees():
    shapes = []

    def network(picture):
        shapes.append(picture.shape)
        return 0.0, np.ones_like(picture)

    list(ink.frames(network, request(size=8, steps=1), 16))
    assert set(shapes) == {(16, 16)}


def test_seeds_draw_the_same_and_others_another():
    rough = np.random.default_rng(0).normal(size=(8, 8)).astype(np.float32)
    network = lambda picture: (float((rough * picture).sum()), rough)  # noqa: E731
    one, same, other = (
        [frame.bits.tobytes() for frame in ink.frames(network, request(seed=seed, jitter=2), 8)]
        for seed in (1, 1, -2)
    )
    assert one == same
    assert one != other


def test_pictures_hold_two_colours():
    bits = square(9, 2, 7)
    image = Image.open(io.BytesIO(ink_pictures.png(bits)))
    assert (image.mode, image.size) == ("1", (9, 9))
    assert (np.asarray(image) == ~bits).all()
    moving = Image.open(io.BytesIO(ink_pictures.gif([bits, ~bits, bits], 50, loop=True)))
    assert (moving.n_frames, moving.info["loop"], moving.info["duration"]) == (3, 0, 50)
    moving.seek(2)
    assert moving.info["duration"] == 500
    assert set(np.asarray(moving.convert("L")).ravel()) == {0, 255}
    assert '<path d="M2 2h5v1h-5zM2 3h5v1h-5z' in ink_pictures.svg(bits)
