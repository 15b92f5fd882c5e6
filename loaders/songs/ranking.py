"""Metrics of playlist continuation, as in the RecSys Challenge 2018.

See Chen et al. 2018, "RecSys Challenge 2018: Automatic Music Playlist Continuation".
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

CANDIDATES = 500
GAINS = 1 / np.log2(np.arange(2, CANDIDATES + 2))
Ranks = np.ndarray[Any, np.dtype[np.int64]]


@dataclass(frozen=True)
class Quality:
    """Means over playlists. Higher is better, except for `clicks`."""

    playlists: int
    r_precision: float  # share of the h hidden tracks among the first h candidates
    ndcg: float  # over 500 candidates; 1: all hidden tracks first
    hit_rate: float  # share with a hidden track among the first ten
    clicks: float  # pages of ten before the first hidden track; 51 if there is none
    hits: float  # hidden tracks among the first ten

    def as_dict(self) -> dict[str, float]:
        """Rounded, for models.metrics."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def evaluate(pairs: Iterable[tuple[Sequence[str], set[str]]]) -> Quality:
    """Quality of (ranked candidates, hidden tracks) pairs, one a playlist."""
    return mean([measure(ranked, hidden) for ranked, hidden in pairs])


def mean(scores: Sequence[Sequence[float]] | np.ndarray[Any, np.dtype[np.float64]]) -> Quality:
    """Quality of playlists whose scores are rows of `measure_ranks`."""
    if not len(scores):
        return Quality(0, 0.0, 0.0, 0.0, 0.0, 0.0)
    return Quality(len(scores), *map(float, np.asarray(scores, dtype=float).mean(axis=0)))


def measure(ranked: Sequence[str], hidden: set[str]) -> list[float]:
    """R-precision, NDCG@500, HR@10, clicks and hits of one ranking."""
    hits = np.array([track in hidden for track in ranked[:CANDIDATES]], dtype=bool)
    ranks = np.full(len(hidden), CANDIDATES)
    places = np.flatnonzero(hits)
    ranks[: len(places)] = places
    scores: list[float] = measure_ranks(ranks[None])[0].tolist()
    return scores


def measure_ranks(ranks: Ranks) -> np.ndarray[Any, np.dtype[np.float64]]:
    """The same from the ranks of hidden tracks, from 0; (rankings, hidden) -> (rankings, 5)."""
    hidden = ranks.shape[1]
    gains = np.append(GAINS, 0.0)[np.minimum(ranks, CANDIDATES)]
    first = ranks.min(axis=1)
    hits = (ranks < 10).sum(axis=1)
    return np.stack(
        [
            (ranks < min(hidden, CANDIDATES)).sum(axis=1) / hidden,
            gains.sum(axis=1) / GAINS[:hidden].sum(),
            hits > 0,
            np.where(first < CANDIDATES, first // 10, 51),
            hits,
        ],
        axis=1,
    ).astype(float)


def hidden_count(length: int) -> int:
    """The number of last tracks to hide: a fifth of a playlist of ten or more, else 0."""
    return length // 5 if length >= 10 else 0
