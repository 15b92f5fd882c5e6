"""Train the judge of a network: it tells drawn icons from real ones."""

from contextlib import closing
from dataclasses import dataclass

import numpy as np
import psycopg

from loaders.core.console import progress, quiet, working
from loaders.core.errors import Problem
from loaders.core.models import live_model, publish
from loaders.icons.captioned import examples, read_icons
from loaders.icons.networks.examples import split
from udfs.bitmaps import pixels

ENDING = "_judge"
EACH = 500  # icons a call
TEMPERATURES = 0.8, 0.9, 1.0
DRAWN = "select bitmap::text from muse.generate_icons(%s, %s, %s, %s)"
MOST, QUICK_ICONS = 20_000, 500  # real ones to learn from; 8,000 teach much less


@dataclass(frozen=True)
class TrainedJudge:
    """A deployed judge. right: the share of held-out icons, half of them drawn, that it tells."""

    model_id: int
    icons: int
    right: float


def train(
    conn: psycopg.Connection, name: str, *, seed: int = 0, quick: bool = False
) -> TrainedJudge:
    """Train the judge of a live network on icons that it learned from and as many drawn ones.

    `conn` is in autocommit mode. Errors: Problem where the network is not live, or has no icons.
    """
    live = live_model(conn, name)
    if live is None:
        raise Problem(f"no network {name} is live: run ./pgmuse load models")
    size, kind = live.config["size"], live.config["kind"]
    with working(f"{name}{ENDING}: reading icons"):
        rows = read_icons(conn, kind, size, list(live.config.get("sets", {})))
        parts = split(examples(rows, size), [row.family for row in rows])
    most = QUICK_ICONS if quick else MOST
    order = np.random.default_rng(seed).permutation(len(parts.train))
    real = parts.train.bitmaps[order[:most]]
    held_out = parts.test.bitmaps[:most]
    drawn = _drawn(conn, name, len(real) + len(held_out), seed)
    with working(f"{name}{ENDING}: importing TensorFlow"), quiet():
        from loaders.icons.networks import viewing
    bitmaps = np.concatenate([real, drawn[: len(real)]])
    targets = np.repeat([[1], [0]], [len(real), len(real)], axis=0)
    fitting = viewing.ViewFitting(
        epochs=1 if quick else 6, seed=seed, fewest_steps=1 if quick else 200
    )
    with closing(progress("steps", fitting.steps(len(bitmaps)), name + ENDING)) as bar:
        network = viewing.build(1, size, seed)
        viewing.fit(network, bitmaps, targets, fitting, bar)
    is_real, is_drawn = (
        viewing.logits_of(network, part)[:, 0] > 0 for part in (held_out, drawn[len(real) :])
    )
    right = float((is_real.mean() + 1 - is_drawn.mean()) / 2)
    with quiet():
        content, config = viewing.export(network, size)
    config |= {"network": "judge", "judges": name, "sets": live.config.get("sets", {})}
    metrics = {"right": right, "icons": {"train": len(bitmaps), "test": 2 * len(held_out)}}
    model_id = publish(conn, name + ENDING, config, metrics, content=content)
    return TrainedJudge(model_id, len(bitmaps), right)


def _drawn(conn: psycopg.Connection, name: str, n: int, seed: int) -> np.ndarray:
    """n bitmaps that a network draws, (n, size, size), at the usual temperatures in turn."""
    bitmaps: list[np.ndarray] = []
    with closing(progress("icons", n, f"drawn by {name}")) as bar:
        while len(bitmaps) < n:
            turn = len(bitmaps) // EACH
            values = (name, EACH, TEMPERATURES[turn % len(TEMPERATURES)], 1000 * seed + turn + 7)
            bitmaps += [pixels(bitmap) for (bitmap,) in conn.execute(DRAWN, values)]
            bar.update(min(EACH, n - bar.n))
    return np.stack(bitmaps[:n])
