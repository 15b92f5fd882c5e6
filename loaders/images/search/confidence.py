"""Confidence: the probability that a match shows the same kind of thing as the query picture.

Distances are not comparable between classes: pictures of different breeds of dogs are close, views
of the same monument are far apart. So each match is described by features of its neighbourhood, and
logistic regressions are fitted to pictures whose class is known: one for each situation, because
the agreement of the neighbours says more the more pictures a class has.
"""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]
# In the order of the weights; sql/065_image_search.sql computes the same, and makes copies sure.
FEATURES = (
    "distance", "fifth", "density", "same_label", "agreement", "near_agreement", "centred",
    "pictures",
)  # fmt: skip
MOST_PICTURES = 1000  # above it the number of pictures changes nothing; no data set here has more
OF_CLASSES = ("agreement", "near_agreement")
# The features of matches that are alone in their class.
WITHOUT_CLASSES = [number for number, name in enumerate(FEATURES) if name not in OF_CLASSES]
EVERY = list(range(len(FEATURES)))
# Where the search knows no classes; the number of pictures lowers the AUROC there.
NO_CLASSES = [number for number in WITHOUT_CLASSES if FEATURES[number] != "pictures"]
OF_FEW = ("one_picture", "two_pictures")
RIDGE = 30.0  # L2 penalty without a prior; with 1, classes of one or two measure worse
CONSTANT = 1e-6  # standard deviation below which a feature says nothing
PRIOR_RIDGE = 100.0  # L2 penalty of the difference from a prior; 30 and 300 measure alike


@dataclass(frozen=True)
class Pairs:
    """Pairs of a query and a match; element i of each array belongs to pair i."""

    features: Array  # (pairs, 8)
    same: Array  # (pairs,), 1 where both have the same class, else 0
    queries: Array  # (pairs,), index of the query picture
    sizes: Array  # (pairs,), stored pictures of the match's class

    @property
    def positive(self) -> int:
        return int(self.same.sum())

    def select(self, which: Array) -> "Pairs":
        """The pairs where `which` is true."""
        arrays = (self.features, self.same, self.queries, self.sizes)
        return Pairs(*(values[which] for values in arrays))

    @classmethod
    def join(cls, parts: "list[Pairs]") -> "Pairs":
        """All pairs of the parts."""
        return cls(
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.same for part in parts]),
            np.concatenate([part.queries for part in parts]),
            np.concatenate([part.sizes for part in parts]),
        )


@dataclass(frozen=True)
class Calibration:
    """Weights of the regressions by situation; the first weight is the intercept.

    A match with a class uses the weights for the number of stored pictures of that class: one, two,
    or more. Features of classes have the weight 0 where a match has none or is alone in its class.
    """

    without_classes: list[float]
    one_picture: list[float]
    two_pictures: list[float]
    with_classes: list[float]

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Calibration":
        """The inverse of `as_dict`; further keys are ignored."""
        return cls(**{name: values[name] for name in cls.__dataclass_fields__})

    def confidence(self, pairs: Pairs, *, has_classes: bool = True) -> Array:
        """Probabilities (pairs,). has_classes: False where the search does not know the classes."""
        inputs = _with_intercept(pairs.features)
        few, one, two, many = (
            _sigmoid(inputs @ np.array(weights)) for weights in self.as_dict().values()
        )
        if not has_classes:
            return few
        return np.select([pairs.sizes <= 1, pairs.sizes == 2], [one, two], many)

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def fit(pairs: Pairs, prior: Calibration | None = None) -> Calibration:
    """Fit the regressions, regularized towards `prior` where there is one.

    With a prior, classes of one and two pictures keep its weights: in a database as it is, whether
    a match is alone in its class tells whether the query was taken out of that class. Another
    situation without pairs of either outcome keeps them too. Errors: ValueError where there is no
    prior.
    """
    everything = np.ones(len(pairs.same), bool)
    situations = {
        "without_classes": (everything, NO_CLASSES),
        "one_picture": (pairs.sizes == 1, WITHOUT_CLASSES),
        "two_pictures": (pairs.sizes == 2, EVERY),
        "with_classes": (pairs.sizes > 2, EVERY),
    }
    weights = {}
    for name, (which, columns) in situations.items():
        part, start = pairs.select(which), getattr(prior, name, None)
        if start is not None and name in OF_FEW:
            weights[name] = start
        elif 0 < part.positive < len(part.same):
            weights[name] = _padded(part, columns, start)
        elif start is None:
            raise ValueError(f"all pairs of {name} have the same outcome")
        else:
            weights[name] = start
    return Calibration(**weights)


def _padded(pairs: Pairs, columns: list[int], prior: list[float] | None) -> list[float]:
    """The weights of a regression over some of the features; the others get 0."""
    places = [0, *(column + 1 for column in columns)]
    weights = np.zeros(len(FEATURES) + 1)
    start = None if prior is None else [prior[place] for place in places]
    weights[places] = logistic(pairs.features[:, columns], pairs.same, start)
    return [round(float(weight), 6) for weight in weights]


def logistic(features: Array, same: Array, prior: list[float] | None = None) -> list[float]:
    """Fit a ridge logistic regression by Newton's method; the penalty is centred on `prior`.

    features: (pairs, features). same: (pairs,), 0 or 1. Returns the intercept and the weights. A
    constant feature, as the number of pictures is in one database, keeps the weight of the prior.
    """
    mean, deviation = features.mean(0), features.std(0)
    deviation[deviation < CONSTANT] = 1
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


def _with_intercept(features: Array) -> Array:
    return np.column_stack([np.ones(len(features)), features])


def _sigmoid(values: Array) -> Array:
    probabilities: Array = 1 / (1 + np.exp(-np.clip(values, -500, 500)))
    return probabilities
