"""Bitmaps: squares of black and white pixels as bits, text and PNG.

In SQL a bitmap is a `bit varying` of size x size bits, row by row from the top left, 1 = ink. SQL
passes it as a string of 0 and 1; here it is an array (size, size) of bool.
"""

import math
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from udfs import runtime
from udfs.png import png as write_png

LARGEST = 64  # pixels a side
PICTURE = 16_000_000  # pixels of a drawing
HALF_BLOCKS = np.array([" ", "▄", "▀", "█"])  # by 2 * upper + lower
# The bit of each dot in its Unicode character, 4 rows of 2.
BRAILLE = np.array([[0x01, 0x08], [0x02, 0x10], [0x04, 0x20], [0x40, 0x80]])
COLOUR = re.compile("#[0-9a-fA-F]{6}")


class BadBitmap(ValueError):
    """An invalid bitmap, token or argument of a drawing; the message is one line."""


def call(plpy: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """Call the function; a BadBitmap becomes an SQL error."""
    try:
        return function(*arguments)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))


@runtime.returns_value
def call_cancellable(plpy: Any, function: Callable[..., Any], *arguments: Any) -> Any:
    """`call` for a function with an argument `checkpoint`, by which queries can be cancelled."""
    stoppable = partial(function, checkpoint=lambda: runtime.checkpoint(plpy))
    return call(plpy, stoppable, *arguments)


def pixels(bits: str | None) -> np.ndarray:
    """The bits as a square (size, size) of bool.

    Errors: BadBitmap where they are not a square of 1 to 64 pixels a side.
    """
    if not isinstance(bits, str):  # PL/Python passes an array of arrays as lists of lists
        raise BadBitmap("a bitmap is null" if bits is None else "bitmaps come in one plain array")
    size = math.isqrt(len(bits))
    if size * size != len(bits) or not 1 <= size <= LARGEST:
        raise BadBitmap(
            f"{len(bits)} bits make no bitmap: it is a square of at most {LARGEST} x {LARGEST}"
        )
    square: np.ndarray = np.frombuffer(bits.encode(), dtype=np.uint8) == ord("1")
    return square.reshape(size, size)


def bits(square: np.ndarray) -> str:
    """The square as a string of 0 and 1."""
    text = np.where(square.ravel(), np.uint8(ord("1")), np.uint8(ord("0"))).astype(np.uint8)
    return text.tobytes().decode()


def centred(square: np.ndarray) -> np.ndarray:
    """The square with the box of its ink in the middle, or half a pixel to the right and below."""
    for axis in (0, 1):
        lines = np.flatnonzero(square.any(axis=1 - axis))
        before, after = lines[0], len(square) - 1 - lines[-1]
        square = np.roll(square, (after - before + 1) // 2, axis)
    return square


def drawable(bitmaps: Sequence[str | None] | None) -> list[np.ndarray]:
    """Squares of 1 to 1,000 bitmaps. Errors: BadBitmap for other numbers."""
    if bitmaps is None or not 1 <= len(bitmaps) <= 1000:
        raise BadBitmap(f"from 1 to 1000 bitmaps are drawn together, not {len(bitmaps or ())}")
    return [pixels(bitmap) for bitmap in bitmaps]


def alike(bitmaps: Sequence[str | None] | None) -> list[np.ndarray]:
    """`drawable` squares, all of one size. Errors: BadBitmap for several sizes."""
    squares = drawable(bitmaps)
    sizes = sorted({len(square) for square in squares})
    if len(sizes) > 1:
        raise BadBitmap(f"bitmaps of several sizes: {', '.join(map(str, sizes))}")
    return squares


def generator(seed: int | None) -> np.random.Generator:
    """A random generator from a bigint of SQL, which may be negative; null is 0."""
    return np.random.default_rng((seed or 0) % (1 << 64))


# Text ---------------------------------------------------------------------------------------


def text(bitmap: str, style: str) -> str:
    """Lines for a terminal: two rows per line in half blocks (`half`), or four in `braille`."""
    square = pixels(bitmap)
    if style == "half":
        upper, lower = np.moveaxis(_cells(square, 2, 1)[..., 0], -1, 0)  # (lines, size) each
        characters = HALF_BLOCKS[2 * upper + lower]
    elif style == "braille":
        dots = (_cells(square, 4, 2) * BRAILLE).sum((-1, -2))  # (lines, columns)
        characters = np.array(list(map(chr, range(0x2800, 0x2900))))[dots]
    else:
        raise BadBitmap(f"style is half or braille, not {style[:30]!r}")
    return "\n".join("".join(line).rstrip(" \u2800") for line in characters)


def _cells(square: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """The square in cells, (lines, columns, rows of a cell, columns of a cell)."""
    size = len(square)
    padded = np.pad(square.astype(int), ((0, -size % rows), (0, -size % columns)))
    height, width = padded.shape
    return padded.reshape(height // rows, rows, width // columns, columns).swapaxes(1, 2)


# PNG ----------------------------------------------------------------------------------------


def png(
    bitmap: str,
    scale: int,
    ink: str,
    ground: str,
    checkpoint: Callable[[], object] = lambda: None,
) -> bytes:
    """The bitmap in two colours, each pixel as scale x scale; ground 'none' is transparent.

    checkpoint: called for each row; an exception of it ends the drawing.
    """
    square = pixels(bitmap)
    clear = ground == "none"
    colours = [colour("#ffffff" if clear else ground), colour(ink)]
    check_scale(square, scale)
    return write_png(square, scale, colours, clear, checkpoint)


def colour(text: str) -> tuple[int, int, int]:
    """Red, green and blue of '#rrggbb'."""
    if not COLOUR.fullmatch(text):
        raise BadBitmap(f"a colour is written #rrggbb, not {text[:30]!r}")
    red, green, blue = bytes.fromhex(text[1:])
    return red, green, blue


def check_scale(picture: np.ndarray, scale: int) -> None:
    """Check a scale, and the size of the scaled picture. Errors: BadBitmap."""
    height, width = picture.shape[:2]
    if not 1 <= scale <= 64:
        raise BadBitmap(f"scale must be from 1 to 64, not {scale}")
    check_room(width * scale, height * scale)


def check_room(width: int, height: int) -> None:
    """Check the size of a drawing before memory is allocated. Errors: BadBitmap."""
    if width * height > PICTURE:
        raise BadBitmap(f"{width:,} x {height:,} pixels are too many: at most {PICTURE:,} in all")
