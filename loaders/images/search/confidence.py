"""Confidence: the probability that a match shows the same kind of thing as the query picture.

Distances are not comparable between classes: pictures of different breeds of dogs are close, views
of the same monument are far apart. So each match is described by features of its neighbourhood, and
a logistic regression is fitted to pictures whose class is known. Each picture is queried twice:
with the other pictures of its class, and without them, because a query may be similar to nothing
that is stored.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
MATCHES = 10  # per query
FIFTH = 5  # the distance to the fifth neighbour measures the density
# In the order of the weights; sql/065_image_search.sql computes the same.
FEATURES = ("distance", "fifth", "density", "same_label", "agreement", "near_agreement")
WITHOUT_CLASSES = 4  # the first four features: for matches that are alone in their class
RIDGE = 1.0  # L2 penalty without a prior
PRIOR_RIDGE = 100.0  # L2 penalty of the difference from a prior; 30 and 300 measure alike


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures whose class is known; element i of each array belongs to picture i."""

    embeddings: Array  # (pictures, 1280), unit length
    classes: Array  # (pictures,)
    labels: Array  # (pictures,), the classifier's most probable label


@dataclass(frozen=True)
class Pairs:
    """Pairs of a query and a match; element i of each array belongs to pair i."""

    features: Array  # (pairs, 6)
    same: Array  # (pairs,), 1 where both have the same class, else 0
    queries: Array  # (pairs,), index of the query picture

    @property
    def positive(self) -> int:
        return int(self.same.sum())


@dataclass(frozen=True)
class Calibration:
    """Weights of the two regressions; the first weight is the intercept."""

    with_classes: list[float]
    without_classes: list[float]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Calibration":
        """The inverse of `as_dict`; further keys are ignored."""
        return cls(values["with_classes"], values["without_classes"])

    def confidence(self, features: Array) -> Array:
        """Probabilities (pairs,) of features (pairs, 6)."""
        return _sigmoid(_with_intercept(features) @ np.array(self.with_classes))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def build_pairs(labelled: LabelledPictures) -> Pairs:
    """The 10 nearest pictures of each one, leave-one-out, with its class and without it."""
    classes = labelled.classes
    distances = 1 - labelled.embeddings @ labelled.embeddings.T  # (pictures, pictures)
    np.fill_diagonal(distances, np.inf)
    count = min(MATCHES, len(distances) - 1)
    if len(distances) < FIFTH + 2:
        return _no_pairs()
    own = np.argpartition(distances, FIFTH, axis=1)[:, : FIFTH + 1]
    own = np.take_along_axis(own, np.argsort(np.take_along_axis(distances, own, 1), 1), 1)
    rows, same, queries = [], [], []
    for query, kind in enumerate(classes):
        of_all = distances[query]
        of_other_classes = np.where(classes == kind, np.inf, of_all)
        for candidates in (of_all, of_other_classes):
            nearest = np.argsort(candidates, kind="stable")[:count]
            if not np.isfinite(candidates[nearest]).all():
                continue
            rows.append(_describe(labelled, distances, own, query, nearest))
            same.append(classes[nearest] == kind)
            queries.append(np.full(count, query))
    if not rows:
        return _no_pairs()
    same_kind = np.concatenate(same).astype(float)
    return Pairs(np.concatenate(rows), same_kind, np.concatenate(queries))


def _no_pairs() -> Pairs:
    return Pairs(np.empty((0, len(FEATURES))), np.empty(0), np.empty(0))


def _describe(
    labelled: LabelledPictures, distances: Array, own: Array, query: int, nearest: Array
) -> Array:
    """Features (matches, 6) of a query's matches; the query is not counted as a neighbour."""
    to_query = distances[query, nearest]
    classes = labelled.classes[nearest]
    alike = classes[:, None] == classes[None, :]
    agreement = (alike.sum(1) - 1) / (len(nearest) - 1)
    first = alike[:, :FIFTH].sum(1) - (np.arange(len(nearest)) < FIFTH)
    density = []
    for match in nearest:
        others = own[match][own[match] != query]
        density.append(distances[match, others[FIFTH - 1]])
    columns = (
        to_query,
        np.full(len(nearest), to_query[FIFTH - 1]),
        density,
        labelled.labels[nearest] == labelled.labels[query],
        agreement,
        first / (FIFTH - 1),
    )
    return np.column_stack(columns).astype(float)


def fit(pairs: Pairs, prior: Calibration | None = None) -> Calibration:
    """Fit both regressions, regularized towards `prior` where there is one.

    Errors: ValueError where all pairs have the same outcome, or there are none.
    """
    if not 0 < pairs.positive < len(pairs.same):
        raise ValueError("all pairs have the same outcome")
    few = pairs.features[:, :WITHOUT_CLASSES]
    if prior is None:
        return Calibration(logistic(pairs.features, pairs.same), logistic(few, pairs.same))
    return Calibration(
        logistic(pairs.features, pairs.same, prior.with_classes),
        logistic(few, pairs.same, prior.without_classes),
    )


def logistic(features: Array, same: Array, prior: list[float] | None = None) -> list[float]:
    """Fit a ridge logistic regression by Newton's method; the penalty is centred on `prior`.

    features: (pairs, features). same: (pairs,), 0 or 1. Returns the intercept and the weights.
    """
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    inputs = _with_intercept((features - mean) / deviation)
    if prior is None:
        centre = np.zeros(inputs.shape[1])
        ridge = np.diag([0.0] + [RIDGE] * features.shape[1])
    else:
        slopes = np.array(prior[1:])
        centre = np.array([prior[0] + slopes @ mean, *(slopes * deviation)])
        ridge = PRIOR_RIDGE * np.eye(len(prior))
    weights = np.zeros(inputs.shape[1])  # from zero Newton's method converges most reliably
    for _ in range(30):
        guess = _sigmoid(inputs @ weights)
        slope = inputs.T @ (same - guess) - ridge @ (weights - centre)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(curve, slope)
    scaled = weights[1:] / deviation
    return [float(weights[0] - scaled @ mean), *map(float, scaled)]


def cross_validate(
    labelled: LabelledPictures, prior: Calibration | None = None, seed: int = 0
) -> dict[str, float]:
    """The quality on held-out classes: fit on each half of the classes, measure on the other."""
    kinds = np.unique(labelled.classes)
    half = np.isin(labelled.classes, np.random.default_rng(seed).permutation(kinds)[::2])
    splits = {side: build_pairs(_select(labelled, half == side)) for side in (True, False)}
    measured = []
    for side in (True, False):
        try:
            calibration = fit(splits[side], prior)
        except ValueError:
            continue
        other = splits[not side]
        if 0 < other.positive < len(other.same):
            measured.append(quality(calibration.confidence(other.features), other.same))
    if not measured:
        return {}
    return {name: round(float(np.mean([m[name] for m in measured])), 4) for name in measured[0]}


def quality(guess: Array, same: Array) -> dict[str, float]:
    """AUROC, false-positive rate at 95 % recall, and expected calibration error in 15 bins."""
    bins = np.minimum((guess * 15).astype(int), 14)
    gaps = [
        abs(guess[bins == number].mean() - same[bins == number].mean()) * (bins == number).mean()
        for number in np.unique(bins)
    ]
    return {
        "auroc": auroc(guess, same),
        "fpr95": float((guess[same == 0] >= np.quantile(guess[same == 1], 0.05)).mean()),
        "ece": float(sum(gaps)),
    }


def auroc(guess: Array, same: Array) -> float:
    """The probability that a positive pair scores higher than a negative one; ties count half."""
    order, positive = np.sort(guess[same == 0]), guess[same == 1]
    below, upto = (np.searchsorted(order, positive, side) for side in ("left", "right"))
    return float((below + upto).mean() / 2 / len(order))


def _select(labelled: LabelledPictures, which: Array) -> LabelledPictures:
    return LabelledPictures(
        labelled.embeddings[which], labelled.classes[which], labelled.labels[which]
    )


def _with_intercept(features: Array) -> Array:
    return np.column_stack([np.ones(len(features)), features])


def _sigmoid(values: Array) -> Array:
    probabilities: Array = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return probabilities
