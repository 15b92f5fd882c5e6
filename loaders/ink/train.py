"""Export the gradients for Deep Ink, and deploy them."""

from dataclasses import replace

import psycopg

from loaders.core.console import quiet
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.images.classifier import efficientnet as classifier
from loaders.images.classifier.train import find_weights, port, read_labels

SIDE = 224  # of the input of every variant: of its multiples of 32, layers have even sides
VERSION = 1  # of the graphs: a new version exports all layers again


def train(conn: psycopg.Connection, layers: tuple[str, ...] = (), lite: int = 0) -> list[str]:
    """Export and deploy the gradients of layers, by default of LAYERS; return the exported ones.

    `conn` is in autocommit mode. lite: the variant of the classifier; layers of the variants 1 and
    2 are deployed with the prefix lite1_ or lite2_. Layers that are already live are skipped.
    Errors: Problem where the weights are not installed, or there is no such layer.
    """
    weights, labels = find_weights(lite), read_labels()
    variant = replace(classifier.VARIANTS[lite], size=SIDE)
    with quiet():
        from loaders.ink import network as ink

        names = [name.removeprefix(prefix(lite)) for name in layers or ink.LAYERS]
        missing = [name for name in names if not _is_live(conn, name, lite)]
        if not missing:
            return []
        body = ink.Body(port(weights, variant))
    if unknown := [name for name in names if name not in body.layers]:
        raise Problem(f"no layer {unknown[0]!r}: there are {', '.join(body.layers)}")
    for name in missing:
        with quiet():
            content = ink.export(body, name)
        config = {
            "layer": prefix(lite) + name, "depth": body.layers.index(name),
            "channels": body.channels(name), "size": body.side,
            "network": f"EfficientNet-Lite{lite}", "sha256": variant.sha256,
            "version": VERSION, "licence": "Apache-2.0",
        }  # fmt: skip
        if name == "class":
            config["labels"] = labels
        publish(conn, f"ink_{prefix(lite)}{name}", config, {}, content=content)
    return [prefix(lite) + name for name in missing]


def prefix(lite: int) -> str:
    """What the names of a variant's layers begin with."""
    return f"lite{lite}_" if lite else ""


def _is_live(conn: psycopg.Connection, layer: str, lite: int) -> bool:
    live = live_model(conn, f"ink_{prefix(lite)}{layer}")
    version = {"sha256": classifier.VARIANTS[lite].sha256, "version": VERSION}
    return live is not None and version.items() <= live.config.items()
