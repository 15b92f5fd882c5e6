"""Train a network on the icons in the database, and deploy it."""

import hashlib
import shutil
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import progress, quiet
from loaders.core.errors import Problem
from loaders.core.models import publish
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
# By the name of the model: kind of icons, size, and default network.
TASKS = {
    "icons_8": ("icon", 8, "positions"),
    "icons_32": ("icon", 32, "lines"),
    "hieroglyphs_8": ("hieroglyph", 8, "positions"),
    "hieroglyphs_32": ("hieroglyph", 32, "lines"),
}
NETWORKS = ("lines", "positions", "scanlines", "runs")
EPOCHS = {"icons_8": 20, "icons_32": 10, "hieroglyphs_8": 20, "hieroglyphs_32": 12}
QUICK_ICONS, QUICK_UNITS = 400, 16
FEWEST = 20  # icons in each part of the split


@dataclass(frozen=True)
class TrainRequest:
    """Model name and options of a training; None: the default of the model name."""

    name: str
    sets: tuple[str, ...] = ()
    network: str | None = None
    epochs: int | None = None
    seed: int = 0
    quick: bool = False


@dataclass(frozen=True)
class TrainedIconModel:
    """A deployed model, its bits a pixel on the test split, and those of the baseline tables."""

    model_id: int
    icons: int
    bits: float
    tables: dict[str, float]


def train(conn: psycopg.Connection, request: TrainRequest) -> TrainedIconModel:
    """Train with early stopping on the validation split, measure on the test split, and deploy.

    Splits are by family of icons. `conn` is in autocommit mode. An interrupted training is resumed
    at its last epoch when it is started with the same options and icons. Errors: Problem where
    there are too few icons.
    """
    kind, size, default_network = TASKS[request.name]
    icons, families = _icons(conn, kind, size, request)
    # TensorFlow takes seconds to import: only after the icons are checked.
    with quiet():
        from loaders.icons.networks import fitting as training
        from loaders.icons.networks import lines as icon_lines
        from loaders.icons.networks import pixel_tables
        from loaders.icons.networks import tokens as icon_tokens

    parts = training.split(icons, families)
    if min(map(len, (parts.train, parts.validation, parts.test))) < FEWEST:
        raise Problem(
            f"{len(icons)} icons of {len(set(families))} families are too few to train on"
        )
    network = request.network or default_network
    small = {"channels": QUICK_UNITS, "along": QUICK_UNITS}
    settings: icon_lines.LineNetworkSettings | icon_tokens.TokenNetworkSettings
    if network == "lines":
        settings = icon_lines.LineNetworkSettings(size=size, **(small if request.quick else {}))
    else:
        settings = icon_tokens.TokenNetworkSettings(size=size, encoding=network)
    fitting = training.Fitting(epochs=request.epochs or EPOCHS[request.name], seed=request.seed)
    if request.quick:
        fitting = replace(fitting, epochs=request.epochs or 1)
    with quiet():
        model = training.build_network(settings, request.seed)
    folder = HOME / "var" / "train" / f"{request.name}-{_key(settings, fitting, parts.train)}"
    steps = fitting.epochs * -(-len(parts.train) // fitting.batch)
    with closing(progress("steps", steps, request.name)) as bar:

        def show(step: int, loss: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix_str(f"{loss / np.log(2):.3f} bits a pixel", refresh=False)

        history = training.fit(model, parts, fitting, folder, show)
    bits = float(training.bits_a_pixel(model, parts.test).mean())
    tables = pixel_tables.lines(parts.train, parts.validation, parts.test)
    with quiet():
        content, config = training.export(model)
    values = {"kind": kind, "sets": list(request.sets) or None}
    licences = conn.execute(QUERIES.licences, values).fetchall()
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
    metrics = {"bits_a_pixel": bits, "tables": tables, "icons": counts} | history
    model_id = publish(conn, request.name, config, metrics, content=content)
    shutil.rmtree(folder, ignore_errors=True)
    return TrainedIconModel(model_id, len(icons), bits, tables)


def _icons(
    conn: psycopg.Connection, kind: str, size: int, request: TrainRequest
) -> tuple[np.ndarray, list[str]]:
    """The bitmaps, (n, size, size) of bool, and their families."""
    values = {"kind": kind, "size": size, "sets": list(request.sets) or None}
    rows: list[tuple[str, str]] = conn.execute(QUERIES.training_icons, values).fetchall()
    if not rows:
        of = f" of {', '.join(request.sets)}" if request.sets else ""
        raise Problem(f"there are no {kind}s{of} to train on: run ./pgmuse load {kind}s --sample")
    rows = rows[:: max(len(rows) // QUICK_ICONS, 1)] if request.quick else rows
    text = "".join(bits for _, bits in rows).encode()
    icons = np.frombuffer(text, dtype=np.uint8).reshape(-1, size, size) == ord("1")
    return icons, [family for family, _ in rows]


def _key(settings: Any, fitting: Any, icons: np.ndarray) -> str:
    """A key of the settings and icons of a training."""
    content = f"{settings} {fitting}".encode() + np.packbits(icons).tobytes()
    return hashlib.sha256(content).hexdigest()[:16]
