"""Confidence: the probability that a match shows the same kind of thing as the picture asked about.

A distance alone does not say: among dogs a stranger is near, among monuments a brother is far. So
each match is described by its neighbourhood, and a logistic regression learns from pictures whose
class is known, each asked about with its class there and once more with its class taken away,
since what is asked about may be something that nothing stored is like.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
MATCHES = 10  # of each question that are learned from
FIFTH = 5  # the neighbour whose distance stands for how crowded it is
# In the order of the weights; sql/065_image_search.sql computes the same.
FEATURES = ("distance", "fifth", "density", "same_label", "agreement", "near_agreement")
WITHOUT_CLASSES = 4  # the first four: for matches whose class has no other picture
RIDGE = 1.0
HOLD = 100.0  # the same, around weights that are known already; 30 and 300 measure alike


@dataclass(frozen=True)
class Labelled:
    """Pictures whose class is known: rows belong together."""

    embeddings: Array  # (pictures, 1280), unit length
    classes: Array  # (pictures,)
    labels: Array  # (pictures,), the classifier's likeliest


@dataclass(frozen=True)
class Pairs:
    """A question and a match a row: what is known of them, and whether they are of one kind."""

    features: Array  # (pairs, 6)
    same: Array  # (pairs,), 0 or 1
    questions: Array  # (pairs,), the row of the picture asked about

    @property
    def positive(self) -> int:
        return int(self.same.sum())


@dataclass(frozen=True)
class Calibration:
    """Weights of the regressions; the first is the constant."""

    with_classes: list[float]
    without_classes: list[float]

    @classmethod
    def read(cls, told: dict[str, Any]) -> "Calibration":
        """Out of what `as_dict` gave, and of whatever was written down with it."""
        return cls(told["with_classes"], told["without_classes"])

    def confidence(self, features: Array) -> Array:
        return _sigmoid(_with_one(features) @ np.array(self.with_classes))

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def pairs(known: Labelled) -> Pairs:
    """The ten nearest of every picture, leave-one-out, with its class there and without it."""
    distances = 1 - known.embeddings @ known.embeddings.T  # (pictures, pictures)
    np.fill_diagonal(distances, np.inf)
    count = min(MATCHES, len(distances) - 1)
    if len(distances) < FIFTH + 2:
        return Pairs(np.empty((0, len(FEATURES))), np.empty(0), np.empty(0))
    own = np.argpartition(distances, FIFTH, axis=1)[:, : FIFTH + 1]
    own = np.take_along_axis(own, np.argsort(np.take_along_axis(distances, own, 1), 1), 1)
    rows, same, questions = [], [], []
    for question, kind in enumerate(known.classes):
        to = distances[question]
        strange = np.where(known.classes == kind, np.inf, to)
        for seen in (to, strange):
            nearest = np.argsort(seen, kind="stable")[:count]
            if not np.isfinite(seen[nearest]).all():
                continue
            rows.append(_describe(known, distances, own, question, nearest))
            same.append(known.classes[nearest] == kind)
            questions.append(np.full(count, question))
    if not rows:
        return Pairs(np.empty((0, len(FEATURES))), np.empty(0), np.empty(0))
    same_kind = np.concatenate(same).astype(float)
    return Pairs(np.concatenate(rows), same_kind, np.concatenate(questions))


def _describe(
    known: Labelled, distances: Array, own: Array, question: int, nearest: Array
) -> Array:
    """Features of a question's matches; the question itself is no neighbour of theirs."""
    found = distances[question, nearest]
    classes = known.classes[nearest]
    alike = classes[:, None] == classes[None, :]
    agreement = (alike.sum(1) - 1) / (len(nearest) - 1)
    first = alike[:, :FIFTH].sum(1) - (np.arange(len(nearest)) < FIFTH)
    density = []
    for match in nearest:
        others = own[match][own[match] != question]
        density.append(distances[match, others[FIFTH - 1]])
    columns = (
        found,
        np.full(len(nearest), found[FIFTH - 1]),
        density,
        known.labels[nearest] == known.labels[question],
        agreement,
        first / (FIFTH - 1),
    )
    return np.column_stack(columns).astype(float)


def fit(found: Pairs, known: Calibration | None = None) -> Calibration:
    """Both regressions, which stay near to a calibration that is known from other pictures.

    Errors: ValueError where all pairs are of one kind, or none.
    """
    if not 0 < found.positive < len(found.same):
        raise ValueError("there is nothing to tell apart")
    few = found.features[:, :WITHOUT_CLASSES]
    if known is None:
        return Calibration(logistic(found.features, found.same), logistic(few, found.same))
    return Calibration(
        logistic(found.features, found.same, known.with_classes),
        logistic(few, found.same, known.without_classes),
    )


def logistic(features: Array, same: Array, known: list[float] | None = None) -> list[float]:
    """Weights of a logistic regression by Newton's method, held to `known` ones or small."""
    mean, deviation = features.mean(0), features.std(0) + 1e-9
    inputs = _with_one((features - mean) / deviation)
    if known is None:
        centre = np.zeros(inputs.shape[1])
        ridge = np.diag([0.0] + [RIDGE] * features.shape[1])
    else:
        slopes = np.array(known[1:])
        centre = np.array([known[0] + slopes @ mean, *(slopes * deviation)])
        ridge = HOLD * np.eye(len(known))
    weights = np.zeros(inputs.shape[1])  # where Newton's steps are the safest
    for _ in range(30):
        guess = _sigmoid(inputs @ weights)
        slope = inputs.T @ (same - guess) - ridge @ (weights - centre)
        curve = (inputs * (guess * (1 - guess))[:, None]).T @ inputs + ridge
        weights += np.linalg.solve(curve, slope)
    scaled = weights[1:] / deviation
    return [float(weights[0] - scaled @ mean), *map(float, scaled)]


def held_out(
    labelled: Labelled, known: Calibration | None = None, seed: int = 0
) -> dict[str, float]:
    """How well confidence fares on classes that it was not learned from, in two halves."""
    kinds = np.unique(labelled.classes)
    half = np.isin(labelled.classes, np.random.default_rng(seed).permutation(kinds)[::2])
    found = {side: pairs(_take(labelled, half == side)) for side in (True, False)}
    measured = []
    for side in (True, False):
        try:
            calibration = fit(found[side], known)
        except ValueError:
            continue
        other = found[not side]
        if 0 < other.positive < len(other.same):
            measured.append(quality(calibration.confidence(other.features), other.same))
    if not measured:
        return {}
    return {name: round(float(np.mean([m[name] for m in measured])), 4) for name in measured[0]}


def quality(guess: Array, same: Array) -> dict[str, float]:
    """AUROC; false positives at 95 % of true ones; expected calibration error in 15 bins."""
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
    """How often one of the same kind has more than one of another; ties count for half."""
    order, positive = np.sort(guess[same == 0]), guess[same == 1]
    below, upto = (np.searchsorted(order, positive, side) for side in ("left", "right"))
    return float((below + upto).mean() / 2 / len(order))


def _take(known: Labelled, which: Array) -> Labelled:
    return Labelled(known.embeddings[which], known.classes[which], known.labels[which])


def _with_one(features: Array) -> Array:
    return np.column_stack([np.ones(len(features)), features])


def _sigmoid(values: Array) -> Array:
    made: Array = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return made
