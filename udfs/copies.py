"""Tell whether two pictures are copies: rotated, mirrored, cropped, or with a border.

Borders of one colour are cut off. Then one picture is searched for the window whose grey levels
correlate best with the other one; the perceptual hashes of the two say how alike they are. Where
the colours of their parts differ, as of a red and a blue cup, they are no copies.
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
ALIKE = 0.01  # difference of the correlations of two orientations that both are tried
CORRELATION = 0.92  # of a copy with the window that it fits best; of other pictures up to 0.87
SHARES = (0.97, 0.94, 0.91, 0.88, 0.85)  # of width and height that a window has
PLACES = (0.0, 0.5, 1.0)  # of a window in what remains
TINTED = 3.0  # mean chroma, of 128, below which a picture counts as grey
APART = 0.95  # difference of the chroma of two windows, by the stronger one; of copies up to 0.9
BORDER = 6.0  # grey levels that the pixels of a border differ at most
WIDEST = 0.2  # of the side: the widest border that is cut off


class Window(NamedTuple):
    """A part of a picture. box: left, top, right and bottom in pixels."""

    image: Image.Image
    box: tuple[float, float, float, float]

    def levels(self, side: int) -> Array:
        """Grey levels (side, side) with mean 0 and length 1."""
        small = self.image.resize((side, side), Image.Resampling.BOX, self.box)
        values: Array = np.asarray(small.convert("L"), dtype=np.float32)
        values = values - values.mean()
        values /= max(float(np.linalg.norm(values)), 1e-6)
        return values

    def tints(self) -> Array:
        """How blue and how red its parts are, (8, 8, 2), beside its mean: without a cast."""
        small = self.image.resize((8, 8), Image.Resampling.BOX, self.box).convert("YCbCr")
        tints: Array = np.array(small, dtype=np.float32)[..., 1:]
        tints -= tints.mean((0, 1))
        return tints


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
    return float(np.asarray(_small(image).convert("L"), dtype=np.float32).std()) < PLAIN


def distance(one: Image.Image, other: Image.Image) -> int | None:
    """The bits in which the hashes of two copies differ; None where they are no copies."""
    one, other = _small(one), _small(other)
    if is_plain(one) or is_plain(other):
        return None
    fixed = without_border(one)
    turned = list(orientations(without_border(other)))
    levels = _whole(fixed).levels(COARSE)
    likeness = np.array([float((levels * _whole(image).levels(COARSE)).sum()) for image in turned])
    if likeness.max() < ROUGHLY:
        return None
    order = np.argsort(-likeness)
    # Stripes look the same mirrored: then all such orientations are tried, else two.
    close = int((likeness > likeness.max() - ALIKE).sum())
    best = [_best_windows(fixed, turned[number]) for number in order[: max(close, 2)]]
    bits = [
        ((_hash(left) ^ _hash(right)) & (2**64 - 1)).bit_count()
        for correlation, left, right in best
        if correlation >= CORRELATION and not _tinted_apart(left.tints(), right.tints())
    ]
    return min(bits, default=None)


def without_border(image: Image.Image) -> Image.Image:
    """The picture without a border of one grey level on each side that has one."""
    values = np.asarray(image.convert("L"), dtype=np.float32)
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


def _tinted_apart(one: Array, other: Array) -> bool:
    """Whether two pictures have different colours, such as a red and a blue cup; grey has none."""
    strengths = float(np.abs(one).mean()), float(np.abs(other).mean())
    apart = float(np.abs(one - other).mean())
    return min(strengths) > TINTED and apart > APART * max(strengths)


def _hash(window: Window) -> int:
    return perceptual_hash(window.image.resize((SIDE, SIDE), Image.Resampling.BOX, window.box))


def _whole(image: Image.Image) -> Window:
    return Window(image, (0, 0, image.width, image.height))


def _small(image: Image.Image) -> Image.Image:
    """The picture in RGB, reduced to about 128 pixels."""
    colour = image.convert("RGB")
    return colour.reduce(max(min(colour.size) // 96, 1))
