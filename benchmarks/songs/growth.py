"""Neighbours of songs in playlists of the size of the Million Playlist Dataset: time and memory."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.core import processor
from benchmarks.core.report import Row
from loaders.songs import neighbors
from loaders.songs.neighbors import Membership, Neighbors

Numbers = np.ndarray[Any, np.dtype[np.int64]]
PLAYLISTS = 100_000
TRACKS, FLAT, STEEP = 4_000_000, 400, 1.4  # a track of rank r is drawn with 1 / (r + 400)^1.4
GENRES, OF_GENRE = 200, 0.6  # genres, and the share of a playlist that is of its own


def rows(quick: bool, count: int = PLAYLISTS) -> Iterator[Row]:
    """Processor time of the neighbours of all tracks, beside that of counting every pair."""
    count = 2000 if quick else count
    started = processor.of_self()
    members = Membership([str(track) for track in one.tolist()] for one in playlists(count))
    yield Row(f"{count:,} playlists read", processor.of_self() - started, "s of a processor")
    yield Row("tracks", len(members.items))
    yield Row("places", members.matrix.nnz)
    lengths = np.diff(members.matrix.indptr).astype(float)
    counted = np.minimum(neighbors.MOST_PLAYLISTS / members.popularity, 1)
    pairs = float((members.by_item @ lengths) @ counted)
    yield Row("pairs counted", pairs, "", "all", float((lengths**2).sum()))
    started = processor.of_self()
    kept = sum(len(row.neighbors) for row in members.rows(Neighbors()))
    yield Row("neighbours", kept)
    yield Row("neighbours of all tracks", processor.of_self() - started, "s of a processor")
    yield Row("memory", processor.peak_megabytes()[0], "MB")


def playlists(count: int) -> Iterator[Numbers]:
    """Playlists of 63 different tracks on the average, as popular as in the dataset."""
    dice = np.random.default_rng(0)
    for start in range(0, count, 1000):
        size = min(1000, count - start)
        lengths = np.clip(np.exp(dice.normal(np.log(66), 0.77, size)), 5, 330).astype(int)
        tracks = _ranks(dice, lengths.sum(), TRACKS, FLAT, STEEP)
        genres = np.repeat(_ranks(dice, size, GENRES, 30, 1.01), lengths)
        own = dice.random(len(tracks)) < OF_GENRE
        tracks = np.where(own, tracks - tracks % GENRES + genres, tracks)
        yield from np.split(tracks, np.cumsum(lengths)[:-1])


def _ranks(dice: np.random.Generator, count: int, most: int, flat: float, steep: float) -> Numbers:
    """Ranks below `most` with a density of 1 / (rank + flat)^steep."""
    low, high = flat ** (1 - steep), (most + flat) ** (1 - steep)
    drawn = (low + dice.random(count) * (high - low)) ** (1 / (1 - steep)) - flat
    ranks: Numbers = drawn.astype(np.int64)
    return ranks
