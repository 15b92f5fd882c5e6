"""Tell whether two pictures are copies: rotated, mirrored, cropped, or with a border.

Borders of one colour are cut off. Then one picture is searched for the window that correlates best
with the other one; the perceptual hashes of the two say how alike they are.
"""

import itertools
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from udfs.pictures import TURNS, perceptual_hash

Array = np.ndarray[Any, np.dtype[np.float32]]
SIDE = 32
COARSE = 16  # pixels of the search for the window
PLAIN = 4.0  # standard deviation of the grey levels below which a picture is plain
ROUGHLY = 0.4  # correlation of the whole pictures below which no window is searched
CORRELATION = 0.92  # of a copy with the window that it fits best; of other pictures up to 0.87
SHARES = (0.97, 0.94, 0.91, 0.88, 0.85)  # of width and height that a window has
PLACES = (0.0, 0.5, 1.0)  # of a window in what remains
BORDER = 6.0  # grey levels that the pixels of a border differ at most
WIDEST = 0.2  # of the side: the widest border that is cut off


class Window(NamedTuple):
    """A part of a picture. box: left, top, right and bottom in pixels."""

    image: Image.Image
    box: tuple[float, float, float, float]

    def levels(self, side: int) -> Array:
        """Grey levels (side, side) with mean 0 and length 1."""
        small = self.image.resize((side, side), Image.Resampling.BOX, self.box)
        values: Array = np.asarray(small, dtype=np.float32)
        values = values - values.mean()
        values /= max(float(np.linalg.norm(values)), 1e-6)
        return values


def hashes(image: Image.Image) -> list[int]:
    """The perceptual hashes of a picture, its three rotations and their mirror images.

    A picture with a border also has those of the picture without it.
    """
    grey = image.convert("L")
    inner = without_border(grey)
    pictures = [grey] if inner.size == grey.size else [grey, inner]
    return [perceptual_hash(turned) for one in pictures for turned in orientations(one)]


def orientations(image: Image.Image) -> Iterator[Image.Image]:
    """The picture in its eight orientations; as it is first."""
    yield image
    for turn in TURNS.values():
        yield image.transpose(turn)


def is_plain(image: Image.Image) -> bool:
    """Whether a picture has one colour, so that nothing tells it from others of one colour."""
    return float(np.asarray(_grey(image), dtype=np.float32).std()) < PLAIN


def distance(one: Image.Image, other: Image.Image) -> int | None:
    """The bits in which the hashes of two copies differ; None where they are no copies."""
    one, other = _grey(one), _grey(other)
    if is_plain(one) or is_plain(other):
        return None
    fixed = without_border(one)
    turned = list(orientations(without_border(other)))
    levels = _whole(fixed).levels(COARSE)
    likeness = np.array([float((levels * _whole(image).levels(COARSE)).sum()) for image in turned])
    if likeness.max() < ROUGHLY:
        return None
    best = [_best_windows(fixed, turned[number]) for number in np.argsort(likeness)[:-3:-1]]
    correlation, left, right = max(best, key=lambda pair: pair[0])
    if correlation < CORRELATION:
        return None
    return ((_hash(left) ^ _hash(right)) & (2**64 - 1)).bit_count()


def without_border(image: Image.Image) -> Image.Image:
    """The picture without a border of one grey level on each side that has one."""
    values = np.asarray(image, dtype=np.float32)
    height, width = values.shape
    top, bottom = _border(values), _border(values[::-1])
    left, right = _border(values.T), _border(values.T[::-1])
    return image.crop((left, top, width - right, height - bottom))


def _border(rows: Array) -> int:
    """How many of the first rows have the level of the first row."""
    widest = int(len(rows) * WIDEST)
    part = rows[:widest]
    level = float(np.median(part[:1]))
    plain = (np.abs(part - level) <= BORDER).mean(1) > 0.98
    count = widest if plain.all() else int(plain.argmin())
    return count + 1 if 0 < count < widest else count  # and the row that is half border


def _best_windows(one: Image.Image, other: Image.Image) -> tuple[float, Window, Window]:
    """The correlation of the windows of two pictures that are most alike; one of them is whole."""
    pairs = []
    for image, larger in ((one, other), (other, one)):
        complete = _whole(image)
        levels = complete.levels(COARSE)
        for window in _windows(larger):
            pairs.append((float((levels * window.levels(COARSE)).sum()), complete, window))
    return max(pairs, key=lambda pair: pair[0])


def _windows(image: Image.Image) -> Iterator[Window]:
    yield _whole(image)
    for share, x, y in itertools.product(SHARES, PLACES, PLACES):
        left, top = (1 - share) * image.width * x, (1 - share) * image.height * y
        yield Window(image, (left, top, left + share * image.width, top + share * image.height))


def _hash(window: Window) -> int:
    return perceptual_hash(window.image.resize((SIDE, SIDE), Image.Resampling.BOX, window.box))


def _whole(image: Image.Image) -> Window:
    return Window(image, (0, 0, image.width, image.height))


def _grey(image: Image.Image) -> Image.Image:
    """The grey levels of a picture, reduced to about 128 pixels."""
    grey = image.convert("L")
    return grey.reduce(max(min(grey.size) // 96, 1))
