"""Neighbours of items: which go together in playlists, and how strongly.

Three kinds of similarity from item i to item j:

counts: the cosine between the sets of playlists of both, shrunk: item-kNN (Deshpande and Karypis
2004). A playlist has the weight 1/sqrt of its length, since a short one says more about each pair.
ease: the weight of i in the linear regression that predicts j from all other items (Steck 2019,
"Embarrassingly Shallow Autoencoders for Sparse Data", arXiv:1905.03375).
factors: what a playlist of i alone predicts for j, by alternating least squares on implicit
feedback (Hu et al. 2008, "Collaborative Filtering for Implicit Feedback Datasets").

counts+ease and counts+factors are the mean of both, each divided by its largest in the row.

The pairs of a playlist grow with the square of its length. So of the playlists of an item at most
1,000 are counted, evenly spaced, each for several. Fewer items a playlist would cost quality: most
items are in few playlists.
"""

from array import array
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
KEPT_PER_PLAYLIST = 20  # of an item with few playlists, by counts: those of one are much alike
MOST_PLAYLISTS = 1000  # of an item that are counted
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
    """The neighbours of an item, most similar first.

    playlists: how many have both; an estimate where the item is in more than 1,000.
    """

    item: int
    neighbors: Numbers
    playlists: Numbers
    similarities: Matrix


class Membership:
    """Which items are in which playlists, as a sparse matrix; items are in the order of ids."""

    def __init__(self, playlists: Iterable[list[str]]) -> None:
        numbers: dict[str, int] = {}
        columns, ends = array("i"), array("q", [0])
        for playlist in playlists:
            columns.extend({numbers.setdefault(item, len(numbers)) for item in playlist})
            ends.append(len(columns))
        self.items = sorted(numbers)
        self.number = {item: number for number, item in enumerate(self.items)}
        order = np.empty(len(numbers), dtype=np.int32)
        for item, number in numbers.items():
            order[number] = self.number[item]
        indices = order[np.frombuffer(columns, dtype=np.int32)]
        values = np.ones(len(indices), dtype=np.float32)
        shape = (len(ends) - 1, len(numbers))
        self.matrix = sp.csr_matrix((values, indices, np.array(ends)), shape=shape)
        self._model: tuple[Any, tuple[Matrix, ...]] = (None, ())

    @cached_property
    def by_item(self) -> Any:
        """The transposed matrix, (items, playlists)."""
        return self.matrix.T.tocsr()

    @cached_property
    def weighted(self) -> Any:
        """Each playlist's weight + 1j, (playlists, items): one product sums weights and counts."""
        lengths = np.diff(self.matrix.indptr)
        values = np.repeat((1 / np.sqrt(np.maximum(lengths, 1)) + 1j).astype(np.complex64), lengths)
        parts = (values, self.matrix.indices, self.matrix.indptr)
        return sp.csr_matrix(parts, shape=self.matrix.shape)

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
            together = (self._playlists_of(chunk) @ self.weighted).tocsr()
            scores = self._dense(dense, kinds.strength, chunk) if dense != "counts" else None
            for place, item in enumerate(chunk):
                part = slice(together.indptr[place], together.indptr[place + 1])
                others, sums = together.indices[part], together.data[part]
                similarities = sums.real / (
                    np.sqrt(self._alone[item] * self._alone[others]) + shrink
                )
                similarities[others == item] = 0
                if scores is None:
                    kept = min(kinds.kept, KEPT_PER_PLAYLIST * int(self.popularity[item]))
                    yield _best(item, others, sums.imag, similarities, kept)
                    continue
                row = scores[place]
                row[item] = 0
                if counts:
                    row /= 2 * max(float(row.max()), SMALLEST)
                    row[others] += similarities / (2 * max(float(similarities.max()), SMALLEST))
                both = np.zeros(len(row), dtype=np.float32)
                both[others] = sums.imag
                yield _best(item, np.arange(len(row), dtype=np.int32), both, row, kinds.kept)
            on_items(len(chunk))

    def _chunks(self, numbers: Numbers) -> Iterator[Numbers]:
        """Parts whose pairs fit in memory."""
        lengths = np.diff(self.matrix.indptr).astype(np.float32)
        counted = np.minimum(MOST_PLAYLISTS / np.maximum(self.popularity, 1), 1)
        pairs = np.cumsum((self.by_item @ lengths * counted)[numbers])
        most = max(1, PAIRS // max(len(self.items), 1)) if len(self.items) <= ALL_PAIRS else PAIRS
        low = 0
        while low < len(numbers):
            before = pairs[low - 1] if low else 0
            high = min(low + most, int(np.searchsorted(pairs, before + PAIRS)))
            high = max(low + 1, high)
            yield numbers[low:high]
            low = high

    def _playlists_of(self, items: Numbers) -> Any:
        """The playlists of these items, (items, playlists), with how many each counts for."""
        rows = self.by_item[items]
        counts = np.diff(rows.indptr)
        if counts.max(initial=0) <= MOST_PLAYLISTS:
            return rows
        step = np.repeat(np.maximum(counts / MOST_PLAYLISTS, 1), counts)
        place = np.arange(rows.nnz) - np.repeat(rows.indptr[:-1], counts)
        counted = place // step > (place - 1) // step  # one a step; the playlists' order is random
        starts = np.append(0, np.cumsum(counted))[rows.indptr]
        values = np.repeat(counts / np.maximum(np.diff(starts), 1), counts)[counted]
        parts = (values.astype(np.float32), rows.indices[counted], starts)
        return sp.csr_matrix(parts, shape=rows.shape)

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
        return np.asarray(self.weighted.sum(axis=0).real, dtype=np.float32).ravel()


def _best(item: Any, others: Numbers, playlists: Matrix, similarities: Matrix, kept: int) -> Row:
    """The row of the largest similarities; of equal ones, the first."""
    if len(others) > 4 * kept:
        likely = np.argpartition(-similarities, kept)[:kept]
        least = similarities[likely].min()
        likely = np.flatnonzero(similarities >= least)
    else:
        likely = np.arange(len(others))
    best = likely[np.lexsort((others[likely], -similarities[likely]))][:kept]
    best = best[similarities[best] > SMALLEST]
    counts = np.rint(playlists[best]).astype(np.int32)
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
