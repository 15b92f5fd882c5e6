"""Grids of a few pixels: their numbers, their pictures, their blocks."""

import numpy as np
import pytest

from udfs import grids
from udfs.bitmaps import bits

pytestmark = pytest.mark.unit


def test_a_grid_is_its_numbers_digits():
    assert grids.numbered(0b1000_0100_0010_0011, 4).astype(int).tolist() == [
        [1, 0, 0, 0],
        [0, 1, 0, 0],
        [0, 0, 1, 0],
        [0, 0, 1, 1],
    ]
    numbers = {bits(grids.numbered(number, 4)) for number in range(1 << 16)}
    assert len(numbers) == 1 << 16


def test_ink_is_black_on_white_and_fills_the_input():
    picture = grids.picture(grids.numbered(1 << 15, 4), 224)[0]
    assert picture.shape == (224, 224, 3)
    assert (picture[:56, :56] == 0).all()
    assert picture.sum() == 255 * 3 * (224 * 224 - 56 * 56)


def test_five_by_five_stands_in_a_border_of_paper():
    picture = grids.picture(grids.numbered((1 << 25) - 1, 5), 224)[0]
    assert (picture[32:192, 32:192] == 0).all()
    assert picture.sum() == 255 * 3 * (224 * 224 - 160 * 160)


@pytest.mark.parametrize("size", [1, 3, 4])
def test_a_small_bitmap_fills_the_picture(size):
    square = np.random.default_rng(1).random((size, size)) < 0.5
    picture = grids.picture(square, 224)[0, :, :, 0]
    middles = ((np.arange(size) + 0.5) * 224 / size).astype(int)
    assert (picture[middles][:, middles] == np.where(square, 0, 255)).all()


@pytest.mark.parametrize("size", [8, 32, 64])
def test_an_icon_has_a_margin_and_smooth_edges(size):
    square = np.random.default_rng(1).random((size, size)) < 0.5
    picture = grids.picture(square, 224)[0, :, :, 0]
    assert (picture[:27] == 255).all()
    assert (picture[:, -27:] == 255).all()
    middles = 27 + ((np.arange(size) + 0.5) * 170 / size).astype(int)
    dark = picture[middles][:, middles] < 128
    assert (dark == square).mean() > 0.97
    if size < 64:
        assert np.unique(picture).size > 50


@pytest.mark.parametrize("grid", [4, 5])
def test_a_block_is_all_grids_that_share_the_rows_in_the_middle(grid):
    rows = range(1 << grid)
    first, last = grids.numbered(grids.in_block(grid, 3, 1, 2), grid)[[0, -1]].astype(int).tolist()
    assert (first, last) == ([0] * (grid - 1) + [1], [0] * (grid - 2) + [1, 0])
    numbers = {grids.in_block(grid, block, a, b) for block in (0, 5) for a in rows for b in rows}
    assert len(numbers) == 2 * 4**grid
    assert grids.in_block(grid, grids.blocks(grid) - 1, rows[-1], rows[-1]) == 2 ** (grid**2) - 1
