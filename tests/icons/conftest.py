"""Fixtures of the tests of icons."""

import json
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest

from loaders.core.console import quiet
from tests.factories.exports import exported
from tests.factories.rows import add_model
from udfs.bitmap_tokens import ENCODINGS


class Export(NamedTuple):
    """An untrained network: its LiteRT file and its config."""

    content: bytes
    config: dict[str, Any]


@cache
def build_networks() -> dict[str, Any]:
    """Untrained Keras networks by kind."""
    with quiet():
        from loaders.icons.networks import fitting as icons
        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks import tokens as icon_tokens

        settings = {
            kind: icon_tokens.TokenNetworkSettings(size=8, encoding=kind, units=24, embedding=8)
            for kind in ENCODINGS
        }
        settings["lines"] = icon_lines.LineNetworkSettings(size=8, channels=8, along=8)
        return {kind: icons.build_network(one, seed=1) for kind, one in settings.items()}


def export(kind: str) -> Export:
    """Export an untrained network, once for each version of its code."""

    @cache
    def export_now() -> Export:
        from loaders.icons.networks import fitting as icons

        return Export(*icons.export(build_networks()[kind]))

    content = exported(f"icons-{kind}", lambda: export_now().content)
    config = exported(f"icons-{kind}-config", lambda: json.dumps(export_now().config).encode())
    return Export(content, json.loads(config))


@pytest.fixture(scope="session")
def keras_networks():
    """Untrained Keras networks by kind; for tests with the marker long."""
    return build_networks()


@pytest.fixture(scope="session")
def networks():
    """The exports of the same networks by kind."""
    return {kind: export(kind) for kind in (*ENCODINGS, "lines")}


@pytest.fixture(scope="session")
def judge():
    """A judge of bitmaps of 8 x 8: it likes ink."""
    return Export(exported("icons-judge", lambda: view(lambda weight: abs(weight) / 4)), JUDGE)


@pytest.fixture(scope="session")
def indifferent():
    """A judge of bitmaps of 8 x 8 to which all are alike."""
    return Export(exported("icons-indifferent", lambda: view(np.zeros_like)), JUDGE)


JUDGE = {"size": 8, "batch": 32, "network": "judge"}


def view(weights_by: Any) -> bytes:
    """The export of a network with one output; weights_by: from its first weights to others."""
    with quiet():
        from loaders.icons.networks import viewing

        network = viewing.build(1, 8)
        for weight in network.trainable_weights:
            if weight.name == "kernel":
                weight.assign(weights_by(weight.numpy()))
        content, _ = viewing.export(network, 8)
    return content


@pytest.fixture
def live(db, networks):
    """The networks as live models, with their kinds as names."""
    for kind, (content, config) in networks.items():
        add_model(db, kind, content, **config, kind="icon")
    return db
