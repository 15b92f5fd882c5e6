"""Fixtures of the tests of icons."""

import pytest

from loaders.core.console import quiet
from tests.factories.rows import add_model
from udfs.bitmap_tokens import ENCODINGS


@pytest.fixture(scope="session")
def networks():
    """Untrained networks with their LiteRT files: by kind, (network, content, config)."""
    with quiet():
        from loaders.icons.networks import fitting as icons
        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks import tokens as icon_tokens

        settings = {
            kind: icon_tokens.TokenNetworkSettings(size=8, encoding=kind, units=24, embedding=8)
            for kind in ENCODINGS
        }
        settings["lines"] = icon_lines.LineNetworkSettings(size=8, channels=8, along=8)
        keras_models = {kind: icons.build_network(one, seed=1) for kind, one in settings.items()}
        return {kind: (network, *icons.export(network)) for kind, network in keras_models.items()}


@pytest.fixture
def live(db, networks):
    """The networks as live models, with their kinds as names."""
    for kind, (_, content, config) in networks.items():
        add_model(db, kind, content, **config, kind="icon")
    return db
