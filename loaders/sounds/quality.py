"""How well vectors tell what sounds alike: the share of songs whose nearest is by the same artist.

Artists are not used to make the vectors, so that all songs are held out.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from udfs.sound_patches import Array

CHUNK = 1000  # rows of the matrix of similarities


class NearestArtists(NamedTuple):
    """hits: for each song whether its nearest is by the same artist. chance: for each song."""

    hits: Array
    chance: Array

    @property
    def share(self) -> float:
        return float(self.hits.mean())

    @property
    def by_chance(self) -> float:
        return float(self.chance.mean())

    @property
    def beats_chance(self) -> bool:
        """Whether the share is above chance by two standard errors."""
        error = np.sqrt((self.chance * (1 - self.chance)).sum()) / len(self.hits)
        return bool(self.share > self.by_chance + 2 * error)

    def as_dict(self) -> dict[str, float]:
        return {
            "same_artist": round(self.share, 4),
            "by_chance": round(self.by_chance, 4),
            "songs": len(self.hits),
        }


def measure(embeddings: Array, artists: Sequence[str]) -> NearestArtists | None:
    """The quality of vectors, which are centred here; None where all are by one artist."""
    names, numbers, sizes = np.unique(artists, return_inverse=True, return_counts=True)
    if len(names) < 2:
        return None
    vectors = centred(embeddings)
    nearest = np.empty(len(vectors), dtype=int)
    for start in range(0, len(vectors), CHUNK):
        likeness = vectors[start : start + CHUNK] @ vectors.T
        likeness[np.arange(len(likeness)), start + np.arange(len(likeness))] = -np.inf
        nearest[start : start + CHUNK] = likeness.argmax(axis=1)
    chance = (sizes[numbers] - 1) / (len(vectors) - 1)
    return NearestArtists(numbers[nearest] == numbers, chance)


def centred(embeddings: Array) -> Array:
    """Embeddings minus their mean, of unit length. Uncentred, a few are near to all others."""
    apart = embeddings - embeddings.mean(axis=0)
    return np.asarray(apart / np.maximum(np.linalg.norm(apart, axis=1, keepdims=True), 1e-12))
