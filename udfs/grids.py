"""Search all small grids for the likeliest grid of every label of the classifier.

A grid is scaled to the classifier's input by nearest pixels, ink as 0 and paper as 255, and fills
the input. 5 x 5 grids get a border of paper one pixel wide.
"""

from typing import Any

import numpy as np
from PIL import Image

from udfs import images, runtime
from udfs.bitmaps import BadBitmap, bits, pixels

GRIDS = (4, 5)
BORDERED = 5
MARGIN = 0.12  # of the side, around larger bitmaps
INK, PAPER = 0.0, 255.0
EARLY, LATE = "grids_early", "grids_late"  # models: the two halves of the classifier
HALVES = """
    select count(*) as halves from muse.deployments join muse.models using (name, model_id)
    where name in ('grids_early', 'grids_late')
      and (config ->> 'classifier')::bigint = muse.live_model('classifier')
"""


def label(
    plpy: Any, cache: dict[str, Any], bitmap: str | None, n: int | None
) -> list[tuple[str, float]]:
    """The n likeliest labels of a bitmap of any size, with their probabilities.

    SQL errors: no classifier is live, or the bits are not a bitmap.
    """
    runtime.check_n(plpy, n)
    if bitmap is None or n is None:
        return []
    try:
        square = pixels(bitmap)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    model = runtime.model(plpy, cache, "classifier")
    prediction = images.predict(model.interpreter, picture(square, model.config["size"]))
    best = np.argsort(-prediction.probabilities, kind="stable")[:n]
    labels: list[str] = model.config["labels"]
    return [(labels[number], float(prediction.probabilities[number])) for number in best]


def best(plpy: Any, cache: dict[str, Any], grid: int, block: int) -> list[tuple[str, float, str]]:
    """The likeliest grid of a block for each label, as (label, probability, bitmap).

    A block is all grids with the same rows between the first and the last; the digits of these rows
    are its number. The upper half of the features of the early network does not depend on the last
    row, nor the lower half on the first: the early network runs on 2 * 2 ** grid pictures, and only
    the late network on all 4 ** grid grids of a block.

    SQL errors: no such block, no classifier, or the halves are those of another classifier.
    """
    if grid not in GRIDS:
        runtime.fail(plpy, f"grid is 4 or 5, not {grid}")
    if block is None or not 0 <= block < blocks(grid):
        runtime.fail(plpy, f"blocks have the numbers 0 to {blocks(grid) - 1:,}")
    early, late = _halves(plpy, cache)
    rows = range(1 << grid)
    first_rows = [numbered(in_block(grid, block, row, 0), grid) for row in rows]
    last_rows = [numbered(in_block(grid, block, 0, row), grid) for row in rows]
    uppers, lowers = (
        [_features(plpy, early, one) for one in some] for some in (first_rows, last_rows)
    )
    labels: list[str] = late.config["labels"]
    likeliest = np.zeros(len(labels), dtype=np.float32)
    numbers = np.zeros(len(labels), dtype=np.int64)
    for first, upper in enumerate(uppers):
        for last, lower in enumerate(lowers):
            runtime.checkpoint(plpy)
            probabilities = runtime.run(late, joined(upper, lower))[0][0]
            better = probabilities > likeliest
            likeliest[better] = probabilities[better]
            numbers[better] = in_block(grid, block, first, last)
    order = np.argsort(likeliest, kind="stable")  # some classes share a label: the best one is last
    best_by_label = {
        labels[one]: (float(likeliest[one]), bits(numbered(int(numbers[one]), grid)))
        for one in order
    }
    return [(name, probability, bitmap) for name, (probability, bitmap) in best_by_label.items()]


def blocks(grid: int) -> int:
    """The number of blocks, of 4 ** grid grids each."""
    return 1 << grid * (grid - 2)


def in_block(grid: int, block: int, first: int, last: int) -> int:
    """The number of a grid of the block, from the digits of its first and last rows."""
    return first << grid * (grid - 1) | block << grid | last


def joined(upper: np.ndarray, lower: np.ndarray) -> np.ndarray:
    """Features (1, rows, columns, channels): the upper half of one, the lower half of the other."""
    middle = upper.shape[1] // 2
    return np.concatenate([upper[:, :middle], lower[:, middle:]], axis=1)


def numbered(number: int, grid: int) -> np.ndarray:
    """The grid of a number: its binary digits row by row, the highest first."""
    digits = np.arange(grid * grid - 1, -1, -1)
    square: np.ndarray = (number >> digits & 1).astype(bool).reshape(grid, grid)
    return square


def picture(square: np.ndarray, size: int) -> np.ndarray:
    """The bitmap as input of the classifier, (1, size, size, 3); 5 x 5 grids with a border.

    Larger bitmaps get a margin and smooth edges, as the icons of photos and posters have.
    """
    if len(square) > BORDERED:
        return _smooth(square, size)
    if len(square) == BORDERED:
        square = np.pad(square, 1)
    places = np.arange(size) * len(square) // size  # the grid pixel of each input pixel
    levels = np.where(square, INK, PAPER).astype(np.float32)[places][:, places]
    return np.broadcast_to(levels[np.newaxis, :, :, np.newaxis], (1, size, size, 3))


def _smooth(square: np.ndarray, size: int) -> np.ndarray:
    margin = round(MARGIN * size)
    inner = Image.fromarray(np.where(square, INK, PAPER).astype(np.uint8))
    inner = inner.resize((size - 2 * margin,) * 2, Image.Resampling.BICUBIC)
    levels = np.full((size, size), PAPER, dtype=np.float32)
    levels[margin : size - margin, margin : size - margin] = np.asarray(inner)
    return np.broadcast_to(levels[np.newaxis, :, :, np.newaxis], (1, size, size, 3))


def _halves(plpy: Any, cache: dict[str, Any]) -> tuple[runtime.Model, runtime.Model]:
    if plpy.execute(HALVES)[0]["halves"] != 2:
        runtime.fail(
            plpy, "the classifier is not split for grids", "run: ./pgmuse draw grid4", "55000"
        )
    return runtime.model(plpy, cache, EARLY), runtime.model(plpy, cache, LATE)


def _features(plpy: Any, early: runtime.Model, square: np.ndarray) -> np.ndarray:
    runtime.checkpoint(plpy)
    features: np.ndarray = runtime.run(early, picture(square, early.config["size"]))[0]
    return features
