"""Brute force: what the classifier sees in small grids, of which there are few enough to try all.

A grid is scaled to the classifier's input by its own pixels, ink as 0 and paper as 255; it fills
the input, of which nothing is cut off. 5 x 5 grids stand in a border of paper, one pixel wide.
"""

from typing import Any

import numpy as np

from udfs import images, runtime
from udfs.bitmaps import BadBitmap, bits, pixels

GRIDS = (4, 5)
BORDERED = 5
INK, PAPER = 0.0, 255.0


def label(
    plpy: Any, cache: dict[str, Any], bitmap: str | None, n: int | None
) -> list[tuple[str, float]]:
    """The n likeliest labels of a bitmap of any size, with their probabilities.

    Errors: no classifier is live, or the bits make no bitmap.
    """
    runtime.check_n(plpy, n)
    if bitmap is None or n is None:
        return []
    try:
        square = pixels(bitmap)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    model = runtime.model(plpy, cache, "classifier")
    seen = images.look(model.interpreter, picture(square, model.config["size"]))
    best = np.argsort(-seen.probabilities, kind="stable")[:n]
    labels: list[str] = model.config["labels"]
    return [(labels[number], float(seen.probabilities[number])) for number in best]


def best(
    plpy: Any, cache: dict[str, Any], grid: int, first: int, count: int
) -> list[tuple[str, float, str]]:
    """The grid that is likeliest to be each label: label, probability, bitmap.

    Looks at `count` grids from number `first` on. Errors: numbers out of bounds, no classifier.
    """
    if grid not in GRIDS:
        runtime.fail(plpy, f"grid is 4 or 5, not {grid}")
    if first is None or count is None or not 0 <= first < first + count <= 1 << grid * grid:
        runtime.fail(plpy, f"grids have the numbers 0 to {(1 << grid * grid) - 1:,}")
    model = runtime.model(plpy, cache, "classifier")
    labels: list[str] = model.config["labels"]
    likeliest = np.zeros(len(labels), dtype=np.float32)
    numbers = np.zeros(len(labels), dtype=np.int64)
    for number in range(first, first + count):
        runtime.checkpoint(plpy)
        seen = images.look(model.interpreter, picture(numbered(number, grid), model.config["size"]))
        better = seen.probabilities > likeliest
        likeliest[better], numbers[better] = seen.probabilities[better], number
    order = np.argsort(likeliest, kind="stable")  # a few classes share a label: the best is last
    found = {
        labels[one]: (float(likeliest[one]), bits(numbered(int(numbers[one]), grid)))
        for one in order
    }
    return [(name, probability, bitmap) for name, (probability, bitmap) in found.items()]


def numbered(number: int, grid: int) -> np.ndarray:
    """The grid of that number: its binary digits row by row, the first one is the highest."""
    digits = np.arange(grid * grid - 1, -1, -1)
    square: np.ndarray = (number >> digits & 1).astype(bool).reshape(grid, grid)
    return square


def picture(square: np.ndarray, size: int) -> np.ndarray:
    """The bitmap as the network takes it, (1, size, size, 3); 5 x 5 ones with their border."""
    if len(square) == BORDERED:
        square = np.pad(square, 1)
    places = np.arange(size) * len(square) // size  # which pixel of the grid each one is in
    levels = np.where(square, INK, PAPER).astype(np.float32)[places][:, places]
    return np.broadcast_to(levels[np.newaxis, :, :, np.newaxis], (1, size, size, 3))
