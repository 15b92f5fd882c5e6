"""Train a network on the icons in the database, and make it live."""

import hashlib
import shutil
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import progress, quiet
from loaders.core.errors import Problem
from loaders.core.models import publish

# By the name of the model: what it learns from, at which size, and the network it is by itself.
TASKS = {
    "icons_8": ("icon", 8, "positions"),
    "icons_32": ("icon", 32, "lines"),
    "hieroglyphs_8": ("hieroglyph", 8, "positions"),
    "hieroglyphs_32": ("hieroglyph", 32, "lines"),
}
NETWORKS = ("lines", "positions", "scanlines", "runs")
EPOCHS = {"icons_8": 20, "icons_32": 10, "hieroglyphs_8": 20, "hieroglyphs_32": 12}
QUICK_ICONS, QUICK_UNITS = 400, 16
FEWEST = 20  # icons of each part of the split
# Each bitmap once, under the family that had it first.
ICONS = """
    select family, bitmap from (
        select distinct on (bitmap) icon_id, family, bitmap::text as bitmap
        from muse.icons
        where kind = %(kind)s and size = %(size)s
          and (%(sets)s::text[] is null or icon_set = any(%(sets)s))
        order by bitmap, icon_id
    ) as icon
    order by icon_id
"""
LICENCES = """
    select icon_set, max(licence) from muse.icons
    where kind = %(kind)s and (%(sets)s::text[] is null or icon_set = any(%(sets)s))
    group by icon_set order by icon_set
"""


@dataclass(frozen=True)
class TrainRequest:
    """What is to be trained; what is left out is as the model's name asks for."""

    name: str
    sets: tuple[str, ...] = ()
    network: str | None = None
    epochs: int | None = None
    seed: int = 0
    quick: bool = False


@dataclass(frozen=True)
class TrainedIconModel:
    """A model that is live, its bits a pixel on held-out families, and those of the tables."""

    model_id: int
    icons: int
    bits: float
    tables: dict[str, float]


def train(conn: psycopg.Connection, asked: TrainRequest) -> TrainedIconModel:
    """Fit on some families of icons, end at the best on others, measure on others again, deploy.

    `conn` is in autocommit mode. A training that was interrupted goes on, at its last epoch, when
    the same is asked for again.
    """
    kind, size, usual = TASKS[asked.name]
    icons, families = _icons(conn, kind, size, asked)
    # TensorFlow takes seconds to import: not before it is known that there is work for it.
    with quiet():
        from loaders.icons.networks import fitting as training
        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks import pixel_tables
        from loaders.icons.networks import tokens as icon_tokens

    parts = training.split(icons, families)
    if min(map(len, (parts.train, parts.validation, parts.test))) < FEWEST:
        raise Problem(
            f"{len(icons)} icons of {len(set(families))} families are too few to learn from"
        )
    network, small = asked.network or usual, {"channels": QUICK_UNITS, "along": QUICK_UNITS}
    settings: icon_lines.LineNetworkSettings | icon_tokens.TokenNetworkSettings
    if network == "lines":
        settings = icon_lines.LineNetworkSettings(size=size, **(small if asked.quick else {}))
    else:
        settings = icon_tokens.TokenNetworkSettings(size=size, encoding=network)
    fitting = training.Fitting(epochs=asked.epochs or EPOCHS[asked.name], seed=asked.seed)
    if asked.quick:
        fitting = replace(fitting, epochs=asked.epochs or 1)
    with quiet():
        made = training.build_network(settings, asked.seed)
    folder = HOME / "var" / "train" / f"{asked.name}-{_key(settings, fitting, parts.train)}"
    steps = fitting.epochs * -(-len(parts.train) // fitting.batch)
    with closing(progress("steps", steps, asked.name)) as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix_str(f"{loss / np.log(2):.3f} bits a pixel", refresh=False)

        seen = training.fit(made, parts, fitting, folder, show)
    bits = float(training.bits_a_pixel(made, parts.test).mean())
    tables = pixel_tables.lines(parts.train, parts.validation, parts.test)
    with quiet():
        content, config = training.export(made)
    licences = conn.execute(LICENCES, {"kind": kind, "sets": list(asked.sets) or None}).fetchall()
    config |= {
        "kind": kind,
        "settings": asdict(settings),
        "fitting": asdict(fitting),
        "sets": dict(licences),
    }
    counts = {
        "train": len(parts.train),
        "validation": len(parts.validation),
        "test": len(parts.test),
    }
    metrics = {"bits_a_pixel": bits, "tables": tables, "icons": counts} | seen
    model_id = publish(conn, asked.name, config, metrics, content=content)
    shutil.rmtree(folder, ignore_errors=True)
    return TrainedIconModel(model_id, len(icons), bits, tables)


def _icons(
    conn: psycopg.Connection, kind: str, size: int, asked: TrainRequest
) -> tuple[np.ndarray, list[str]]:
    """The bitmaps, (n, size, size) of bools, and their families."""
    values = {"kind": kind, "size": size, "sets": list(asked.sets) or None}
    rows: list[tuple[str, str]] = conn.execute(ICONS, values).fetchall()
    if not rows:
        of = f" of {', '.join(asked.sets)}" if asked.sets else ""
        raise Problem(f"there are no {kind}s{of} to learn from: run ./pgmuse load {kind}s --sample")
    rows = rows[:: max(len(rows) // QUICK_ICONS, 1)] if asked.quick else rows
    text = "".join(bits for _, bits in rows).encode()
    icons = np.frombuffer(text, dtype=np.uint8).reshape(-1, size, size) == ord("1")
    return icons, [family for family, _ in rows]


def _key(settings: Any, fitting: Any, icons: np.ndarray) -> str:
    """What tells one training from another."""
    told = f"{settings} {fitting}".encode() + np.packbits(icons).tobytes()
    return hashlib.sha256(told).hexdigest()[:16]
