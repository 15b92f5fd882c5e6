"""Icons to learn from: bitmaps with captions, and their split into parts."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from udfs import captions

VALIDATION, TEST = 0.1, 0.1  # shares of the families
SMALLEST = 6  # lines, from which ink may be stretched by one
NEAR = 60 / 1024  # share of differing pixels up to which two bitmaps count as one icon


@dataclass(frozen=True)
class Examples:
    """Bitmaps (n, size, size) of bool, and their captions (n, captions.LENGTH)."""

    bitmaps: np.ndarray
    captions: np.ndarray
    mirrored: np.ndarray  # captions of the mirrored bitmaps

    @classmethod
    def of(cls, bitmaps: np.ndarray) -> "Examples":
        """Bitmaps without captions."""
        none = np.zeros((len(bitmaps), captions.LENGTH), dtype=np.int32)
        return cls(bitmaps, none, none)

    def __len__(self) -> int:
        return len(self.bitmaps)

    def take(self, which: Any) -> "Examples":
        """Some of them, by a slice or by numbers."""
        return Examples(self.bitmaps[which], self.captions[which], self.mirrored[which])

    def without_captions(self) -> "Examples":
        """The same bitmaps."""
        return Examples.of(self.bitmaps)

    def with_and_without_captions(self) -> "Examples":
        """All, and then all of them without captions."""
        none = np.zeros_like(self.captions)
        return Examples(
            np.concatenate([self.bitmaps, self.bitmaps]),
            np.concatenate([self.captions, none]),
            np.concatenate([self.mirrored, none]),
        )

    def with_mirrored(self) -> "Examples":
        """All, and then all of them mirrored."""
        return Examples(
            np.concatenate([self.bitmaps, self.bitmaps[:, :, ::-1]]),
            np.concatenate([self.captions, self.mirrored]),
            np.concatenate([self.mirrored, self.captions]),
        )

    def with_stretched(self, copies: int, seed: int) -> "Examples":
        """All, and then copies of all of them, each `stretched` at random."""
        random = np.random.default_rng(seed)
        bitmaps = [self.bitmaps, *(stretched(self.bitmaps, random) for _ in range(copies))]
        return Examples(
            np.concatenate(bitmaps),
            np.concatenate([self.captions] * len(bitmaps)),
            np.concatenate([self.mirrored] * len(bitmaps)),
        )


@dataclass(frozen=True)
class Parts:
    """The splits: to fit, for early stopping, and to measure. left_out: near duplicates."""

    train: Examples
    validation: Examples
    test: Examples
    left_out: int = 0


class Numbers(NamedTuple):
    """The split as numbers of the icons."""

    train: np.ndarray
    validation: np.ndarray
    test: np.ndarray
    left_out: np.ndarray


def stretched(bitmaps: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Bitmaps (n, size, size) whose ink is a line higher or lower, and a column wider or narrower.

    What is repeated or left out, if anything, is chosen at random.
    """
    high = [_stretched(square, random) for square in bitmaps]
    return np.stack([_stretched(square.T, random).T for square in high])


def _stretched(square: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """A line more or less between the first and the last one with ink, or the square itself."""
    lines = np.flatnonzero(square.any(axis=1))
    change = random.integers(-1, 2)
    if change == 0 or not len(lines) or lines[-1] - lines[0] < SMALLEST:
        return square
    above, below = lines[0], len(square) - 1 - lines[-1]
    line = random.integers(lines[0] + 1, lines[-1])
    if change < 0:
        paper = 0 if above < below else len(square) - 1
        return np.insert(np.delete(square, line, 0), paper, False, 0)
    if above + below == 0:
        return square
    return np.delete(np.insert(square, line, square[line], 0), 0 if above > below else -1, 0)


def split(icons: Examples, families: Sequence[str], seed: int = 0) -> Parts:
    """Split icons by a hash of their family: the split of a family never changes.

    Icons that look as one that is held out are not trained on: sets are copied from each other.
    """
    numbers = split_numbers(icons.bitmaps, families, seed)
    return Parts(
        icons.take(numbers.train),
        icons.take(numbers.validation),
        icons.take(numbers.test),
        len(numbers.left_out),
    )


def split_numbers(bitmaps: np.ndarray, families: Sequence[str], seed: int = 0) -> Numbers:
    """`split` by the numbers of the icons."""
    place = np.array([_place(family, seed) for family in families])
    held_out = place < VALIDATION + TEST
    train = np.flatnonzero(~held_out)
    apart = distances(bitmaps[train], bitmaps[held_out])
    new = apart > NEAR * bitmaps[0].size
    return Numbers(
        train[new],
        np.flatnonzero(held_out & (place >= TEST)),
        np.flatnonzero(place < TEST),
        train[~new],
    )


def distances(bitmaps: np.ndarray, others: np.ndarray) -> np.ndarray:
    """How many pixels of each bitmap differ from the nearest of the others, (n)."""
    if not len(others):
        return np.full(len(bitmaps), np.inf)
    one, other = (part.reshape(len(part), -1).astype(np.float32) for part in (bitmaps, others))
    nearest = [
        (other.sum(1) - 2 * part @ other.T).min(1) + part.sum(1)
        for part in np.array_split(one, len(one) // 1000 + 1)
    ]
    return np.concatenate(nearest)


def _place(family: str, seed: int) -> float:
    return int.from_bytes(hashlib.sha256(f"{seed} {family}".encode()).digest()[:4], "big") / 2**32
