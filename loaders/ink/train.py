"""Export the gradients for Deep Ink, and deploy them."""

import psycopg

from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.train import find_weights, port, read_labels

LITE = 0  # the variant of the classifier
VERSION = 1  # of the graphs: a new version exports all layers again


def train(conn: psycopg.Connection, layers: tuple[str, ...] = ()) -> list[str]:
    """Export and deploy the gradients of layers, by default of LAYERS; return the exported ones.

    `conn` is in autocommit mode. Layers that are already live are skipped.
    Errors: Problem where the weights are not installed, or there is no such layer.
    """
    weights, labels = find_weights(LITE), read_labels()
    variant = classifier.VARIANTS[LITE]
    with quiet():
        from loaders.ink import network as ink

        names = layers or ink.LAYERS
        missing = [name for name in names if not _is_live(conn, name, variant.sha256)]
        if not missing:
            return []
        body = ink.Body(port(weights, variant))
    if unknown := [name for name in names if name not in body.layers]:
        raise Problem(f"no layer {unknown[0]!r}: there are {', '.join(body.layers)}")
    for name in missing:
        with quiet():
            content = ink.export(body, name)
        config = {
            "layer": name, "depth": body.layers.index(name), "channels": body.channels(name),
            "size": body.side, "network": f"EfficientNet-Lite{LITE}", "sha256": variant.sha256,
            "version": VERSION, "licence": "Apache-2.0",
        }  # fmt: skip
        if name == "class":
            config["labels"] = labels
        publish(conn, f"ink_{name}", config, {}, content=content)
    return list(missing)


def _is_live(conn: psycopg.Connection, layer: str, sha256: str) -> bool:
    live = live_model(conn, f"ink_{layer}")
    version = {"sha256": sha256, "version": VERSION}
    return live is not None and version.items() <= live.config.items()
