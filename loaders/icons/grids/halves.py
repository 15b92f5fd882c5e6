"""The classifier cut in two for brute force, so that most of its early half is run once a block.

See udfs/grids.py for what that is good for. How deep the cut may be depends on how far a layer
sees; that the joined halves are the whole is tried before they are stored.
"""

from typing import Any

import numpy as np
import psycopg

from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import publish
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import VARIANTS, export
from udfs import grids

CUTS = ("block3_1", "block2", "block1", "stem")  # layers, the deepest first
TRIES = 8  # grids of each size
LIVE = """
    select model_id, config from muse.deployments join muse.models using (name, model_id)
    where name = 'classifier'
"""


def prepare(conn: psycopg.Connection) -> None:
    """Cut the live classifier, where nobody did. `conn` is in autocommit mode.

    Errors: Problem where there is no classifier, or its weights are not installed here.
    """
    if conn.execute(grids.HALVES).fetchone() == (2,):
        return
    model_id, told = conn.execute(LIVE).fetchone() or (0, {})
    known = [lite for lite, variant in VARIANTS.items() if variant.sha256 == told.get("sha256")]
    if not known:
        raise Problem("the live classifier is none of ours: run ./pgmuse train classifier")
    with quiet():
        model = classifier.port(classifier.find_weights(known[0]), VARIANTS[known[0]])
        halves = cut(model)
    config = {"classifier": model_id, "size": told["size"], "licence": told["licence"]}
    for name, content in zip((grids.EARLY, grids.LATE), halves, strict=True):
        publish(conn, name, config | {"labels": told["labels"]}, {}, content=content)


def cut(model: Any) -> tuple[bytes, bytes]:
    """LiteRT flatbuffers: from a picture to features, and from these to probabilities."""
    import keras

    for name in CUTS:
        features = model.get_layer(name).output
        early = keras.Model(model.input, features)
        if all(_joins(early, grid) for grid in grids.GRIDS):
            return export(early), export(keras.Model(features, model.outputs[1]))
    raise Problem("no layer of this classifier can be looked at in halves")


def _joins(early: Any, grid: int) -> bool:
    """Whether the upper half of the features is blind to the last row, the lower to the first."""
    dice = np.random.default_rng(0)
    side = early.input_shape[1]
    for square in dice.random((TRIES, grid, grid)) < 0.5:
        first, last = square.copy(), square.copy()
        first[-1], last[0] = ~square[-1], ~square[0]
        whole, upper, lower = (
            early(grids.picture(one, side), training=False).numpy() for one in (square, first, last)
        )
        if not np.allclose(grids.joined(upper, lower), whole, atol=1e-5):
            return False
    return True
