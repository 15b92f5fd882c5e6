"""Networks of icons: bitmaps drawn by them, and what a bitmap costs them.

Two kinds, by what one run of the LiteRT graph says of a batch: `lines` draws a scanline, `tokens`
tells how likely every next token is. A bitmap's cost is the log-likelihood of its pixels, or of
its tokens, which say neither more nor less; in bits a pixel it is divided by size x size x ln 2.

Every bitmap has random numbers of its own, by seed and place: the first ones do not depend on n.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from udfs import runtime
from udfs.bitmap_tokens import encode
from udfs.bitmaps import BadBitmap, bits, pixels
from udfs.icon_grammar import Grammar

TEMPERATURES = 0.01, 100.0
MOST = 1000  # bitmaps at once
INK, BLANK = -1.0, 2.0  # noise that decides by itself
WARMER = 0.8


class Batch(NamedTuple):
    """Bitmaps of a batch, (batch, size, size) of bools, and their costs in nats, (batch)."""

    squares: np.ndarray
    nats: np.ndarray


def draw(
    plpy: Any, cache: dict[str, Any], name: str, n: int, temperature: float, seed: int
) -> list[tuple[int, str, float]]:
    """Rows of i, bitmap, and its cost in bits a pixel, of n new bitmaps.

    Errors: no such network, or an argument out of bounds.
    """
    if n is None or not 1 <= n <= MOST:
        runtime.fail(plpy, f"n must be from 1 to {MOST}, not {'null' if n is None else n}")
    low, high = TEMPERATURES
    if temperature is None or not low <= round(temperature, 6) <= high:  # nor what is no number
        told = "null" if temperature is None else f"{temperature:g}"
        runtime.fail(plpy, f"temperature must be from {low:g} to {high:g}, not {told}")
    model = network(plpy, cache, name)
    size, batch = model.config["size"], model.config["batch"]
    rows: list[tuple[int, str, float]] = []
    for start in range(0, n, batch):
        made = _inked(plpy, model, range(start, start + batch), temperature, seed or 0)
        costs = made.nats / (size * size * np.log(2))
        rows += [
            (start + i + 1, bits(square), float(cost))
            for i, (square, cost) in enumerate(zip(made.squares, costs, strict=True))
        ]
    return rows[:n]


def costs(
    plpy: Any, cache: dict[str, Any], bitmaps: Sequence[str | None] | None, name: str
) -> list[float]:
    """What each bitmap costs a network, in bits a pixel.

    Errors: no such network, a bitmap that has not its size, or has no ink.
    """
    model = network(plpy, cache, name)
    size, batch = model.config["size"], model.config["batch"]
    try:
        squares = [pixels(bitmap) for bitmap in bitmaps or []]
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    for square in squares:
        if len(square) != size:
            other = f"{len(square)} x {len(square)}"
            runtime.fail(plpy, f"{name} knows bitmaps of {size} x {size}, not of {other}")
        if not square.any():
            runtime.fail(plpy, "a bitmap without ink")
    told: list[float] = []
    for start in range(0, len(squares), batch):
        part = squares[start : start + batch]
        whole = np.stack(part + part[:1] * (batch - len(part)))
        nats = SCORES[model.config["network"]](plpy, model, whole).nats[: len(part)]
        told += (nats / (size * size * np.log(2))).tolist()
    return told


def network(plpy: Any, cache: dict[str, Any], name: str) -> runtime.Model:
    """The live network of that name. Errors: there is none, or it draws no icons."""
    model = runtime.model(plpy, cache, name or "")
    if model.config.get("network") not in KINDS:
        runtime.fail(plpy, f"model {name!r} draws no icons", "icons_32 is one that does")
    return model


def _step(model: runtime.Model, *given: np.ndarray) -> list[np.ndarray]:
    """One run of the network: the graph has its arguments and answers in an order of its own."""
    answers = runtime.run(model, *(given[place] for place in model.config["inputs"]))
    by_place = dict(zip(model.config["outputs"], answers, strict=True))
    return [by_place[place] for place in range(len(answers))]


def _inked(plpy: Any, model: runtime.Model, places: range, temperature: float, seed: int) -> Batch:
    """A batch of bitmaps that all have ink.

    Where none is likely, a bitmap is drawn again with other numbers, warmer each time.
    """
    size, batch = model.config["size"], len(places)
    sharpness = np.full(batch, 1 / temperature, dtype=np.float32)
    noise = np.zeros((batch, size, size), dtype=np.float32)
    blank: np.ndarray = np.ones(batch, dtype=bool)
    attempt = 0
    while blank.any():
        for one in np.flatnonzero(blank):
            numbers = np.random.default_rng((seed % (1 << 64), places[one], attempt))
            noise[one] = numbers.random((size, size), dtype=np.float32)
        made: Batch = KINDS[model.config["network"]](plpy, model, noise, sharpness)
        blank = ~np.any(made.squares, axis=(1, 2))
        sharpness[blank] *= WARMER
        attempt += 1
    return made


# Lines --------------------------------------------------------------------------------------


def _draw_lines(plpy: Any, model: runtime.Model, noise: np.ndarray, sharpness: np.ndarray) -> Batch:
    """All the lines from the top; `noise` (batch, size, size) decides where ink is."""
    batch, size, _ = noise.shape
    squares = np.zeros((batch, size + model.config["above"], size), dtype=np.float32)
    state = np.zeros((batch, size, model.config["channels"]), dtype=np.float32)
    nats = np.zeros(batch)
    for y in range(size):
        runtime.checkpoint(plpy)
        above = squares[:, y : y + model.config["above"]][:, ::-1]
        line, cost, state = _step(
            model,
            np.ascontiguousarray(above),
            np.full(batch, y, dtype=np.float32),
            state,
            noise[:, y],
            sharpness,
        )
        squares[:, y + model.config["above"]] = line
        nats += cost
    return Batch(squares[:, model.config["above"] :] > 0.5, nats)


def _score_lines(plpy: Any, model: runtime.Model, squares: np.ndarray) -> Batch:
    noise = np.where(squares, INK, BLANK).astype(np.float32)
    return _draw_lines(plpy, model, noise, np.ones(len(squares), dtype=np.float32))


# Tokens -------------------------------------------------------------------------------------


def _draw_tokens(
    plpy: Any, model: runtime.Model, noise: np.ndarray, sharpness: np.ndarray
) -> Batch:
    batch = len(noise)
    chance = noise.reshape(batch, -1)

    def choose(step: int, costs: np.ndarray) -> np.ndarray:
        """The token where the added-up probability passes a random number."""
        sharp = np.exp(sharpness[:, None] * (costs.min(1, keepdims=True) - costs))
        so_far = np.cumsum(sharp, axis=1)
        # A bitmap has fewer tokens than three times its pixels; random numbers come round again.
        wanted = chance[:, step % chance.shape[1], None] * so_far[:, -1:]
        first: np.ndarray = np.argmax(so_far > wanted, axis=1)
        return first

    return _say(plpy, model, batch, choose)


def _score_tokens(plpy: Any, model: runtime.Model, squares: np.ndarray) -> Batch:
    said = [encode(square, model.config["encoding"]) for square in squares]

    def choose(step: int, costs: np.ndarray) -> np.ndarray:
        end = costs.shape[1] - 1
        tokens = [tokens[step] if step < len(tokens) else end for tokens in said]
        return np.array(tokens)

    return _say(plpy, model, len(squares), choose)


def _say(plpy: Any, model: runtime.Model, batch: int, choose: Any) -> Batch:
    """Tokens until all have ended; `choose` gets what each would cost, (batch, tokens) nats."""
    grammar = Grammar(model.config["size"], model.config["encoding"], batch)
    state = np.zeros((batch, model.config["units"]), dtype=np.float32)
    last = np.full(batch, grammar.tokens, dtype=np.int32)  # a token of its own begins
    nats = np.zeros(batch)
    for step in itertools.count():
        runtime.checkpoint(plpy)
        logits, state = _step(model, last, grammar.seen(), state)
        costs = token_costs(logits, grammar.allowed())
        last = choose(step, costs).astype(np.int32)
        nats += costs[np.arange(batch), last]
        grammar.push(last)
        if grammar.ended.all():
            break
    size = model.config["size"]
    return Batch(grammar.flat.reshape(batch, size, size), nats)


def token_costs(logits: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """Nats of every token among those that are allowed; infinite for the others."""
    masked = np.where(allowed, logits.astype(np.float64), -np.inf)
    top = masked.max(1, keepdims=True)
    told: np.ndarray = top + np.log(np.exp(masked - top).sum(1, keepdims=True)) - masked
    return told


KINDS = {"lines": _draw_lines, "tokens": _draw_tokens}
SCORES = {"lines": _score_lines, "tokens": _score_tokens}
