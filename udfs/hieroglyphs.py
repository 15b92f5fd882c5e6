"""Stela: signs in columns, in two inks on sandstone, with enclosed areas in gold."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from udfs.bitmaps import BadBitmap, alike, check_room, check_scale, generator
from udfs.png import png

GROUND = (205, 193, 167)
INKS = np.array([(25, 34, 43), (108, 68, 38)])
RULE = (25, 34, 43)
GOLD = (161, 126, 44)
SHADE = 2  # largest random change of an ink's channels per sign
PADDING = 5  # around and between the columns
RULE_WIDTH = 3
MARGIN = 2  # of a column, left and right of its signs
GAP = 4  # between signs in a column
PAIR_GAP = 1  # between two signs in a row


class TrimmedSign(NamedTuple):
    """A sign cropped to its ink, and its x in the bitmap."""

    x: int
    ink: np.ndarray  # (height, width) of bools


class SignPosition(NamedTuple):
    """The position of a sign: column, and pixels from its top and left."""

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
    """Draw signs from the top of the first column to the bottom of the last; PNG.

    Defaults: 20 columns of size + 4 pixels, height 15 * size pixels, scale 2. Signs that do not
    fit are left out; empty bitmaps are skipped. checkpoint: called for each sign and each row of
    pixels; an exception of it ends the drawing. Errors: BadBitmap.
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
    """The sign cropped to its bounding box; it must have ink."""
    rows, columns = np.flatnonzero(square.any(1)), np.flatnonzero(square.any(0))
    x = int(columns[0])
    return TrimmedSign(x, square[rows[0] : rows[-1] + 1, x : columns[-1] + 1])


def arranged(
    signs: list[TrimmedSign], size: int, height: int, columns: int
) -> Iterator[SignPosition]:
    """Positions of as many signs as fit, in reading order.

    A sign alone in its row keeps its x. Two signs share a row where the sum of their widths is less
    than size - 2; the pair is centred, and aligned at the bottom.
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
            del row[1:]  # a higher second sign does not fit: it starts the next column
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
    """One of the two inks per sign, slightly lighter or darker, (n, 3) levels."""
    drawn = generator(seed).random((n, 4))  # a row per sign: the first ones do not depend on n
    shades = np.floor(drawn[:, 1:] * (2 * SHADE + 1)).astype(int) - SHADE
    levels: np.ndarray = INKS[(drawn[:, 0] * 2).astype(int)] + shades
    return levels


def paint(part: np.ndarray, sign: np.ndarray, ink: np.ndarray) -> None:
    """Draw a sign on its part of the picture: the enclosed area in gold, then the ink."""
    part[enclosed(sign)] = GOLD
    part[sign] = ink


def enclosed(sign: np.ndarray) -> np.ndarray:
    """The enclosed area around the middle of the box, (height, width) of bool; else all False.

    A flood fill from the pixel (height // 2, width // 2) over non-ink pixels and their four
    neighbours. The area is enclosed if it touches no side of the box.
    """
    height, width = sign.shape
    region = np.zeros_like(sign)
    stack = [(height // 2, width // 2)] if not sign[height // 2, width // 2] else []
    while stack:
        y, x = stack.pop()
        if y in (0, height - 1) or x in (0, width - 1):
            return np.zeros_like(sign)
        if region[y, x]:
            continue
        region[y, x] = True
        steps = ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1))
        stack += [step for step in steps if not sign[step]]
    return region
