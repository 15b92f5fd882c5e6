"""Rankings that song_radio is compared with.

They have its advantages: playlists and seeds are weighted as ours are, and their settings are
chosen on held-out ends of the visible parts, as a training chooses ours.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.sparse.linalg import svds

Array = np.ndarray[Any, np.dtype[Any]]
Seeds = list[int]
Rank = Callable[[Seeds], Array]  # a playlist's visible tracks, in order -> a score for every track
EXPONENTS = (0, 0.5, 1, 2, 4)


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


def item_similarity(data: Matrix, shrink: float = 10, weighted: bool = False) -> Any:
    """Cosine between tracks' sets of playlists, shrunk; weighted: playlists by 1/sqrt(length)."""
    lengths = np.asarray(data.rows.sum(axis=1)).ravel()
    by_playlist = sp.diags(1 / np.sqrt(lengths) if weighted else np.ones(len(lengths)))
    together = (data.rows.T @ (by_playlist @ data.rows)).tocsr()
    counts = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    pairs = together.tocoo()
    values = pairs.data / (np.sqrt(counts[pairs.row] * counts[pairs.col]) + shrink)
    return sp.csr_matrix((values, (pairs.row, pairs.col)), shape=together.shape)


def linear(similar: Any, exponent: float = 0) -> Rank:
    """The sum of the similarities to the visible tracks, later ones with more weight."""
    return lambda seeds: np.asarray(weights(seeds, exponent) @ similar[seeds]).ravel()


def ease(data: Matrix, penalty: float) -> Array:
    """Steck 2019: a linear regression of each track on all others, without a cut."""
    gram = (data.rows.T @ data.rows).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += penalty
    inverse = np.linalg.inv(gram)
    by_track = inverse / -np.diag(inverse)
    np.fill_diagonal(by_track, 0)
    return np.asarray(by_track)


def als(data: Matrix, factors: int = 64, penalty: float = 10, alpha: float = 10) -> Rank:
    """Hu et al. 2008: implicit feedback, alternating least squares; new playlists are folded in."""
    random = np.random.default_rng(0)
    lists, tracks = (random.normal(0, 0.01, (size, factors)) for size in data.rows.shape)
    by_list, by_track = data.rows.tocsr(), data.rows.T.tocsr()

    def solve(base: Array, rows: Array) -> Array:
        weighted = base + alpha * rows.T @ rows
        return np.asarray(np.linalg.solve(weighted, (1 + alpha) * rows.sum(axis=0)))

    def half(sparse: Any, fixed: Array, free: Array) -> None:
        base = fixed.T @ fixed + penalty * np.eye(factors)
        for number, (low, high) in enumerate(pairwise(sparse.indptr)):
            free[number] = solve(base, fixed[sparse.indices[low:high]])

    for _ in range(8):
        half(by_list, tracks, lists)
        half(by_track, lists, tracks)
    base = tracks.T @ tracks + penalty * np.eye(factors)
    return lambda seeds: tracks @ solve(base, tracks[seeds])


def weights(seeds: Seeds, exponent: float) -> Array:
    """1/(places from the end + 1)^exponent, as song_radio has them."""
    return np.arange(len(seeds) + 1, 1, -1.0) ** -exponent


def between(seeds_from: Array, answers_from: Array) -> Rank:
    """The middle of the seeds' vectors against the others'; both (tracks, dimensions)."""
    return lambda seeds: answers_from @ seeds_from[seeds].mean(axis=0)


def strong_peers(data: Matrix) -> dict[str, Callable[[], Iterator[Rank]]]:
    """By method, the rankings with every setting, one after another: some need much memory."""

    def linear_ones(similar: Any) -> Iterator[Rank]:
        yield from (linear(similar, exponent) for exponent in EXPONENTS)

    def knn() -> Iterator[Rank]:
        for shrink in (1, 3, 10):
            yield from linear_ones(item_similarity(data, shrink, weighted=True))

    def regressed() -> Iterator[Rank]:
        for penalty in (10, 100, 300):
            yield from linear_ones(ease(data, penalty))

    def factored() -> Iterator[Rank]:
        for penalty, alpha in ((10, 10), (30, 10), (100, 10), (10, 40)):
            yield als(data, 64, penalty, alpha)

    methods = {"item-kNN": knn, "ALS 64": factored}
    return methods | ({"EASE": regressed} if len(data.tracks) <= 20_000 else {})
