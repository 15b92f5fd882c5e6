"""Drawings of Deep Ink with synthetic networks, without a server."""

import io
import itertools

import numpy as np
import pytest
from PIL import Image

from tests.factories.drawings import likes, request, square
from udfs import ink, ink_pictures, ink_strokes

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
    border = ink_strokes.border(square(6, 2, 4))
    expected = np.array([[c == "x" for c in row] for row in (
        "......", "..xx..", ".xxxx.", ".xxxx.", "..xx..", "......",
    )])  # fmt: skip
    assert (border == expected).all()


def test_a_stroke_runs_from_the_border_along_the_largest_gains():
    gain = np.full((8, 8), -1, dtype=np.float32)
    gain[3, :] = (8, 1, 1, 1, 1, 2, 3, 4)  # a ridge to the right; the 8 is behind lesser gains
    gain[6, 6] = 9  # not connected
    bits = square(8, 3, 5)
    rows = [np.flatnonzero(row).tolist() for row in ink_strokes.strokes(bits, gain, 3)]
    assert rows[3] == [5, 6, 7]
    assert sum(map(len, rows)) == 3
    rows = [np.flatnonzero(row).tolist() for row in ink_strokes.strokes(bits, gain, 99)]
    assert rows[3] == [0, 1, 2, 3, 4, 5, 6, 7]
    assert sum(map(len, rows)) == 8


@pytest.mark.parametrize("seed", range(20))
def test_every_pixel_of_a_stroke_is_at_the_border_when_it_flips(seed):
    random = np.random.default_rng(seed)
    bits = random.random((12, 12)) < 0.5
    gain = random.normal(size=(12, 12)).astype(np.float32)
    left = ink_strokes.strokes(bits, gain, 40)
    assert 0 < left.sum() <= 40
    assert (gain[left] > 0).all()
    while left.any():  # in some order, each flips at the border
        ready = left & ink_strokes.border(bits)
        assert ready.any()
        one = np.zeros_like(left)
        one.flat[np.flatnonzero(ready)[np.argmax(gain[ready])]] = True
        bits, left = bits ^ one, left & ~one


def test_ink_grows_from_its_border_until_nothing_improves():
    target = square(8, 1, 7)
    frames = list(ink.frames(likes(target), request(flips=8), 8))
    assert (frames[-1].bits == target).all()
    assert frames[-1].step < 20
    scores = [frame.score for frame in frames]
    assert scores == sorted(scores)
    for before, after in itertools.pairwise(frames):
        assert (before.bits ^ after.bits).sum() == after.flipped <= 8


def test_a_step_may_lower_the_score_and_the_best_drawing_is_shown():
    scores = iter([0, 1, -5, -3, 4, 2, 1])
    black = []

    def network(picture):
        black.append(int((picture == 0).sum()))
        return float(next(scores)), np.full((8, 8), -1, dtype=np.float32)

    frames = list(ink.frames(network, request(steps=6), 8))
    assert black == sorted(set(black))  # each step goes on from the last one
    assert [frame.score for frame in frames] == [0, 1, 1, 1, 4, 4, 4]
    assert [int(frame.bits.sum()) for frame in frames] == [black[i] for i in (0, 1, 1, 1, 4, 4, 4)]


def test_the_number_of_flips_rises_and_falls():
    settings = request(flips=1000, steps=200)
    flips = [ink.temperature(settings, step) for step in range(200)]
    top = flips.index(max(flips))
    assert (flips[0], 20 < top < 50, flips[-1] < 25) == (50, True, True)
    assert flips[: top + 1] == sorted(flips[: top + 1])
    assert flips[top:] == sorted(flips[top:], reverse=True)


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


def test_a_file_is_a_scaled_drawing():
    bits = square(9, 2, 7)
    image = Image.open(io.BytesIO(ink_pictures.png(bits, 3)))
    assert image.size == (27, 27)
    assert (np.asarray(image)[::3, ::3] == ~bits).all()
    moving = Image.open(io.BytesIO(ink_pictures.gif([bits, ~bits], 50, loop=True, scale=2)))
    assert (moving.n_frames, moving.size) == (2, (18, 18))
    assert 'width="36" height="36" viewBox="0 0 9 9"' in ink_pictures.svg(bits, 4)
