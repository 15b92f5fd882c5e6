"""Shapes as they come, large and grey at their edges, and the bitmaps that are made of them.

All of a set is scaled alike: what is larger than nearly all others alone is made to fit. A shape
is centred by its box. A pixel is lit where half of it is ink; where a stroke is thinner than a
pixel, the pixels it runs through are lit, so that no line is lost.
"""

import re
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from udfs.bitmaps import bits

SQUARE = 256  # pixels of the square that an icon is designed in: a font's em, an SVG's view
SIZES = (32, 8)
NEARLY_ALL = 95  # per cent of a set that fill the bitmap at most
SHIFTS = (0, 0.5)  # pixels from the middle; what is symmetric stays so
HALF, THIN, RIDGE = 0.5, 0.2, 0.07  # shares of a pixel


class BadIcon(Exception):
    """A shape that cannot be used: why."""


class Shape(NamedTuple):
    """An icon's ink without the room around it, one bit a pixel, where the em is SQUARE pixels."""

    name: str
    family: str
    width: int
    height: int
    packed: bytes
    codepoint: int | None = None
    exact: str | None = None  # bits of a picture that has the size of a bitmap already


class IconBitmap(NamedTuple):
    """A shape's bitmap at a size."""

    shape: Shape
    size: int
    bits: str


def shape(
    name: str, family: str, ink: Image.Image, codepoint: int | None = None, exact: str | None = None
) -> Shape:
    """A shape from a picture whose levels say how much ink there is. Errors: BadIcon for none."""
    box = ink.point(lambda level: 255 * (level >= 128)).getbbox()
    if box is None:
        raise BadIcon("it is empty")
    cropped = ink.crop(box).convert("1", dither=Image.Dither.NONE)
    return Shape(name, family, *cropped.size, cropped.tobytes(), codepoint, exact)


def family_of(name: str) -> str:
    """What an icon's variants have in common: account of account-off and icons/account-outline."""
    stem = name.rpartition("/")[2]
    return re.split("[-_]", stem)[0] or stem


def bitmaps(shapes: list[Shape]) -> Iterator[IconBitmap]:
    """The bitmaps of a set's shapes, at every size."""
    if not shapes:
        return
    largest = [max(shape.width, shape.height) for shape in shapes]
    side = float(np.percentile(largest, NEARLY_ALL))
    for shape in shapes:
        image = Image.frombytes("1", (shape.width, shape.height), shape.packed)
        ink = so_far(np.asarray(image).astype(np.float32))
        for size in SIZES:
            if shape.exact and len(shape.exact) == size * size:
                yield IconBitmap(shape, size, shape.exact)
            else:
                fitting = max(side, shape.width, shape.height)
                yield IconBitmap(shape, size, bits(bitmap(ink, fitting, size)))


def bitmap(ink: np.ndarray, side: float, size: int) -> np.ndarray:
    """The square of bools, (size, size), that stands for `side` x `side` pixels around the ink.

    `ink` is added up from the top. Of four places, half a pixel apart, that one is taken where
    the pixels are most black or white.
    """
    best, best_score = np.empty(0), -1.0
    for down in SHIFTS:
        columns = so_far(parts(ink, side, size, down).T)
        for right in SHIFTS:
            share = parts(columns, side, size, right).T
            share = np.round(share / share.max(), 4)  # what is symmetric stays so
            touched = share[share > 0.02]
            # A tie goes to the middle, which comes first.
            score = float(np.abs(touched - 0.5).sum()) / touched.size - 0.01 * bool(down or right)
            if score > best_score:
                best, best_score = share, score
    return lit(best)


def so_far(ink: np.ndarray) -> np.ndarray:
    """Rows added up from the top: one more than there are, the first of nothing."""
    added = np.zeros((len(ink) + 1, ink.shape[1]), dtype=np.float32)
    np.cumsum(ink, axis=0, out=added[1:])
    return added


def parts(added: np.ndarray, side: float, size: int, shift: float) -> np.ndarray:
    """The ink of `size` bands around the middle, `side` high together, as shares of a band."""
    height, band = len(added) - 1, side / size
    edges = height / 2 + (np.arange(size + 1) - size / 2 - shift) * band
    edges = edges.clip(0, height)
    row = np.minimum(edges.astype(int), height - 1)
    of_next = (edges - row).astype(np.float32)[:, None]
    at_edges = added[row] * (1 - of_next) + added[row + 1] * of_next
    shares: np.ndarray = np.diff(at_edges, axis=0) / np.float32(band)
    return shares


def lit(share: np.ndarray) -> np.ndarray:
    """Which pixels are ink, by the share of each, up to 1: half of it, or a stroke's ridge."""
    around = np.pad(share, 1)
    size = len(share)

    def beside(down: int, right: int) -> Any:
        return around[1 + down : 1 + down + size, 1 + right : 1 + right + size]

    ridge = np.zeros_like(share, dtype=bool)
    for down, right in ((0, 1), (1, 0), (1, 1), (1, -1)):
        one, other = beside(-down, -right), beside(down, right)
        ridge |= (share > one) & (share >= other) & (share - (one + other) / 2 > RIDGE)
    ink: np.ndarray = (share >= HALF) | ((share >= THIN) & ridge)
    return ink
