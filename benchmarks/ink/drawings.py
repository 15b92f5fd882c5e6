"""What a drawing reaches: by the gradient, by chance, and where every level is allowed."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg

from benchmarks.core.report import Row
from udfs import ink, runtime
from udfs.ink import Evaluate
from udfs.ink_request import InkRequest
from udfs.ink_strokes import Levels, border

CONTENT = (
    "select content from muse.models join muse.deployments using (model_id, name) where name = %s"
)
SIDE, BLACK, WHITE = 224, 125.0, 129.0


def rows(layer: str, network: Any, channels: int, count: int, steps: int) -> Iterator[Row]:
    """Means over channels of what is gained over the start."""
    numbers = np.linspace(0, channels - 1, count).astype(int).tolist()
    drawn, chance, grey = [], [], []
    for number in numbers:
        look = evaluator(network, channels, number)
        frames = list(ink.frames(look, request(steps), SIDE))
        drawn.append(frames[-1].score - frames[0].score)
        chance.append(by_chance(look, [frame.flipped for frame in frames[1:]]) - frames[0].score)
        grey.append(any_level(look, steps) - frames[0].score)
    gained = float(np.mean(drawn))
    about = f"gained in {steps} steps, {layer}, mean of {count} channels"
    yield Row(about, gained, "", "random flips at the border", float(np.mean(chance)))
    yield Row(about, gained, "", "any grey level, same range", float(np.mean(grey)))


def request(steps: int) -> InkRequest:
    """As deep_ink() draws by default; every step is a frame."""
    return InkRequest(
        layer="", channels={}, steps=steps, flips=2000, size=SIDE, black=BLACK, white=WHITE,
        border_only=True, radius=5.5, start=None, seed=0, every=1, jitter=0, original=False,
    )  # fmt: skip


def network(conn: psycopg.Connection, layer: str) -> tuple[Any, int]:
    """The stored graph, open, and how many channels it has."""
    (content,) = conn.execute(CONTENT, (f"ink_{layer}",)).fetchone() or (b"",)
    query = "select channels from muse.ink_layers() where layer = %s"
    (channels,) = conn.execute(query, (layer,)).fetchone() or (0,)
    return runtime.open_network(content), channels


def evaluator(network: Any, channels: int, channel: int) -> Evaluate:
    """The graph for one channel."""
    weights = np.zeros(channels, dtype=np.float32)
    weights[channel] = 1

    def look(picture: Levels) -> tuple[float, Levels]:
        score, gradient = runtime.invoke(network, picture, weights)
        return float(score), gradient

    return look


def by_chance(look: Evaluate, flips: list[int]) -> float:
    """The score after as many flips of random border pixels as the drawing had, step by step."""
    dice = np.random.default_rng(0)
    bits = ink.start(request(1))
    for count in flips:
        places = np.flatnonzero(border(bits))
        chosen = dice.choice(places, min(count, len(places)), replace=False)
        flat = bits.ravel().copy()
        flat[chosen] ^= True
        bits = flat.reshape(bits.shape)
    return look(np.where(bits, np.float32(BLACK), np.float32(WHITE)))[0]


def any_level(look: Evaluate, steps: int) -> float:
    """The best score of a picture of any levels in between, by gradient ascent."""
    picture = np.where(ink.start(request(1)), np.float32(BLACK), np.float32(WHITE))
    best, (score, gradient) = -np.inf, look(picture)
    for _ in range(steps):
        best = max(best, score)
        length = float(np.abs(gradient).max()) or 1.0
        picture = np.clip(picture + gradient * (0.2 / length), BLACK, WHITE).astype(np.float32)
        score, gradient = look(picture)
    return max(best, score)
