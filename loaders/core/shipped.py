"""Networks that ship with the project: a LiteRT file and a card each, put where models are."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from loaders.core.config import ROOT
from loaders.core.errors import Problem
from loaders.core.models import publish

FOLDER = ROOT / "loaders" / "icons" / "shipped"
LIVE = """
    select content = %s from muse.deployments join muse.models using (name, model_id)
    where name = %s
"""
MODEL = """
    select config, metrics, content from muse.deployments join muse.models using (name, model_id)
    where name = %s and content is not null
"""


class Card(NamedTuple):
    """What is known of a network: how it was made, of what, and how good it is."""

    name: str
    command: str
    licence: str
    config: dict[str, Any]
    metrics: dict[str, Any]


def cards() -> list[Card]:
    """Of all networks that ship, by name."""
    return [Card(**json.loads(path.read_text())) for path in sorted(FOLDER.glob("*.json"))]


def load_models(conn: psycopg.Connection, *, again: bool = False) -> dict[str, str]:
    """Make live what ships, where nothing else is; what became of each, by name.

    `conn` is in autocommit mode. A model of one's own stays live, unless `again`.
    """
    told = {}
    for card in cards():
        content = FOLDER.joinpath(f"{card.name}.tflite").read_bytes()
        live = conn.execute(LIVE, (content, card.name)).fetchone()
        if live == (True,):
            told[card.name] = "live already"
        elif live is not None and not again:
            told[card.name] = "another one is live and stays (--again replaces it)"
        else:
            config = card.config | {"licence": card.licence}
            model_id = publish(conn, card.name, config, card.metrics, content=content)
            told[card.name] = f"model {model_id} is live"
    return told


def save(conn: psycopg.Connection, name: str, command: str, licence: str, folder: Path) -> Path:
    """Write the live network of a name, with its card, as one that ships."""
    row = conn.execute(MODEL, (name,)).fetchone()
    if row is None:
        raise Problem(f"no network {name} is live: run ./pgmuse train {name}")
    config, metrics, content = row
    folder.mkdir(exist_ok=True)
    folder.joinpath(f"{name}.tflite").write_bytes(content)
    card = Card(name, command, licence, config, metrics)
    path = folder / f"{name}.json"
    path.write_text(json.dumps(card._asdict(), indent=1) + "\n")
    return path
