"""A stela: signs set in columns as a scribe would, two inks on sandstone, some filled with gold."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from udfs.bitmaps import BadBitmap, alike, check_room, check_scale, generator
from udfs.png import png

GROUND = (205, 193, 167)
INKS = np.array([(25, 34, 43), (108, 68, 38)])
RULE = (25, 34, 43)
GOLD = (161, 126, 44)
SHADE = 2  # an ink's channels differ by so much from sign to sign
PADDING = 5  # around the columns, and between two of them
RULE_WIDTH = 3
MARGIN = 2  # of a column, left and right of its signs
GAP = 4  # between two signs below one another
PAIR_GAP = 1  # between two signs beside one another


class TrimmedSign(NamedTuple):
    """A sign without the empty lines and columns around it, and where it stood."""

    x: int
    ink: np.ndarray  # (height, width) of bools


class SignPosition(NamedTuple):
    """Where a sign goes: which column, and how far from that column's top and left."""

    column: int
    top: int
    left: int


def stela(
    bitmaps: Sequence[str | None] | None,
    columns: int | None = None,
    height: int | None = None,
    scale: int | None = None,
    seed: int | None = None,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """Signs from the top of the first column to the foot of the last; PNG.

    20 columns of size + 4 pixels, 15 signs high, each pixel 2 x 2, where nothing else is said.
    What does not fit is not drawn. Empty bitmaps are passed over. `checkpoint` is called for each
    sign and each row of pixels: what it raises ends the drawing.
    """
    squares = alike(bitmaps)
    size = len(squares[0])
    columns = 20 if columns is None else columns
    height = 15 * size if height is None else height
    scale = 2 if scale is None else scale
    if not 1 <= columns <= 100 or not size <= height <= 100 * size:
        raise BadBitmap(f"columns are 1 to 100, their height {size} to {100 * size} pixels")
    signs = [trimmed(square) for square in squares if square.any()]
    pitch = size + 2 * MARGIN + PADDING
    picture = np.empty((height + 2 * PADDING, columns * pitch + PADDING, 3), dtype=np.uint8)
    check_room(picture.shape[1] * scale, picture.shape[0] * scale)
    picture[:] = GROUND
    for column in range(1, columns):
        left = PADDING + column * pitch - PADDING + (PADDING - RULE_WIDTH) // 2
        picture[PADDING:-PADDING, left : left + RULE_WIDTH] = RULE
    places = arranged(signs, size, height, columns)
    for sign, place, ink in zip(signs, places, inks(len(signs), seed), strict=False):
        checkpoint()
        rows, width = sign.ink.shape
        top, left = PADDING + place.top, PADDING + place.column * pitch + MARGIN + place.left
        paint(picture[top : top + rows, left : left + width], sign.ink, ink)
    check_scale(picture, scale)
    return png(picture, scale, checkpoint=checkpoint)


def trimmed(square: np.ndarray) -> TrimmedSign:
    """The sign within its box; there is ink."""
    rows, columns = np.flatnonzero(square.any(1)), np.flatnonzero(square.any(0))
    x = int(columns[0])
    return TrimmedSign(x, square[rows[0] : rows[-1] + 1, x : columns[-1] + 1])


def arranged(
    signs: list[TrimmedSign], size: int, height: int, columns: int
) -> Iterator[SignPosition]:
    """Places of as many signs as fit, in reading order.

    A lone sign keeps its x. Two share a row where their widths come to less than size - 2: the
    pair is centred, and stands on one line.
    """
    column, top, number = 0, 0, 0
    while number < len(signs):
        row = signs[number : number + 2]
        if len(row) == 2 and not _pairs(row, size):
            del row[1]
        if top and top + _height(row[:1]) > height:
            column, top = column + 1, 0
        if column == columns:
            return
        if top + _height(row) > height:
            del row[1:]  # the second would not fit beside the first: it starts the next column
        left = row[0].x
        if len(row) == 2:
            left = (size - _width(row) - PAIR_GAP) // 2
        for sign in row:
            yield SignPosition(column, top + _height(row) - sign.ink.shape[0], left)
            left += sign.ink.shape[1] + PAIR_GAP
        top += _height(row) + GAP
        number += len(row)


def _pairs(row: list[TrimmedSign], size: int) -> bool:
    return _width(row) < size - 2


def _width(row: list[TrimmedSign]) -> int:
    return sum(int(sign.ink.shape[1]) for sign in row)


def _height(row: list[TrimmedSign]) -> int:
    return max(int(sign.ink.shape[0]) for sign in row)


def inks(n: int, seed: int | None) -> np.ndarray:
    """One of the two inks a sign, a little lighter or darker, (n, 3) levels."""
    drawn = generator(seed).random((n, 4))  # a row a sign: the first ones do not depend on n
    shades = np.floor(drawn[:, 1:] * (2 * SHADE + 1)).astype(int) - SHADE
    made: np.ndarray = INKS[(drawn[:, 0] * 2).astype(int)] + shades
    return made


def paint(part: np.ndarray, sign: np.ndarray, ink: np.ndarray) -> None:
    """The sign on its part of the picture: what is enclosed in gold, and the ink over it."""
    part[enclosed(sign)] = GOLD
    part[sign] = ink


def enclosed(sign: np.ndarray) -> np.ndarray:
    """The region around the middle of the box, where it is closed: (height, width) of bools.

    The region holds what is not ink and reached from the pixel (width // 2, height // 2) by
    steps to one of four neighbours. It is closed where it touches no side of the box.
    """
    height, width = sign.shape
    region = np.zeros_like(sign)
    waiting = [(height // 2, width // 2)] if not sign[height // 2, width // 2] else []
    while waiting:
        y, x = waiting.pop()
        if y in (0, height - 1) or x in (0, width - 1):
            return np.zeros_like(sign)
        if region[y, x]:
            continue
        region[y, x] = True
        steps = ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
        waiting += [step for step in steps if not sign[step]]
    return region
