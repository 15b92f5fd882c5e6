"""Train a network on the icons in the database, and deploy it where it is better."""

import hashlib
import shutil
from contextlib import closing
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import psycopg

from loaders.core.config import HOME
from loaders.core.console import progress, quiet, working
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.icons import SHIPPED
from loaders.icons.captioned import QUERIES, examples, read_icons
from loaders.icons.networks.examples import Examples, Parts, split
from udfs.bitmaps import bits, centred


class Task(NamedTuple):
    """What a model learns from, and how: kind and size of icons, network, and hyperparameters.

    begin: the shipped model whose weights it begins with. The others are those of
    LineNetworkSettings and Fitting.
    """

    kind: str
    size: int
    network: str
    epochs: int
    batch: int = 16
    rate: float = 0.006
    flip: bool = True
    begin: str | None = None
    patience: int = 2
    dropout: float = 0.1
    caption_dropout: float = 0.25
    stretched: int = 0
    captioned: float = 0.85


TASKS = {
    "icons_8": Task("icon", 8, "positions", 12, batch=32),
    "icons_32": Task("icon", 32, "lines", 10, batch=32, rate=0.003, flip=False),
    "hieroglyphs_8": Task("hieroglyph", 8, "positions", 20),
    # Signs are a fifth as many as icons.
    "hieroglyphs_32": Task(
        kind="hieroglyph",
        size=32,
        network="lines",
        epochs=40,
        batch=32,
        rate=0.002,
        begin="icons_32",
        patience=10,  # epochs of the highest rates are worse than those before
        dropout=0.2,
        caption_dropout=0.4,
        stretched=3,
        captioned=0.55,
    ),
}
NETWORKS = ("lines", "positions", "scanlines", "runs")
QUICK_ICONS, QUICK_UNITS = 400, 16
FEWEST = 20  # icons in each part of the split
CENTRED = 0.8  # share of icons in the middle
ENOUGH = 300  # icons, of as many families, that are mostly enough for it
OF_A_TOPIC = "select from muse.model_names where name = %s"
COSTS = "select muse.icon_nlls(%s::bit varying[], %s)"


@dataclass(frozen=True)
class TrainRequest:
    """Model name and options of a training; None: the default of the model name.

    save_as: the name to deploy it under, for a network of one's own, which begins with the shipped
    weights. force: deploy it where the live one is as good.
    """

    name: str
    sets: tuple[str, ...] = ()
    network: str | None = None
    epochs: int | None = None
    seed: int = 0
    quick: bool = False
    save_as: str | None = None
    force: bool = False


@dataclass(frozen=True)
class TrainedIconModel:
    """A trained model, its bits a pixel on the test split, and those of others.

    model_id: None where the live model is better. icons: how many were read; trained_on: how many
    of them were trained on; left_out: how many were not, as near copies of held-out ones. live:
    the name of the live model it was compared with, and its bits.
    """

    model_id: int | None
    name: str
    icons: int
    trained_on: int
    left_out: int
    bits: float
    tables: dict[str, float]
    live: tuple[str, float] | None


def train(conn: psycopg.Connection, request: TrainRequest) -> TrainedIconModel:
    """Train with early stopping on the validation split, and measure on the test split.

    Splits are by family of icons. It is deployed where it needs fewer bits than the live model of
    its name, or than the model whose weights it began with, on the same icons. `conn` is in
    autocommit mode. An interrupted training is resumed at its last epoch when it is started with
    the same options and icons. Errors: Problem where there are too few icons.
    """
    task, name = TASKS[request.name], request.save_as or request.name
    _check_name(conn, task, request.save_as)
    with working(f"{name}: reading icons"):
        parts, icons = _read(conn, task, request)
    epochs = request.epochs or (1 if request.quick else task.epochs)
    steps = epochs * -(-len(parts.train) // task.batch)
    with closing(progress("steps", steps, name)) as bar:
        # TensorFlow takes seconds to import: only after the icons are checked.
        with quiet():
            from loaders.icons.networks import fitting as training
            from loaders.icons.networks import pixel_tables

            settings = _settings(task, request)
            fitting = training.Fitting(
                epochs=epochs,
                batch=task.batch,
                learning_rate=task.rate,
                patience=task.patience,
                flip=task.flip,
                seed=request.seed,
                stretched=task.stretched,
                captioned=task.captioned,
            )
            model = training.build_network(settings, request.seed)
            begin = task.begin if request.save_as is None else request.name
            if begin is not None:
                training.read_weights(model, SHIPPED / f"{begin}.npz")

        def show(step: int, loss: float) -> None:
            bar.update(step - bar.n)
            bar.set_postfix_str(f"{loss / np.log(2):.3f} bits a pixel", refresh=False)

        folder = HOME / "var" / "train" / f"{name}-{_key(settings, fitting, parts.train)}"
        history = training.fit(model, parts, fitting, folder, show)
    own = float(training.bits_a_pixel(model, parts.test.without_captions()).mean())
    tables = pixel_tables.lines(parts.train.bitmaps, parts.validation.bitmaps, parts.test.bitmaps)
    live = _live_bits(conn, (name, request.name), task.size, parts.test)
    model_id = None
    if live is None or own < live[1] or request.force:
        with quiet():
            content, config = training.export(model)
        values = {"kind": task.kind, "sets": list(request.sets) or None}
        config |= {
            "kind": task.kind,
            "settings": asdict(settings),
            "fitting": asdict(fitting),
            "sets": dict(conn.execute(QUERIES.licences, values).fetchall()),
            "centred": _are_centred(parts.train),
        }
        if task.network == "lines":
            config["judge"] = f"{request.name}_judge"
        if request.name == "icons_32":
            config["words"] = "icon_words"
        metrics = {
            "bits_a_pixel": own,
            "bits_a_pixel_with_captions": float(training.bits_a_pixel(model, parts.test).mean()),
            "tables": tables,
            "icons": {
                "train": len(parts.train),
                "validation": len(parts.validation),
                "test": len(parts.test),
                "near_held_out": parts.left_out,
            },
        } | history
        model_id = publish(conn, name, config, metrics, content=content)
        training.write_weights(model, HOME / "var" / "train" / f"{name}.npz")
    shutil.rmtree(folder, ignore_errors=True)
    counts = icons, len(parts.train), parts.left_out
    return TrainedIconModel(model_id, name, *counts, own, tables, live)


def _read(conn: psycopg.Connection, task: Task, request: TrainRequest) -> tuple[Parts, int]:
    """The split, and the number of icons. Errors: Problem where there are too few."""
    rows = read_icons(conn, task.kind, task.size, request.sets)
    rows = rows[:: max(len(rows) // QUICK_ICONS, 1)] if request.quick else rows
    families = [row.family for row in rows]
    parts = split(examples(rows, task.size), families)
    if min(map(len, (parts.train, parts.validation, parts.test))) < FEWEST:
        few = f"{len(rows):,} icons of {len(set(families)):,} families are too few to train on"
        if parts.left_out:
            few += f" ({parts.left_out:,} left out, as near copies of held-out ones)"
        raise Problem(f"{few}: some {ENOUGH} of different families are needed")
    return parts, len(rows)


def _check_name(conn: psycopg.Connection, task: Task, name: str | None) -> None:
    """Errors: Problem where a name of one's own is that of another model."""
    if name is None:
        return
    live = live_model(conn, name)
    shape = {"kind": task.kind, "size": task.size}
    is_taken = conn.execute(OF_A_TOPIC, (name,)).fetchone() is not None
    if is_taken or (live and shape != {key: live.config.get(key) for key in shape}):
        raise Problem(f"{name} is the name of another model: choose another one for --as")


def _are_centred(icons: Examples) -> bool:
    """Whether most icons are in the middle of their bitmaps, as those of fonts are."""
    is_centred = [(centred(square) == square).all() for square in icons.bitmaps]
    return bool(np.mean(is_centred) >= CENTRED)


def _settings(task: Task, request: TrainRequest) -> Any:
    """The sizes of the network."""
    from loaders.icons.networks.lines import LineNetworkSettings
    from loaders.icons.networks.tokens import TokenNetworkSettings

    network = request.network or task.network
    if network != "lines":
        return TokenNetworkSettings(size=task.size, encoding=network)
    settings = LineNetworkSettings(
        size=task.size, dropout=task.dropout, caption_dropout=task.caption_dropout
    )
    if request.quick:
        settings = replace(settings, channels=QUICK_UNITS, along=QUICK_UNITS)
    return settings


def _live_bits(
    conn: psycopg.Connection, names: tuple[str, ...], size: int, icons: Examples
) -> tuple[str, float] | None:
    """The first live model of the names that draws this size, and its mean bits a pixel."""
    for name in names:
        live = live_model(conn, name)
        if live is not None and live.config.get("size") == size:
            values = ([bits(bitmap) for bitmap in icons.bitmaps], name)
            (costs,) = conn.execute(COSTS, values).fetchone() or ([],)
            return name, float(np.mean(costs))
    return None


def _key(settings: Any, fitting: Any, icons: Examples) -> str:
    """A key of the settings and icons of a training."""
    content = f"{settings} {fitting}".encode() + np.packbits(icons.bitmaps).tobytes()
    content += icons.captions.tobytes()
    return hashlib.sha256(content).hexdigest()[:16]
