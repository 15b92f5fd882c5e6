"""What continues a playlist best: rankings of every kind over one split of real playlists."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

from loaders.train.ranking import hidden_count

Array = np.ndarray[Any, Any]
Rank = Callable[[list[int]], Array]  # a playlist's visible tracks -> a score for every track


@dataclass(frozen=True)
class Split:
    """Playlists cut in two: what is learned from, and what is to be guessed."""

    visible: list[list[str]]
    hidden: list[list[str]]  # empty for playlists of fewer than ten


def read_playlists(path: Path) -> list[list[str]]:
    """Playlists of a CSV with playlist and track, in the order of their rows."""
    playlists: dict[str, list[str]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            playlists.setdefault(row["playlist_id"], []).append(row["track_id"])
    return list(playlists.values())


def split(playlists: list[list[str]]) -> Split:
    """Hide the last fifth of every playlist of ten or more."""
    cuts = [len(tracks) - hidden_count(len(tracks)) for tracks in playlists]
    return Split(
        [tracks[:cut] for tracks, cut in zip(playlists, cuts, strict=True)],
        [tracks[cut:] for tracks, cut in zip(playlists, cuts, strict=True)],
    )


@dataclass(frozen=True)
class Matrix:
    """The visible playlists as a sparse 0/1 matrix (playlists, tracks)."""

    tracks: list[str]
    rows: Any  # scipy.sparse.csr_matrix

    @property
    def number(self) -> dict[str, int]:
        return {track: number for number, track in enumerate(self.tracks)}


def matrix(playlists: list[list[str]]) -> Matrix:
    """Which track is in which playlist."""
    tracks = sorted({track for playlist in playlists for track in playlist})
    number = {track: index for index, track in enumerate(tracks)}
    places = [(p, number[t]) for p, playlist in enumerate(playlists) for t in set(playlist)]
    rows, columns = zip(*places, strict=True)
    shape = (len(playlists), len(tracks))
    return Matrix(tracks, sp.csr_matrix((np.ones(len(places)), (rows, columns)), shape=shape))


def popularity(data: Matrix) -> Rank:
    """Most playlists first."""
    counts = np.asarray(data.rows.sum(axis=0)).ravel()
    return lambda seeds: counts.copy()


def pure_svd(data: Matrix, factors: int = 64) -> Rank:
    """Cremonesi et al. 2010: the projection of the visible tracks on the largest factors."""
    _, _, items = svds(data.rows, k=factors, random_state=0)  # (64, tracks)
    return lambda seeds: items[:, seeds].sum(axis=1) @ items


def item_similarity(data: Matrix, shrink: float = 10, keep: int | None = None) -> Any:
    """Cosine between tracks' sets of playlists, shrunk; the `keep` best of each track."""
    together = (data.rows.T @ data.rows).tocsr()
    counts = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    pairs = together.tocoo()
    values = pairs.data / (np.sqrt(counts[pairs.row] * counts[pairs.col]) + shrink)
    similar = sp.csr_matrix((values, (pairs.row, pairs.col)), shape=together.shape)
    return similar if keep is None else best_of_rows(similar, keep)


def best_of_rows(similar: Any, keep: int) -> Any:
    """The `keep` largest entries of each row."""
    rows = []
    for number in range(similar.shape[0]):
        row = similar.getrow(number)
        if row.nnz > keep:
            row.data[np.argpartition(row.data, -keep)[:-keep]] = 0
        rows.append(row)
    kept = sp.vstack(rows).tocsr()
    kept.eliminate_zeros()
    return kept


def item_knn(similar: Any) -> Rank:
    """The sum of the similarities to the visible tracks."""
    return lambda seeds: np.asarray(similar[seeds].sum(axis=0)).ravel()


def between(seeds_from: Array, answers_from: Array) -> Rank:
    """The middle of the seeds' vectors against the others'; both (tracks, dimensions)."""
    return lambda seeds: answers_from @ seeds_from[seeds].mean(axis=0)


def candidates(
    data: Matrix, rank: Rank, visible: list[list[str]], hidden: list[list[str]], n: int = 500
) -> Iterator[tuple[list[str], set[str]]]:
    """The n best tracks that are not visible, for every playlist with something hidden."""
    number = data.number
    for seen, goal in zip(visible, hidden, strict=True):
        if not goal:
            continue
        seeds = sorted({number[track] for track in seen})
        scores = rank(seeds)
        scores[seeds] = -np.inf
        best = np.argpartition(-scores, n)[:n] if len(scores) > n else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        yield [data.tracks[index] for index in best], set(goal)
