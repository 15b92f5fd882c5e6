"""The fit of the shipped calibration to simulated databases of the sample packages' photos.

Each package is searched alone and joined with the others, in each of its labellings, and with a
half or a quarter of the classes, so that the weight of the number of pictures can be learned.
Pictures that show no thing are searched as well.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np

from loaders.images.search.confidence import Calibration, Pairs, fit
from loaders.images.search.pairs import (
    LIMITS,
    LabelledPictures,
    build_strange_pairs,
    simulate,
    simulate_one,
)  # fmt: skip

QUERIES = 100  # of a simulated database, so that all count alike
UNCUT = 3  # one with all pictures of its classes counts so often: users' databases are such
STRANGE = 10  # queries that show no thing, which are searched once: 5 % of the pairs
SHARES = (0.5, 0.5, 0.25, 0.25)  # of the classes


def fit_all(
    packages: list[list[LabelledPictures]], nothing: LabelledPictures
) -> tuple[Calibration, Pairs]:
    """A calibration and the pairs that it was fitted to.

    packages: by labelling. nothing: pictures that show no thing.
    """
    random = np.random.default_rng(0)
    alone = [one for kinds in packages for one in kinds]
    databases = alone + _join(packages)
    databases += [_part(one, share, random) for one in databases for share in SHARES]
    pairs = Pairs.join([some for one in databases for some in _simulate(one, nothing, random)])
    # Without classes the search cannot tell how general a kind is: joined, it says too little.
    without_classes = fit(Pairs.join([simulate(one) for one in alone])).without_classes
    return replace(fit(pairs), without_classes=without_classes), pairs


def _join(packages: list[list[LabelledPictures]]) -> list[LabelledPictures]:
    """The packages in one database, in all combinations of their labellings."""
    if len(packages) < 2:
        return []
    return [
        LabelledPictures(
            np.concatenate([part.embeddings for part in parts]),
            np.concatenate([part.classes for part in parts]),
            np.concatenate([part.labels for part in parts]),
        )
        for parts in product(*packages)
    ]


def _part(
    labelled: LabelledPictures, share: float, random: np.random.Generator
) -> LabelledPictures:
    """The pictures of some of the classes."""
    kinds = random.permutation(np.unique(labelled.classes))
    return labelled.select(np.isin(labelled.classes, kinds[: round(len(kinds) * share)]))


def _simulate(
    labelled: LabelledPictures, nothing: LabelledPictures, random: np.random.Generator
) -> Iterator[Pairs]:
    """Pairs of searches in databases of every size of classes, and of strange queries in them."""
    for limit in LIMITS:
        weight = 1 if limit else UNCUT
        pairs = simulate_one(labelled, limit, random, weight * QUERIES)
        if len(pairs.same):
            some = random.permutation(len(nothing.classes))[: weight * STRANGE]
            yield from (pairs, build_strange_pairs(labelled, limit, nothing.select(some)))
