"""Tell whether two pictures are copies: rotated, mirrored, cropped, or with a border.

Borders of one colour are cut off. Then one picture is searched for the window whose grey levels
correlate best with the other one; the perceptual hashes of the two say how alike they are. Where
the colours of their parts differ, as of a red and a blue cup, they are no copies.

The windows of a turned picture are its turned windows. So each picture is reduced to its windows
once, and an orientation is a permutation of their pixels.
"""

import itertools
from collections.abc import Iterator
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
from PIL import Image

from udfs.pictures import TURNS, perceptual_hash

Array = np.ndarray[Any, np.dtype[np.float32]]
SIDE = 32
PATCHES = 8  # of a side, whose colours are compared
COARSE = 16  # pixels of the search for the window
PLAIN = 4.0  # standard deviation of the grey levels below which a picture is plain
ROUGHLY = 0.4  # correlation of the whole pictures below which no window is searched
ALIKE = 0.01  # difference of the correlations of two orientations that both are tried
CORRELATION = 0.92  # of a copy with the window that it fits best; of other pictures up to 0.87
SHARES = (0.97, 0.94, 0.91, 0.88, 0.85)  # of width and height that a window has
PLACES = (0.0, 0.5, 1.0)  # of a window in what remains
# Share, and place from the top and from the left; the first window is the whole picture.
WINDOWS = ((1.0, 0.0, 0.0), *itertools.product(SHARES, PLACES, PLACES))
WHOLE = (((1.0, 0.0),),)  # one side of windows in groups, as in _means
PARTS = tuple(tuple((share, place) for place in PLACES) for share in SHARES)
TINTED = 3.0  # mean chroma, of 128, below which a picture counts as grey
APART = 0.95  # difference of the chroma of two windows, by the stronger one; of copies up to 0.9
BORDER = 6.0  # grey levels that the pixels of a border differ at most
WIDEST = 0.2  # of the side: the widest border that is cut off


class Windows:
    """A picture without its border, and its windows. image: RGB, about 128 pixels."""

    def __init__(self, image: Image.Image) -> None:
        self.image, self._grey = image, _grey(image)
        height, width = self._grey.shape
        rows: Array = _means(height, WHOLE)[0] @ self._grey
        small: Array = rows @ _means(width, WHOLE)[0].T
        self.overview = _unit(small.reshape(1, -1))[0]
        """Grey levels of the whole picture, (256,), with mean 0 and length 1."""

    @cached_property
    def levels(self) -> Array:
        """Grey levels of all windows, (46, 256), each with mean 0 and length 1."""
        height, width = self._grey.shape
        rows: Array = _means(height, PARTS) @ self._grey  # (5, 3 * 16, width)
        parts: Array = rows @ _means(width, PARTS).transpose(0, 2, 1)  # (5, 3 * 16, 3 * 16)
        split = parts.reshape(len(SHARES), len(PLACES), COARSE, len(PLACES), COARSE)
        cut = split.transpose(0, 1, 3, 2, 4).reshape(-1, COARSE**2)
        return np.concatenate([self.overview[np.newaxis], _unit(cut)])

    def cut(self, number: int, turn: int, side: int) -> Image.Image:
        """A window in one of the eight orientations, (side, side)."""
        share, y, x = WINDOWS[number]
        width, height = self.image.size
        left, top = (1 - share) * width * x, (1 - share) * height * y
        box = left, top, left + share * width, top + share * height
        return orientations(self.image.resize((side, side), Image.Resampling.BOX, box))[turn]


def hashes(image: Image.Image) -> list[int]:
    """The perceptual hashes of a picture, its three rotations and their mirror images.

    A picture with a border also has those of the picture without it.
    """
    grey = image.convert("L")
    inner = without_border(grey)
    pictures = [grey] if inner.size == grey.size else [grey, inner]
    small = [one.resize((SIDE, SIDE), Image.Resampling.LANCZOS) for one in pictures]
    return [perceptual_hash(turned) for one in small for turned in orientations(one)]


def orientations(image: Image.Image) -> list[Image.Image]:
    """The picture in its eight orientations; as it is first."""
    return [image, *(image.transpose(turn) for turn in TURNS.values())]


def is_plain(image: Image.Image) -> bool:
    """Whether a picture has one colour, so that nothing tells it from others of one colour."""
    return float(_grey(_small(image)).std()) < PLAIN


def distance(one: Image.Image, other: Image.Image) -> int | None:
    """The bits in which the hashes of two copies differ; None where they are no copies."""
    return compare(windows(one), windows(other))


def windows(image: Image.Image) -> Windows | None:
    """The windows of a picture; None where it is plain."""
    small = _small(image)
    return None if _grey(small).std() < PLAIN else Windows(without_border(small))


def compare(one: Windows | None, other: Windows | None) -> int | None:
    """`distance` of two pictures by their windows."""
    if one is None or other is None:
        return None
    likeness = other.overview[TURNED] @ one.overview  # (8,)
    if likeness.max() < ROUGHLY:
        return None
    order = np.argsort(-likeness)
    # Stripes look the same mirrored: then all such orientations are tried, else two.
    close = int((likeness > likeness.max() - ALIKE).sum())
    turns = order[: max(close, 2)].tolist()
    return min((bits for turn in turns for bits in _bits(one, other, turn)), default=None)


def without_border(image: Image.Image) -> Image.Image:
    """The picture without a border of one grey level on each side that has one."""
    values = _grey(image)
    height, width = values.shape
    top, bottom = _border(values), _border(values[::-1])
    left, right = _border(values.T), _border(values.T[::-1])
    return image.crop((left, top, width - right, height - bottom))


def _border(rows: Array) -> int:
    """How many of the first rows have the level of the first row."""
    widest = int(len(rows) * WIDEST)
    part = rows[:widest]
    level = float(np.median(part[:1]))
    if (np.abs(part[:1] - level) <= BORDER).mean() <= 0.98:  # as of most pictures
        return 0
    plain = (np.abs(part - level) <= BORDER).mean(1) > 0.98
    count = widest if plain.all() else int(plain.argmin())
    return count + 1 if 0 < count < widest else count  # and the row that is half border


def _bits(one: Windows, other: Windows, turn: int) -> Iterator[int]:
    """The bits in which the hashes differ where the other picture is turned; none of no copies.

    Each whole picture is compared with the window of the other one that it fits best.
    """
    ours = one.levels @ other.overview[TURNED[turn]]  # (46,)
    theirs = other.levels @ one.overview[TURNED_BACK[turn]]
    pairs = (ours.max(), int(ours.argmax()), 0), (theirs.max(), 0, int(theirs.argmax()))
    for correlation, left, right in pairs:
        if correlation < CORRELATION:
            continue
        if _tinted_apart(one.cut(left, 0, PATCHES), other.cut(right, turn, PATCHES)):
            continue
        left_hash = perceptual_hash(one.cut(left, 0, SIDE))
        right_hash = perceptual_hash(other.cut(right, turn, SIDE))
        yield ((left_hash ^ right_hash) & (2**64 - 1)).bit_count()


def _unit(levels: Array) -> Array:
    """Rows of grey levels with mean 0 and length 1."""
    levels = levels - levels.mean(1, keepdims=True)
    levels /= np.maximum(np.linalg.norm(levels, axis=1, keepdims=True), 1e-6)
    return levels


@lru_cache(32)  # 100 kB each
def _means(side: int, windows: tuple[tuple[tuple[float, float], ...], ...]) -> Array:
    """Matrices that reduce a row of pixels to the means of 16 equal parts of windows.

    windows: share and place in groups. Shape: (groups, windows of a group * 16, side).
    """
    share, place = np.moveaxis(np.array(windows), 2, 0)[..., np.newaxis, np.newaxis]
    step = share * side / COARSE
    start = (1 - share) * side * place + step * np.arange(COARSE)[:, np.newaxis]
    pixel = np.arange(side)
    inside = np.minimum(start + step, pixel + 1) - np.maximum(start, pixel)
    means: Array = (np.maximum(inside, 0) / step).astype(np.float32)
    return means.reshape(len(windows), -1, side)


def _tinted_apart(one: Image.Image, other: Image.Image) -> bool:
    """Whether two pictures have different colours, such as a red and a blue cup; grey has none."""
    left, right = _tints(one), _tints(other)
    strengths = float(np.abs(left).mean()), float(np.abs(right).mean())
    apart = float(np.abs(left - right).mean())
    return min(strengths) > TINTED and apart > APART * max(strengths)


def _tints(image: Image.Image) -> Array:
    """How blue and how red the pixels are, (8, 8, 2), beside their mean: without a cast."""
    tints: Array = np.array(image.convert("YCbCr"), dtype=np.float32)[..., 1:]
    tints -= tints.mean((0, 1))
    return tints


def _grey(image: Image.Image) -> Array:
    return np.asarray(image.convert("L"), dtype=np.float32)


def _small(image: Image.Image) -> Image.Image:
    """The picture in RGB, reduced to about 128 pixels."""
    colour = image.convert("RGB")
    return colour.reduce(max(min(colour.size) // 96, 1))


# The pixels (256,) of a window in each of the eight orientations, by their places in the upright
# one, and the reverse.
TURNED = np.stack(
    [
        np.asarray(one).reshape(-1)
        for one in orientations(
            Image.fromarray(np.arange(COARSE**2, dtype=np.uint8).reshape(COARSE, COARSE))
        )
    ]
)
TURNED_BACK = np.argsort(TURNED, axis=1)
