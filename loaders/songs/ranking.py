"""Metrics of playlist continuation, as in the RecSys Challenge 2018.

See Chen et al. 2018, "RecSys Challenge 2018: Automatic Music Playlist Continuation".
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

import numpy as np

CANDIDATES = 500


@dataclass(frozen=True)
class Quality:
    """Means over playlists. Higher is better, except for `clicks`."""

    playlists: int
    r_precision: float  # share of the h hidden tracks among the first h candidates
    ndcg: float  # over 500 candidates; 1: all hidden tracks first
    hit_rate: float  # share with a hidden track among the first ten
    clicks: float  # pages of ten before the first hidden track; 51 if there is none

    def as_dict(self) -> dict[str, float]:
        """Rounded, for models.metrics."""
        return {name: round(value, 4) for name, value in asdict(self).items()}


def evaluate(pairs: Iterable[tuple[Sequence[str], set[str]]]) -> Quality:
    """Quality of (ranked candidates, hidden tracks) pairs, one a playlist."""
    scores = np.array([measure(ranked, hidden) for ranked, hidden in pairs], dtype=float)
    if not len(scores):
        return Quality(0, 0.0, 0.0, 0.0, 0.0)
    return Quality(len(scores), *map(float, scores.mean(axis=0)))


def measure(ranked: Sequence[str], hidden: set[str]) -> tuple[float, float, float, float]:
    """R-precision, NDCG@500, HR@10 and clicks of one ranking."""
    hits = np.array([track in hidden for track in ranked[:CANDIDATES]], dtype=bool)
    places = np.flatnonzero(hits)
    gains = 1 / np.log2(np.arange(2, CANDIDATES + 2))
    return (
        float(hits[: len(hidden)].sum() / len(hidden)),
        float(gains[places].sum() / gains[: len(hidden)].sum()),
        float(hits[:10].any()),
        float(places[0] // 10 if len(places) else 51),
    )


def hidden_count(length: int) -> int:
    """The number of last tracks to hide: a fifth of a playlist of ten or more, else 0."""
    return length // 5 if length >= 10 else 0
