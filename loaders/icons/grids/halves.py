"""Split the classifier for the search over grids, so that its early half runs rarely.

See udfs/grids.py for the algorithm. The cut may only be as deep as the receptive fields of the
layers allow; cut() checks that the joined halves equal the whole classifier.
"""

from typing import Any

import numpy as np
import psycopg

from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS, export
from udfs import grids

CUTS = ("block3_1", "block2", "block1", "stem")  # layers, the deepest first
TRIES = 8  # grids of each size


def prepare(conn: psycopg.Connection) -> None:
    """Split and publish the live classifier, if that is not done. `conn` is in autocommit mode.

    Errors: Problem where no classifier is live, or its weights are not installed on this machine.
    """
    if conn.execute(grids.HALVES).fetchone() == (2,):
        return
    live = live_model(conn, "classifier")
    sha256 = live and live.config.get("sha256")
    variants = [lite for lite, variant in VARIANTS.items() if variant.sha256 == sha256]
    if live is None or not variants:
        raise Problem("the live classifier is not a known variant: run ./pgmuse train classifier")
    with quiet():
        model = classifier.port(classifier.find_weights(variants[0]), VARIANTS[variants[0]])
        halves = cut(model)
    config = {"classifier": live.model_id} | {
        name: live.config[name] for name in ("size", "licence", "labels")
    }
    for name, content in zip((grids.EARLY, grids.LATE), halves, strict=True):
        publish(conn, name, config, {}, content=content)


def cut(model: Any) -> tuple[bytes, bytes]:
    """LiteRT flatbuffers of the two halves: picture to features, features to probabilities."""
    import keras

    for name in CUTS:
        features = model.get_layer(name).output
        early = keras.Model(model.input, features)
        if all(_joins(early, grid) for grid in grids.GRIDS):
            return export(early), export(keras.Model(features, model.outputs[1]))
    raise Problem("this classifier cannot be split at any layer")


def _joins(early: Any, grid: int) -> bool:
    """Whether no feature of the upper half sees the last row, and none of the lower the first."""
    dice = np.random.default_rng(0)
    side = early.input_shape[1]
    for square in dice.random((TRIES, grid, grid)) < 0.5:
        first, last = square.copy(), square.copy()
        first[-1], last[0] = ~square[-1], ~square[0]
        full, upper, lower = (
            early(grids.picture(one, side), training=False).numpy() for one in (square, first, last)
        )
        if not np.allclose(grids.joined(upper, lower), full, atol=1e-5):
            return False
    return True
