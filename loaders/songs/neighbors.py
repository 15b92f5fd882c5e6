"""Neighbours of items: which go together in playlists, and how strongly.

Three kinds of similarity from item i to item j:

counts: the cosine between the sets of playlists of both, shrunk: item-kNN (Deshpande and Karypis
2004). A playlist has the weight 1/sqrt of its length, since a short one says more about each pair.
ease: the weight of i in the linear regression that predicts j from all other items (Steck 2019,
"Embarrassingly Shallow Autoencoders for Sparse Data", arXiv:1905.03375).
factors: what a playlist of i alone predicts for j, by alternating least squares on implicit
feedback (Hu et al. 2008, "Collaborative Filtering for Implicit Feedback Datasets").

counts+ease and counts+factors are the mean of both, each divided by its largest in the row.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from loaders.songs import factors
from loaders.songs.word2vec import Matrix

PAIRS = 30_000_000  # pairs at once: bounds the memory, about 1 GB
ALL_PAIRS = 20_000  # items: for more, only counts is tried. A matrix of their pairs has 1.6 GB
KEPT, KEPT_DENSE = 100, 200  # neighbours of an item; the others are weak
SMALLEST = 1e-4  # smaller weights are noise
Numbers = np.ndarray[Any, np.dtype[np.int32]]


@dataclass(frozen=True)
class Neighbors:
    """How neighbours are made, see above.

    strength: of counts, what is added to the denominator, which lowers the similarity of pairs
    with few playlists; of the others, the L2 penalty. kept: the most that an item has.
    """

    kind: str = "counts"
    strength: float = 1
    kept: int = KEPT


@dataclass(frozen=True)
class Row:
    """The neighbours of an item, most similar first. playlists: how many have both."""

    item: int
    neighbors: Numbers
    playlists: Numbers
    similarities: Matrix


class Membership:
    """Which items are in which playlists, as a sparse matrix; items are in the order of ids."""

    def __init__(self, playlists: Iterable[list[str]]) -> None:
        numbers: dict[str, int] = {}
        columns: list[Numbers] = []
        for playlist in playlists:
            row = {numbers.setdefault(item, len(numbers)) for item in playlist}
            columns.append(np.fromiter(row, dtype=np.int32, count=len(row)))
        self.items = sorted(numbers)
        self.number = {item: number for number, item in enumerate(self.items)}
        order = np.empty(len(numbers), dtype=np.int32)
        for item, number in numbers.items():
            order[number] = self.number[item]
        ends = np.cumsum([0, *map(len, columns)])
        indices = order[np.concatenate(columns)] if columns else np.zeros(0, dtype=np.int32)
        values = np.ones(len(indices), dtype=np.float32)
        self.matrix = sp.csr_matrix((values, indices, ends), shape=(len(columns), len(numbers)))
        self._model: tuple[Any, tuple[Matrix, ...]] = (None, ())

    @cached_property
    def by_item(self) -> Any:
        """The transposed matrix, (items, playlists)."""
        return self.matrix.T.tocsr()

    @cached_property
    def weighted(self) -> Any:
        """The matrix with each playlist's weight, (playlists, items)."""
        lengths = np.maximum(np.diff(self.matrix.indptr), 1)
        return sp.diags(1 / np.sqrt(lengths), dtype=np.float32) @ self.matrix

    @cached_property
    def popularity(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Playlists by item."""
        counts: np.ndarray[Any, np.dtype[np.int64]] = np.diff(self.by_item.indptr)
        return counts

    def rows(
        self,
        kinds: Neighbors,
        items: Numbers | None = None,
        on_items: Callable[[int], Any] = lambda count: None,
    ) -> Iterator[Row]:
        """The neighbours of these items, or of all."""
        numbers = np.arange(len(self.items), dtype=np.int32) if items is None else items
        *counts, dense = kinds.kind.split("+")
        shrink = 1.0 if counts else kinds.strength
        for chunk in self._chunks(numbers):
            playlists = (self.by_item[chunk] @ self.matrix).tocsr()
            together = (self.by_item[chunk] @ self.weighted).tocsr()
            playlists.sort_indices()
            together.sort_indices()
            scores = self._dense(dense, kinds.strength, chunk) if dense != "counts" else None
            for place, item in enumerate(chunk):
                part = slice(together.indptr[place], together.indptr[place + 1])
                others = together.indices[part]
                similarities = together.data[part] / (
                    np.sqrt(self._alone[item] * self._alone[others]) + shrink
                )
                similarities[others == item] = 0
                if scores is None:
                    yield _best(item, others, playlists.data[part], similarities, kinds.kept)
                    continue
                row = scores[place]
                row[item] = 0
                if counts:
                    row /= 2 * max(float(row.max()), SMALLEST)
                    row[others] += similarities / (2 * max(float(similarities.max()), SMALLEST))
                both = np.zeros(len(row), dtype=np.float32)
                both[others] = playlists.data[part]
                yield _best(item, np.arange(len(row), dtype=np.int32), both, row, kinds.kept)
            on_items(len(chunk))

    def _chunks(self, numbers: Numbers) -> Iterator[Numbers]:
        """Parts whose pairs fit in memory."""
        lengths = np.diff(self.matrix.indptr).astype(np.float32)
        pairs = np.cumsum((self.by_item @ lengths)[numbers])
        most = max(1, PAIRS // max(len(self.items), 1)) if len(self.items) <= ALL_PAIRS else PAIRS
        low = 0
        while low < len(numbers):
            before = pairs[low - 1] if low else 0
            high = min(low + most, int(np.searchsorted(pairs, before + PAIRS)))
            high = max(low + 1, high)
            yield numbers[low:high]
            low = high

    def _dense(self, kind: str, penalty: float, chunk: Numbers) -> Matrix:
        """Rows of ease or factors, (chunk, items); what they are made of is kept for the next."""
        if self._model[0] != (kind, penalty):
            self._model = ((kind, penalty), ())  # gives the memory back first
            matrices = (
                (ease(self, penalty),) if kind == "ease" else factors.fit(self.matrix, penalty)
            )
            self._model = ((kind, penalty), matrices)
        rows: Matrix = self._model[1][0][chunk]
        return rows if kind == "ease" else rows @ self._model[1][1].T

    @cached_property
    def _alone(self) -> Matrix:
        return np.asarray(self.weighted.sum(axis=0), dtype=np.float32).ravel()


def _best(item: Any, others: Numbers, playlists: Matrix, similarities: Matrix, kept: int) -> Row:
    """The row of the largest similarities; of equal ones, the first."""
    if len(others) > 4 * kept:
        likely = np.argpartition(-similarities, kept)[:kept]
        least = similarities[likely].min()
        likely = np.flatnonzero(similarities >= least)
    else:
        likely = np.arange(len(others))
    best = likely[np.argsort(-similarities[likely], kind="stable")][:kept]
    best = best[similarities[best] > SMALLEST]
    counts = playlists[best].astype(np.int32)
    return Row(int(item), others[best], counts, similarities[best])


def ease(members: Membership, penalty: float) -> Matrix:
    """The weights of EASE, (items, items): row i predicts the columns. Zero on the diagonal."""
    gram = (members.by_item @ members.matrix).toarray(order="F")
    gram[np.diag_indices_from(gram)] += np.float32(penalty)
    factor, _ = lapack.spotrf(gram, lower=1, overwrite_a=1)
    inverse, _ = lapack.spotri(factor, lower=1, overwrite_c=1)
    del gram, factor
    inverse = np.tril(inverse) + np.tril(inverse, -1).T
    weights: Matrix = inverse / -np.diag(inverse)
    np.fill_diagonal(weights, 0)
    return weights
