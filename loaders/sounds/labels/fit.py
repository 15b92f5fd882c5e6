"""Multinomial logistic regression over vectors of songs, with calibrated probabilities.

The songs are in random order: of each five the first one is held out to measure, and the second one
chooses the penalty and the temperature (Guo et al. 2017, On Calibration of Modern Neural Networks).
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize, minimize_scalar

from udfs.sound_patches import Array

PARTS = 5  # of the songs; one to measure, one to choose
FEWEST_OTHERS = 10  # held-out songs without the commonest label: of fewer the bootstrap says little
PENALTIES = (0.03, 0.1, 0.3, 1.0, 3.0)  # of the squared weights, against the sum of the losses
STEPS = 60  # of L-BFGS
CHUNK = 4096  # songs: bounds the memory of probabilities
DRAWS = 1000  # of the bootstrap
BINS = 15  # of the calibration error
TEMPERATURES = (-3.0, 3.0)  # limits of the logarithm


class Classifier(NamedTuple):
    """weights: (labels, numbers). bias: (labels,). Logits are divided by the temperature."""

    weights: Array
    bias: Array
    temperature: float = 1.0

    def log_probabilities(self, features: Array) -> Array:
        """(songs, labels). features: (songs, numbers)."""
        return log_softmax((features @ self.weights.T + self.bias) / self.temperature)

    def losses(self, features: Array, labels: Array) -> Array:
        """Minus the log probability of the right label of each song."""
        return -_of_labels(self.log_probabilities(features), labels)


class Measures(NamedTuple):
    """Measured on held-out songs. gain: 95% interval of the prior's loss minus ours.

    others: the held-out songs without the commonest label.
    """

    labels: int
    songs: int
    held_out: int
    others: int
    accuracy: float
    log_loss: float
    log_loss_of_prior: float
    ece: float
    gain: tuple[float, float]

    @property
    def beats_prior(self) -> bool:
        return self.others >= FEWEST_OTHERS and self.gain[0] > 0

    def as_dict(self) -> dict[str, float]:
        numbers = self._asdict()
        low, high = numbers.pop("gain")
        return {
            name: value if isinstance(value, int) else round(float(value), 4)
            for name, value in (numbers | {"gain_low": low, "gain_high": high}).items()
        }


class Learned(NamedTuple):
    """classifier: of all songs. trial: without the held-out songs, which measured it."""

    classifier: Classifier
    trial: Classifier
    measures: Measures
    penalty: float


def learn(
    features: Array, labels: Array, places: Array, on_fit: Callable[[], object] = lambda: None
) -> Learned:
    """Fit, choose, measure, and fit again on all songs.

    features: (songs, numbers). labels: numbers from 0. places: of the songs in the random order of
    all songs, so that a song is held out from each of several classifiers.
    """
    count = int(labels.max()) + 1
    tested, chosen = places % PARTS == 0, places % PARTS == 1

    def fitted(which: Array, penalty: float) -> Classifier:
        on_fit()
        return _fit(features[which], labels[which], count, penalty)

    fits = {one: fitted(~tested & ~chosen, one) for one in PENALTIES}
    tempered = {one: _tempered(fit, features[chosen], labels[chosen]) for one, fit in fits.items()}
    penalty = min(
        PENALTIES, key=lambda one: tempered[one].losses(features[chosen], labels[chosen]).mean()
    )
    temperature = tempered[penalty].temperature
    trial = fitted(~tested, penalty)._replace(temperature=temperature)
    prior = log_prior(labels[~tested], count)
    measures = _measure(trial, prior, features[tested], labels[tested], len(labels))
    classifier = fitted(np.ones(len(labels), dtype=bool), penalty)
    return Learned(classifier._replace(temperature=temperature), trial, measures, penalty)


def log_softmax(logits: Array) -> Array:
    """Logarithms of probabilities; each row of logits is one song."""
    apart = logits - logits.max(axis=1, keepdims=True)
    return np.asarray(apart - np.log(np.exp(apart).sum(axis=1, keepdims=True)))


def log_prior(labels: Array, count: int) -> Array:
    """Logarithms of the labels' frequencies, with half a song more of each."""
    sizes = np.bincount(labels, minlength=count) + 0.5
    return np.asarray(np.log(sizes / sizes.sum()))


def calibration_error(probabilities: Array, hits: Array) -> float:
    """Mean difference between probability and accuracy, in bins of equal width."""
    bins = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    gaps = np.bincount(bins, weights=probabilities - hits, minlength=BINS)
    return float(np.abs(gaps).sum() / len(hits))


def _fit(features: Array, labels: Array, count: int, penalty: float) -> Classifier:
    """Minimize the loss plus the penalty of weights, and of biases away from the frequencies."""
    centre = features.mean(axis=0)
    inputs = np.hstack([features - centre, np.ones((len(features), 1))]).astype(np.float32)
    start = np.zeros((count, inputs.shape[1]), dtype=np.float32)
    start[:, -1] = log_prior(labels, count)

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat.reshape(start.shape).astype(np.float32)
        apart = weights - start
        total, slope = penalty / 2 * float((apart.astype(float) ** 2).sum()), penalty * apart
        for first in range(0, len(inputs), CHUNK):
            rows, right = inputs[first : first + CHUNK], labels[first : first + CHUNK]
            logs = log_softmax(rows @ weights.T)
            total -= float(_of_labels(logs, right).sum(dtype=float))
            errors = np.exp(logs)
            errors[np.arange(len(right)), right] -= 1
            slope += errors.T @ rows
        return total / len(inputs), (slope / len(inputs)).ravel().astype(float)

    done = minimize(
        loss, start.ravel().astype(float), jac=True, method="L-BFGS-B", options={"maxiter": STEPS}
    )
    best = done.x.reshape(start.shape)
    return Classifier(best[:, :-1], best[:, -1] - best[:, :-1] @ centre)


def _tempered(classifier: Classifier, features: Array, labels: Array) -> Classifier:
    """The classifier with the temperature that fits these songs best."""

    def loss(log_temperature: float) -> float:
        tempered = classifier._replace(temperature=float(np.exp(log_temperature)))
        return float(tempered.losses(features, labels).mean())

    best = minimize_scalar(loss, bounds=TEMPERATURES, method="bounded")
    return classifier._replace(temperature=float(np.exp(best.x)))


def _measure(
    classifier: Classifier, prior: Array, features: Array, labels: Array, songs: int
) -> Measures:
    logs = classifier.log_probabilities(features)
    hits = logs.argmax(axis=1) == labels
    ours, others = -_of_labels(logs, labels), -prior[labels]
    random = np.random.default_rng(0)
    gains = [
        float((others - ours)[random.integers(len(labels), size=len(labels))].mean())
        for _ in range(DRAWS)
    ]
    low, high = np.quantile(gains, (0.025, 0.975))
    return Measures(
        labels=len(prior),
        songs=songs,
        held_out=len(labels),
        others=int((labels != prior.argmax()).sum()),
        accuracy=float(hits.mean()),
        log_loss=float(ours.mean()),
        log_loss_of_prior=float(others.mean()),
        ece=calibration_error(np.exp(logs.max(axis=1)), hits),
        gain=(float(low), float(high)),
    )


def _of_labels(rows: Array, labels: Array) -> Array:
    """The number of its label in each row."""
    return np.asarray(rows[np.arange(len(labels)), labels])
