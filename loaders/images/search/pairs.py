"""Pairs of pictures whose class is known, as searches would match them.

A search is simulated in databases that hold all pictures of the classes, at most 15 or 4, two, or
one. Each query picture is searched twice: with the pictures of its class, and without them, because
a query may be similar to nothing that is stored.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np

from loaders.images.search.confidence import (
    FEATURES,
    MOST_PICTURES,
    Calibration,
    Pairs,
    fit,
    quality,
)  # fmt: skip

Array = np.ndarray[Any, np.dtype[Any]]
MATCHES = 10  # per query
FIFTH = 5  # the distance to the fifth neighbour measures the density
LIMITS = (None, 15, 4, 2, 1)  # of pictures of a class in a simulated database
QUERIES = 500  # of a simulated database
Row = tuple[Array, Array, Array, Array]  # what is in Pairs, of one query


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures whose class is known; element i of each array belongs to picture i."""

    embeddings: Array  # (pictures, 1280), unit length
    classes: Array  # (pictures,)
    labels: Array  # (pictures,), the classifier's most probable label

    def select(self, which: Array) -> "LabelledPictures":
        """The pictures where `which` is true."""
        return LabelledPictures(self.embeddings[which], self.classes[which], self.labels[which])

    @property
    def centre(self) -> Array:
        """The mean of the embeddings, (1280,)."""
        mean: Array = self.embeddings.mean(0)
        return mean


def simulate(labelled: LabelledPictures, seed: int = 0) -> Pairs:
    """Pairs of simulated searches in databases of every size of classes."""
    random = np.random.default_rng(seed)
    return Pairs.join([simulate_one(labelled, limit, random) for limit in LIMITS])


def simulate_own(labelled: LabelledPictures) -> Pairs:
    """Pairs of searches in the database as it is, whose classes keep their sizes."""
    return simulate_one(labelled, None, np.random.default_rng(0))


def simulate_one(
    labelled: LabelledPictures,
    limit: int | None,
    random: np.random.Generator,
    count: int = QUERIES,
) -> Pairs:
    """Pairs of searches in a database with at most `limit` pictures of a class.

    The queries are `count` of the other pictures; without a limit each is searched in the others.
    """
    stored, queries = _divide(labelled, limit, random)
    return build_pairs(labelled, stored, queries[:count])


def _divide(
    labelled: LabelledPictures, limit: int | None, random: np.random.Generator
) -> tuple[Array, Array]:
    """Indices of the stored pictures, in ascending order, and of the queries, in random order."""
    order = random.permutation(len(labelled.classes))
    if limit is None:
        return np.sort(order), order
    _, kinds = np.unique(labelled.classes[order], return_inverse=True)
    by_class = np.argsort(kinds, kind="stable")
    starts = np.repeat(*_runs(kinds[by_class]))
    rank = np.arange(len(order)) - starts  # its place in its class
    stored, queries = order[by_class[rank < limit]], order[by_class[rank >= limit]]
    return np.sort(stored), random.permutation(queries)


def _runs(values: Array) -> tuple[Array, Array]:
    """Start and length of each run of equal values."""
    starts = np.flatnonzero(np.r_[True, values[1:] != values[:-1]])
    return starts, np.diff(np.r_[starts, len(values)])


def build_pairs(
    labelled: LabelledPictures, stored: Array | None = None, queries: Array | None = None
) -> Pairs:
    """The 10 nearest stored pictures of each query, with those of its class and without them.

    stored, queries: indices of pictures; by default all. A query is not its own match.
    """
    everything = np.arange(len(labelled.classes))
    stored = everything if stored is None else stored
    queries = everything if queries is None else queries
    if len(stored) < FIFTH + 2:
        return _no_pairs()
    search = _Search(labelled, stored)
    rows: list[Row] = []
    for query in queries:
        others = stored != query
        for candidates in (others, others & (search.classes != labelled.classes[query])):
            count = min(MATCHES, len(stored) - 1)
            if candidates.sum() >= count:
                rows.append(search.describe(labelled, int(query), candidates, count))
    return _joined(rows)


def build_strange_pairs(
    labelled: LabelledPictures, limit: int | None, strange: LabelledPictures
) -> Pairs:
    """The 10 nearest pictures of queries that show no thing, such as noise: no pair is the same.

    limit: of stored pictures of a class.
    """
    stored, _ = _divide(labelled, limit, np.random.default_rng(0))
    if len(stored) < FIFTH + 2:
        return _no_pairs()
    search, every = _Search(labelled, stored), np.ones(len(stored), bool)
    count = min(MATCHES, len(stored) - 1)
    queries = range(len(strange.classes))
    return _joined([search.describe(strange, query, every, count) for query in queries])


def _joined(rows: list[Row]) -> Pairs:
    if not rows:
        return _no_pairs()
    return Pairs(*(np.concatenate(values) for values in zip(*rows, strict=True)))


def _no_pairs() -> Pairs:
    return Pairs(np.empty((0, len(FEATURES))), np.empty(0), np.empty(0), np.empty(0))


class _Search:
    """A simulated database."""

    def __init__(self, labelled: LabelledPictures, stored: Array) -> None:
        self.labelled, self.stored = labelled, stored
        database = labelled.select(stored)
        self.embeddings, self.classes, self.labels = (
            database.embeddings, database.classes, database.labels,
        )  # fmt: skip
        self.centre = database.centre
        _, self.kinds, self.sizes = np.unique(self.classes, return_inverse=True, return_counts=True)
        distances = 1 - self.embeddings @ self.embeddings.T
        np.fill_diagonal(distances, np.inf)
        near = np.argpartition(distances, FIFTH, axis=1)[:, : FIFTH + 1]
        lengths = np.take_along_axis(distances, near, 1)
        order = np.argsort(lengths, 1)
        self.near = np.take_along_axis(near, order, 1)  # (stored, 6), indices of neighbours
        self.lengths = np.take_along_axis(lengths, order, 1)

    def describe(
        self, pictures: LabelledPictures, query: int, candidates: Array, count: int
    ) -> Row:
        """Features (matches, 8), same (matches,), query and class sizes of a query's matches.

        pictures: those that the query is one of.
        """
        embedding, kind = pictures.embeddings[query], pictures.classes[query]
        is_own = pictures is self.labelled
        distances = np.where(candidates, 1 - self.embeddings @ embedding, np.inf)
        nearest = np.argsort(distances, kind="stable")[:count]
        to_query, classes = distances[nearest], self.classes[nearest]
        alike = classes[:, None] == classes[None, :]
        first = alike[:, :FIFTH].sum(1) - (np.arange(count) < FIFTH)
        # The query is not counted as a neighbour of its matches.
        skip = (is_own & (self.stored[self.near[nearest, :FIFTH]] == query)).any(1).astype(int)
        directions = _unit(self.embeddings[nearest] - self.centre)
        columns = (
            to_query,
            np.full(count, to_query[FIFTH - 1]),
            self.lengths[nearest, FIFTH - 1 + skip],
            self.labels[nearest] == pictures.labels[query],
            (alike.sum(1) - 1) / (count - 1),
            first / (FIFTH - 1),
            directions @ _unit((embedding - self.centre)[None])[0],
            np.full(count, np.log(min(len(self.stored), MOST_PICTURES))),
        )
        same = classes == kind
        sizes = self.sizes[self.kinds[nearest]] - (same & (is_own and query in self.stored))
        features = np.column_stack(columns).astype(float)
        return features, same.astype(float), np.full(count, query), sizes


def _unit(rows: Array) -> Array:
    scaled: Array = rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)
    return scaled


def agreement(labelled: LabelledPictures) -> float:
    """How far nearest neighbours agree in their class beyond chance: 0 by chance, 1 always.

    Classes that are no kinds of things, such as years, agree by chance. Cohen's kappa, where the
    chance is that of a random other picture.
    """
    count = len(labelled.classes)
    if count < 2:
        return 0.0
    near = labelled.embeddings @ labelled.embeddings.T
    np.fill_diagonal(near, -np.inf)
    _, kinds, sizes = np.unique(labelled.classes, return_inverse=True, return_counts=True)
    several = sizes[kinds] > 1
    if not several.any():
        return 0.0
    observed = float((kinds[near.argmax(1)] == kinds)[several].mean())
    chance = float(((sizes[kinds] - 1) / (count - 1))[several].mean())
    return (observed - chance) / (1 - chance) if chance < 1 else 0.0


def cross_validate(
    labelled: LabelledPictures, prior: Calibration | None = None, seed: int = 0
) -> dict[str, float]:
    """The quality on held-out classes: fit on each half of the classes, measure on the other."""
    kinds = np.unique(labelled.classes)
    half = np.isin(labelled.classes, np.random.default_rng(seed).permutation(kinds)[::2])
    measured = []
    for side in (True, False):
        other = build_pairs(labelled.select(half != side))
        try:
            calibration = fit(simulate_own(labelled.select(half == side)), prior)
        except ValueError:
            continue
        if 0 < other.positive < len(other.same):
            measured.append(quality(calibration.confidence(other), other.same))
    if not measured:
        return {}
    return {name: round(float(np.mean([m[name] for m in measured])), 4) for name in measured[0]}
