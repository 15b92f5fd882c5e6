"""Classifiers for tests: Lite0 from the installed weights, and one that runs in a millisecond."""

from typing import Any

from loaders.icons.grids import halves
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import LABELS, VARIANTS

SMALL = 60  # side of the small classifier's input, which 4, 5 and 6 pixels divide


def lite0() -> Any:
    """The Keras model of Lite0."""
    return classifier.port(classifier.find_weights(0), VARIANTS[0])


def small() -> Any:
    """A Keras model with random weights, and the outputs of the classifier."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    picture = layers.Input((SMALL, SMALL, 3))
    x = layers.Rescaling(1 / 128, offset=-1)(picture)
    x = layers.Conv2D(8, 3, 2, "same", activation="relu", name=halves.CUTS[0])(x)
    x = layers.Conv2D(8, 3, 2, "same", activation="relu")(x)
    embedding = layers.Flatten()(x)
    probabilities = layers.Dense(LABELS, activation="softmax")(embedding)
    return keras.Model(picture, [embedding, probabilities])
