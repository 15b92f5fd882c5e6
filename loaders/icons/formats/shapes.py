"""Shapes of icons, and the bitmaps drawn from them.

All shapes of a set are scaled by one factor, by which 95 % of them fit; larger ones are scaled
down to fit. A shape is centred by its bounding box. A pixel is ink where at least half of it is
covered. Where a stroke is thinner than a pixel, the pixels of its ridge are ink, so that no line is
lost; the corner of an area and the pole of a circle are no ridges.
"""

import os
import re
from collections.abc import Iterator
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from loaders.core.errors import Problem
from loaders.core.workers import Pool, WorkerDied
from udfs.bitmaps import bits

SQUARE = 256  # pixels a side of the design square: a font's em, an SVG's view
SIZES = (32, 8)
TASK = 200  # shapes that a process draws at once
NEARLY_ALL = 95  # per cent of a set that fit into the bitmap unscaled
SHIFTS = (0, 0.5)  # pixels from the middle; both keep symmetric shapes symmetric
KEPT = 0.9  # of the ink, from which no hairlines are lost on the design square
HALF, THIN, RIDGE = 0.5, 0.2, 0.07  # coverages of a pixel
HALF_INK = [255 * (level >= 128) for level in range(256)]  # for Image.point
EQUAL = 0.02  # difference of two coverages that counts as none
BODY = 0.75  # coverage of an area; a crest of one pixel above it is no stroke


class BadIcon(Exception):
    """An icon that cannot be used; the message gives the reason."""


class Shape(NamedTuple):
    """An icon's ink cropped to its bounding box, one bit a pixel; the em is SQUARE pixels."""

    name: str
    family: str
    width: int
    height: int
    packed: bytes
    codepoint: int | None = None
    exact: str | None = None  # bits of a picture that has the size of a bitmap


class IconBitmap(NamedTuple):
    """The bits of a shape at a size."""

    shape: Shape
    size: int
    bits: str


def shape(
    name: str, family: str, ink: Image.Image, codepoint: int | None = None, exact: str | None = None
) -> Shape:
    """A shape from a picture of ink, mode L. Errors: BadIcon where it has no ink."""
    half = ink.point(HALF_INK)
    covered = np.asarray(ink, dtype=np.float32) / 255
    if np.asarray(half).sum() < 255 * KEPT * covered.sum():  # hairlines
        half = Image.fromarray(255 * lit(covered).astype(np.uint8))
    box = half.getbbox()
    if box is None:
        raise BadIcon("it is empty")
    cropped = half.crop(box).convert("1", dither=Image.Dither.NONE)
    return Shape(name, family, *cropped.size, cropped.tobytes(), codepoint, exact)


def family_of(name: str) -> str:
    """The common name of variants: account for account-off and icons/account-outline."""
    stem = name.rpartition("/")[2]
    return re.split("[-_]", stem)[0] or stem


def bitmaps(shapes: list[Shape]) -> Iterator[IconBitmap]:
    """Yield the bitmaps of a set's shapes, at every size, drawn by a process per processor.

    Errors: Problem where such a process is killed.
    """
    if not shapes:
        return
    largest = [max(shape.width, shape.height) for shape in shapes]
    side = float(np.percentile(largest, NEARLY_ALL))
    if len(shapes) <= TASK:
        drawn: Iterator[list[list[str]]] = iter([_draw(shapes, side)])
    else:
        drawn = _draw_in_parallel(shapes, side)
    for shape, rows in zip(shapes, chain.from_iterable(drawn), strict=True):
        for size, row in zip(SIZES, rows, strict=True):
            yield IconBitmap(shape, size, row)


def _draw_in_parallel(shapes: list[Shape], side: float) -> Iterator[list[list[str]]]:
    with Pool(os.cpu_count() or 1, _start) as pool:
        tasks = (shapes[first : first + TASK] for first in range(0, len(shapes), TASK))
        futures = [pool.submit(_draw, task, side) for task in tasks]
        for future in futures:
            try:
                yield future.result()
            except WorkerDied:
                raise Problem(
                    "a process that drew bitmaps was killed: load the set again"
                ) from None


def _start() -> None:
    """Do nothing: the import of this module is enough."""


def _draw(shapes: list[Shape], side: float) -> list[list[str]]:
    """The bits of each shape at every size."""
    drawn = []
    for shape in shapes:
        image = Image.frombytes("1", (shape.width, shape.height), shape.packed)
        ink = cumulative(np.asarray(image).astype(np.float32))
        fitting = max(side, shape.width, shape.height)
        drawn.append(
            [
                shape.exact
                if shape.exact and len(shape.exact) == size * size
                else bits(bitmap(ink, fitting, size))
                for size in SIZES
            ]
        )
    return drawn


def bitmap(ink: np.ndarray, side: float, size: int) -> np.ndarray:
    """Scale `side` x `side` pixels around the middle of the ink to (size, size) of bool.

    ink: cumulative sums from `cumulative`. Of four positions, half a pixel apart, the one with the
    highest contrast is used.
    """
    best, best_score = np.empty(0), -1.0
    for down in SHIFTS:
        columns = cumulative(parts(ink, side, size, down).T)
        for right in SHIFTS:
            share = parts(columns, side, size, right).T
            share = np.round(
                share / share.max(), 4
            )  # equal up to rounding: symmetric shapes stay so
            touched = share[share > 0.02]
            # At equal contrast the middle is used, which comes first.
            score = float(np.abs(touched - 0.5).sum()) / touched.size - 0.01 * bool(down or right)
            if score > best_score:
                best, best_score = share, score
    return lit(best)


def cumulative(ink: np.ndarray) -> np.ndarray:
    """Cumulative sums of rows, (rows + 1, columns); the first row is zero."""
    sums = np.zeros((len(ink) + 1, ink.shape[1]), dtype=np.float32)
    np.cumsum(ink, axis=0, out=sums[1:])
    return sums


def parts(sums: np.ndarray, side: float, size: int, shift: float) -> np.ndarray:
    """The coverage of `size` bands of rows, which are `side` high together around the middle."""
    height, band = len(sums) - 1, side / size
    edges = height / 2 + (np.arange(size + 1) - size / 2 - shift) * band
    edges = edges.clip(0, height)
    row = np.minimum(edges.astype(int), height - 1)
    of_next = (edges - row).astype(np.float32)[:, None]
    at_edges = sums[row] * (1 - of_next) + sums[row + 1] * of_next
    shares: np.ndarray = np.diff(at_edges, axis=0) / np.float32(band)
    return shares


def lit(share: np.ndarray) -> np.ndarray:
    """The pixels that are ink, from coverages 0 to 1: half covered, or on a stroke's ridge."""
    around = np.pad(share, 2)
    height, width = share.shape

    def beside(down: int, right: int) -> Any:
        return around[2 + down : 2 + down + height, 2 + right : 2 + right + width]

    def ridge(*directions: tuple[int, int]) -> np.ndarray:
        """Pixels with more ink than both neighbours along one of the directions.

        Of two with as much ink the first is one, if the pixel behind them has less.
        """
        higher = np.zeros_like(share, dtype=bool)
        for down, right in directions:
            one, other = beside(-down, -right), beside(down, right)
            is_last = (other < share - EQUAL) | (beside(2 * down, 2 * right) < share - EQUAL)
            higher |= (
                (share > one) & (share >= other) & is_last & (share - (one + other) / 2 > RIDGE)
            )
        return higher & (share >= THIN)

    half = share >= HALF
    straight = half | ridge((0, 1), (1, 0))
    # The crest of a curve is no stroke: a circle has no nub at its poles.
    for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        ahead, row, behind = (
            [beside(step * down + side * right, step * right + side * down) for side in (-1, 0, 1)]
            for step in (-1, 0, 1)
        )
        slopes = np.minimum(row[0], row[2]) >= share / 2
        is_crest = ~half | (slopes & (np.maximum(row[0], row[2]) < HALF) & (share < BODY))
        nub = (np.minimum.reduce(behind) >= BODY) & (np.maximum.reduce(ahead) < THIN)
        straight &= ~(nub & is_crest)
    diagonal = ridge((1, 1), (1, -1)) & ~straight
    around = np.pad(np.where(straight | diagonal, 0, share), 2)
    # A convex corner is no stroke: an unlit neighbour beside it has as much ink.
    for down, right in ((0, 1), (1, 0), (0, -1), (-1, 0)):
        diagonal &= beside(down, right) < share - EQUAL
    ink: np.ndarray = straight | diagonal
    return ink
