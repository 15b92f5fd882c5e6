"""Neighbours of items: which stand in the same playlists, and how strongly that links them.

Two kinds of similarity from item i to item j:

counts: the cosine between the sets of playlists of both, shrunk: item-kNN (Deshpande and Karypis
2004). A playlist has the weight 1/sqrt of its length, since a short one says more about each pair.
ease: the weight of i in the linear regression that predicts j from all other items (Steck 2019,
"Embarrassingly Shallow Autoencoders for Sparse Data", arXiv:1905.03375).
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import scipy.sparse as sp
from scipy.linalg import lapack

from loaders.songs.word2vec import Matrix

PAIRS = 30_000_000  # pairs counted at once: bounds the memory, about 1 GB
EASE_ITEMS = 20_000  # for more, EASE is not tried: a matrix of their pairs has 1.6 GB
EASE_KEPT = 200  # neighbours of an item; the others are weak
SMALLEST = 1e-4  # of EASE: smaller weights are noise


@dataclass(frozen=True)
class Neighbors:
    """How neighbours are made: `kind` is counts or ease.

    strength: of counts, what is added to the denominator, which lowers the similarity of pairs
    with few playlists; of ease, the L2 penalty. kept: the most that an item has.
    """

    kind: str = "counts"
    strength: float = 1
    kept: int = 100


@dataclass(frozen=True)
class Row:
    """The neighbours of an item, most similar first. playlists: how many have both."""

    item: int
    neighbors: np.ndarray[Any, np.dtype[np.int32]]
    playlists: np.ndarray[Any, np.dtype[np.int32]]
    similarities: Matrix


class Membership:
    """Which items are in which playlists, as a sparse matrix; items are in the order of ids."""

    def __init__(self, playlists: Iterable[list[str]]) -> None:
        numbers: dict[str, int] = {}
        columns: list[np.ndarray[Any, np.dtype[np.int32]]] = []
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
        items: np.ndarray[Any, np.dtype[np.int32]] | None = None,
        on_items: Callable[[int], Any] = lambda count: None,
    ) -> Iterator[Row]:
        """The neighbours of these items, or of all."""
        numbers = np.arange(len(self.items), dtype=np.int32) if items is None else items
        weights = ease(self, kinds.strength) if kinds.kind == "ease" else None
        for chunk in self._chunks(numbers):
            playlists = (self.by_item[chunk] @ self.matrix).tocsr()
            playlists.sort_indices()
            if weights is None:
                yield from self._counted(chunk, playlists, kinds)
            else:
                yield from _regressed(chunk, playlists, weights, kinds)
            on_items(len(chunk))

    def _chunks(
        self, numbers: np.ndarray[Any, np.dtype[np.int32]]
    ) -> Iterator[np.ndarray[Any, np.dtype[np.int32]]]:
        """Parts whose pairs fit in memory."""
        lengths = np.diff(self.matrix.indptr).astype(np.float32)
        pairs = np.cumsum((self.by_item @ lengths)[numbers])
        low = 0
        while low < len(numbers):
            before = pairs[low - 1] if low else 0
            high = max(low + 1, int(np.searchsorted(pairs, before + PAIRS)))
            yield numbers[low:high]
            low = high

    def _counted(
        self, chunk: np.ndarray[Any, np.dtype[np.int32]], playlists: Any, kinds: Neighbors
    ) -> Iterator[Row]:
        together = (self.by_item[chunk] @ self.weighted).tocsr()
        together.sort_indices()
        alone = self._alone
        for place, item in enumerate(chunk):
            part = slice(together.indptr[place], together.indptr[place + 1])
            others = together.indices[part]
            similarities = together.data[part] / (
                np.sqrt(alone[item] * alone[others]) + kinds.strength
            )
            best = np.argsort(-similarities, kind="stable")[: kinds.kept + 1]
            best = best[others[best] != item][: kinds.kept]
            counts = playlists.data[part][best].astype(np.int32)
            yield Row(int(item), others[best], counts, similarities[best])

    @cached_property
    def _alone(self) -> Matrix:
        return np.asarray(self.weighted.sum(axis=0), dtype=np.float32).ravel()


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


def _regressed(
    chunk: np.ndarray[Any, np.dtype[np.int32]], playlists: Any, weights: Matrix, kinds: Neighbors
) -> Iterator[Row]:
    for place, item in enumerate(chunk):
        best = np.argsort(-weights[item], kind="stable")[: kinds.kept]
        best = best[weights[item, best] > SMALLEST].astype(np.int32)
        part = slice(playlists.indptr[place], playlists.indptr[place + 1])
        counts = np.zeros(weights.shape[1], dtype=np.int32)
        counts[playlists.indices[part]] = playlists.data[part]
        yield Row(int(item), best, counts[best], weights[item, best])
