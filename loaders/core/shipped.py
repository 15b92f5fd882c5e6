"""Networks shipped with the project: a LiteRT file, and a card in JSON that describes it."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.core.topics import ModelName


class Card(NamedTuple):
    """The description of a network. command: the one that trained it. metrics: its quality."""

    name: str
    command: str
    licence: str
    config: dict[str, Any]
    metrics: dict[str, Any]


def read_card(path: Path) -> Card:
    """Read the card beside a LiteRT file."""
    return Card(**json.loads(path.with_suffix(".json").read_text()))


def load_models(
    conn: psycopg.Connection, models: Iterable[ModelName], *, again: bool = False
) -> dict[str, str]:
    """Deploy the shipped models whose name has no live model; return the outcomes by name.

    `conn` is in autocommit mode. A live model that shipped earlier is replaced by the one that
    ships now. again: replace all other live models too.
    """
    return {
        model.name: _load(conn, model.shipped, again=again)
        for model in models
        if model.shipped is not None
    }


def _load(conn: psycopg.Connection, path: Path, *, again: bool) -> str:
    card, content = read_card(path), path.read_bytes()
    live = live_model(conn, card.name)
    if live and live.content == content and card.config.items() <= live.config.items():
        return "live already"
    # Cards have licences, trainings have none: such a model came with an earlier version.
    if live and "licence" not in live.config and not again:
        return "another model is live, skipped (--again replaces it)"
    config = card.config | {"licence": card.licence}
    model_id = publish(conn, card.name, config, card.metrics, content=content)
    return f"model {model_id} is live"


def save(conn: psycopg.Connection, name: str, command: str, licence: str, folder: Path) -> Path:
    """Write the live network of a name and its card to `folder`. Errors: Problem."""
    live = live_model(conn, name)
    if live is None or live.content is None:
        raise Problem(f"no network {name} is live: run ./pgmuse train {name}")
    folder.mkdir(exist_ok=True)
    folder.joinpath(f"{name}.tflite").write_bytes(live.content)
    card = Card(name, command, licence, live.config, live.metrics)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(card._asdict(), indent=1) + "\n")
    return path
