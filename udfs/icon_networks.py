"""Networks of icons: draw bitmaps, and compute the negative log-likelihood of bitmaps.

A network of `lines` draws one scanline per run of its LiteRT graph; a network of `tokens` gives the
logits of the next token. The cost of a bitmap is its negative log-likelihood, over pixels or over
tokens, divided by size x size x ln 2: bits a pixel.

Every bitmap has its own random numbers, by seed and number: the first ones do not depend on n. Of
several candidates the one is taken that a judge, a network of its own, finds most like a real icon.

Where the icons that a network learned from are in the middle (`centred` in its config), its own are
moved there: it draws from the top, and often ends too early for the margin it left there.
"""

import itertools
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from udfs import captions, icon_choice, runtime
from udfs.bitmap_tokens import encode
from udfs.bitmaps import BadBitmap, bits, centred, pixels
from udfs.icon_grammar import Grammar
from udfs.icon_lines import input_lines

TEMPERATURES = 0.01, 100.0
MOST = 1000  # bitmaps per call
MOST_CANDIDATES = 20  # for each of them
CANDIDATE = 1 << 20  # from the number of a bitmap to that of its next candidate
INK, BLANK = -1.0, 2.0  # noise that forces a pixel
SHARPNESS_DECAY = 0.8  # factor of 1 / temperature per new attempt
# Classifier-free guidance (Ho and Salimans 2022): with a caption, pixels are drawn by the logits
# without it + GUIDANCE * (the difference that it makes).
GUIDANCE = 2.0
FULL = 0.7  # share of the lines from which a start leaves little to draw


class Wish(NamedTuple):
    """What to draw. lines: the first ones, (lines, size), which stay; caption: (LENGTH)."""

    temperature: float
    seed: int
    lines: np.ndarray | None
    caption: np.ndarray


class Batch(NamedTuple):
    """Bitmaps of a batch, (batch, size, size) of bools, and their costs in nats, (batch)."""

    squares: np.ndarray
    nats: np.ndarray


@runtime.returns_rows
def draw(
    plpy: Any,
    cache: dict[str, Any],
    name: str,
    n: int,
    temperature: float,
    seed: int,
    start: str | None = None,
    words: str | None = None,
    style: str | None = None,
    best_of: int = 1,
) -> list[tuple[int, str, float, float | None]]:
    """Draw n new bitmaps; rows of number (from 1), bitmap, cost in bits a pixel, and score.

    start: a bitmap whose lines are kept, down to the last one with ink. words and style: what the
    bitmap shows, and how; see `captions`. best_of: the number of candidates for each bitmap. The
    score is that of the best one, None for one candidate; see `icon_choice`.

    SQL errors: no such network, or an argument out of bounds.
    """
    _check(plpy, n, temperature, best_of)
    model = network(plpy, cache, name)
    size = model.config["size"]
    wish = Wish(
        temperature,
        seed or 0,
        None if start is None else _first_lines(plpy, model, name, start),
        _caption(plpy, model, name, words, style),
    )
    numbers = [i + n_of * CANDIDATE for i in range(n) for n_of in range(best_of)]
    room = model.config["batch"] // (2 if is_guided(model, wish.caption) else 1)
    squares, nats = [], []
    for first in range(0, len(numbers), room):
        part = numbers[first : first + room]
        part += [part[-1] + 1 + i for i in range(room - len(part))]
        drawn = _draw_batch(plpy, model, part, wish)
        squares.append(drawn.squares)
        nats.append(drawn.nats)
    drawn = Batch(np.concatenate(squares)[: len(numbers)], np.concatenate(nats)[: len(numbers)])
    placed = drawn.squares
    if model.config.get("centred") and start is None:
        placed = np.stack([centred(square) for square in placed])
    best, scores = icon_choice.best(plpy, cache, model, placed, words, best_of)
    nats_of_best = drawn.nats[best]
    moved = np.flatnonzero((placed != drawn.squares)[best].any(axis=(1, 2)))
    nats_of_best[moved] = _nats(plpy, model, placed[best[moved]], wish.caption)
    costs = nats_of_best / (size * size * np.log(2))
    return [
        (i + 1, bits(placed[number]), float(costs[i]), scores[i])
        for i, number in enumerate(best.tolist())
    ]


def _check(plpy: Any, n: int | None, temperature: float | None, best_of: int | None) -> None:
    """SQL errors: an argument out of bounds."""
    if n is None or not 1 <= n <= MOST:
        runtime.fail(plpy, f"n must be from 1 to {MOST}, not {'null' if n is None else n}")
    low, high = TEMPERATURES
    if temperature is None or not low <= round(temperature, 6) <= high:  # NaN is rejected too
        text = "null" if temperature is None else f"{temperature:g}"
        runtime.fail(plpy, f"temperature must be from {low:g} to {high:g}, not {text}")
    if best_of is None or not 1 <= best_of <= MOST_CANDIDATES:
        text = "null" if best_of is None else str(best_of)
        runtime.fail(plpy, f"best_of must be from 1 to {MOST_CANDIDATES}, not {text}")


def _caption(
    plpy: Any, model: runtime.Model, name: str, words: str | None, style: str | None
) -> np.ndarray:
    """The caption of a wish. SQL errors: the network reads none, or has not seen the style."""
    if words is None and style is None:
        return captions.numbers([])
    styles = model.config.get("styles")
    if styles is None:
        hint = "icons_32 does; an older one is replaced by: ./pgmuse load models"
        runtime.fail(plpy, f"{name} reads no words and styles", hint)
    sets = {one.lower() for one in model.config.get("sets", {})}
    if style is not None and style.lower() not in (*styles, *sets):
        hint = f"it has {', '.join(styles)}, and the names of sets in models.config -> 'sets'"
        runtime.fail(plpy, f"{name} has no style {style!r}", hint)
    texts = captions.words_of(words or "")
    if words is not None and not texts:
        runtime.fail(plpy, "words has no words", "words => 'home' is an example")
    is_set = style is not None and style.lower() not in styles
    return captions.numbers(
        texts, "" if is_set else (style or "").lower(), style or "" if is_set else ""
    )


def costs(
    plpy: Any, cache: dict[str, Any], bitmaps: Sequence[str | None] | None, name: str
) -> list[float]:
    """The cost of each bitmap for a network, in bits a pixel.

    SQL errors: no such network, or a bitmap of another size or without ink.
    """
    model = network(plpy, cache, name)
    size = model.config["size"]
    try:
        squares = [pixels(bitmap) for bitmap in bitmaps or []]
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    for square in squares:
        if len(square) != size:
            other = f"{len(square)} x {len(square)}"
            runtime.fail(plpy, f"{name} takes bitmaps of {size} x {size}, not of {other}")
        if not square.any():
            runtime.fail(plpy, "a bitmap has no ink")
    if not squares:
        return []
    nats = _nats(plpy, model, np.stack(squares), captions.numbers([]))
    costs: list[float] = (nats / (size * size * np.log(2))).tolist()
    return costs


def _nats(plpy: Any, model: runtime.Model, squares: np.ndarray, caption: np.ndarray) -> np.ndarray:
    """The cost of each bitmap, given a caption, in nats, (n)."""
    batch = model.config["batch"]
    nats = np.zeros(len(squares))
    for start in range(0, len(squares), batch):
        part = squares[start : start + batch]
        padded = np.concatenate([part, np.repeat(part[:1], batch - len(part), axis=0)])
        drawn = SCORES[model.config["network"]](plpy, model, padded, caption)
        nats[start : start + batch] = drawn.nats[: len(part)]
    return nats


def network(plpy: Any, cache: dict[str, Any], name: str) -> runtime.Model:
    """The live network of a name. SQL errors: there is none, or it does not draw icons."""
    model = runtime.model(plpy, cache, name or "")
    if model.config.get("network") not in KINDS:
        runtime.fail(plpy, f"model {name!r} draws no icons", "icons_32 is one that does")
    return model


def _first_lines(plpy: Any, model: runtime.Model, name: str, start: str) -> np.ndarray:
    """The lines of a bitmap to its last ink, (lines, size) of bools. SQL errors: it has none."""
    size = model.config["size"]
    try:
        square = pixels(start)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    if model.config["network"] != "lines":
        runtime.fail(plpy, f"{name} finishes no icons", "icons_32 does")
    if len(square) != size or not square.any():
        runtime.fail(plpy, f"start is a bitmap of {size} x {size} pixels with ink")
    lines = square[: np.flatnonzero(square.any(axis=1))[-1] + 1]
    if len(lines) > FULL * size:
        half = size * size // 2
        plpy.notice(
            f"start has ink down to line {len(lines)} of {size}, and all of it is kept",
            hint=f"start => bitmap >> {half} << {half} keeps the upper half",
        )
    return lines


def _step(model: runtime.Model, *arguments: np.ndarray) -> list[np.ndarray]:
    """Run the graph once; `inputs` and `outputs` of its config give the order of its tensors."""
    results = runtime.run(model, *(arguments[number] for number in model.config["inputs"]))
    by_number = dict(zip(model.config["outputs"], results, strict=True))
    return [by_number[number] for number in range(len(results))]


def _draw_batch(plpy: Any, model: runtime.Model, numbers: Sequence[int], wish: Wish) -> Batch:
    """Draw a batch of bitmaps that all have ink, each with the random numbers of its number.

    A blank bitmap is drawn again with other random numbers, at a higher temperature each time.
    """
    size, batch = model.config["size"], len(numbers)
    sharpness = np.full(batch, 1 / wish.temperature, dtype=np.float32)
    noise = np.zeros((batch, size, size), dtype=np.float32)
    blank: np.ndarray = np.ones(batch, dtype=bool)
    attempt = 0
    while blank.any():
        for one in np.flatnonzero(blank):
            random = np.random.default_rng((wish.seed % (1 << 64), numbers[int(one)], attempt))
            noise[one] = random.random((size, size), dtype=np.float32)
            if wish.lines is not None:
                noise[one, : len(wish.lines)] = np.where(wish.lines, INK, BLANK)
        drawn: Batch = KINDS[model.config["network"]](plpy, model, noise, sharpness, wish.caption)
        blank = ~np.any(drawn.squares, axis=(1, 2))
        sharpness[blank] *= SHARPNESS_DECAY
        attempt += 1
    return drawn


# Lines --------------------------------------------------------------------------------------


def _draw_lines(
    plpy: Any,
    model: runtime.Model,
    noise: np.ndarray,
    sharpness: np.ndarray,
    caption: np.ndarray,
) -> Batch:
    """Draw all lines from the top; noise: (n, size, size), the random number of each pixel.

    n: the batch of the graph, or half of it, where bitmaps are guided by their caption.
    """
    n = len(noise)
    captioned = np.repeat(caption[None], n, axis=0)
    mix = np.eye(model.config["batch"], dtype=np.float32)
    if is_guided(model, caption):  # each bitmap twice, the second time without its caption
        mix = np.kron([[GUIDANCE, 1 - GUIDANCE]] * 2, np.eye(n)).astype(np.float32)
        noise, sharpness = np.concatenate([noise, noise]), np.concatenate([sharpness, sharpness])
        captioned = np.concatenate([captioned, np.zeros_like(captioned)])
    drawn = _run_lines(plpy, model, noise, sharpness, captioned, mix)
    return Batch(drawn.squares[:n], drawn.nats[:n])


def _score_lines(
    plpy: Any, model: runtime.Model, squares: np.ndarray, caption: np.ndarray
) -> Batch:
    batch = len(squares)
    noise = np.where(squares, INK, BLANK).astype(np.float32)
    captioned = np.repeat(caption[None], batch, axis=0)
    return _run_lines(
        plpy, model, noise, np.ones(batch, np.float32), captioned, np.eye(batch, dtype=np.float32)
    )


def _run_lines(
    plpy: Any,
    model: runtime.Model,
    noise: np.ndarray,
    sharpness: np.ndarray,
    captioned: np.ndarray,
    mix: np.ndarray,
) -> Batch:
    """Draw a whole batch; captioned: (batch, LENGTH); mix: see LineNetwork.step."""
    batch, size, _ = noise.shape
    squares = np.zeros((batch, size, size), dtype=np.float32)
    state = np.zeros((batch, size, model.config["channels"]), dtype=np.float32)
    nats = np.zeros(batch)
    for y in range(size):
        runtime.checkpoint(plpy)
        lines = input_lines(squares, y)[:, : model.config["above"]]
        line, cost, state = _step(
            model,
            np.ascontiguousarray(lines),
            np.full(batch, y, dtype=np.float32),
            state,
            noise[:, y],
            sharpness,
            captioned,
            mix,
        )
        squares[:, y] = line
        nats += cost
    return Batch(squares > 0.5, nats)


def is_guided(model: runtime.Model, caption: np.ndarray) -> bool:
    """Whether a bitmap is drawn by the logits with a caption and without."""
    return bool(caption.any()) and bool(model.config.get("mixes"))


# Tokens -------------------------------------------------------------------------------------


def _draw_tokens(
    plpy: Any,
    model: runtime.Model,
    noise: np.ndarray,
    sharpness: np.ndarray,
    caption: np.ndarray,
) -> Batch:
    batch = len(noise)
    chance = noise.reshape(batch, -1)

    def choose(step: int, costs: np.ndarray) -> np.ndarray:
        """Sample a token by inverting the cumulative distribution."""
        sharp = np.exp(sharpness[:, None] * (costs.min(1, keepdims=True) - costs))
        cumulative = np.cumsum(sharp, axis=1)
        # There are at most three tokens per pixel, so random numbers are reused.
        threshold = chance[:, step % chance.shape[1], None] * cumulative[:, -1:]
        first: np.ndarray = np.argmax(cumulative > threshold, axis=1)
        return first

    return _run_tokens(plpy, model, batch, choose)


def _score_tokens(
    plpy: Any, model: runtime.Model, squares: np.ndarray, caption: np.ndarray
) -> Batch:
    sequences = [encode(square, model.config["encoding"]) for square in squares]

    def choose(step: int, costs: np.ndarray) -> np.ndarray:
        end = costs.shape[1] - 1
        tokens = [tokens[step] if step < len(tokens) else end for tokens in sequences]
        return np.array(tokens)

    return _run_tokens(plpy, model, len(squares), choose)


def _run_tokens(plpy: Any, model: runtime.Model, batch: int, choose: Any) -> Batch:
    """Append tokens until all bitmaps have ended.

    choose: from the step and the cost of each token, (batch, tokens) in nats, to tokens (batch).
    """
    grammar = Grammar(model.config["size"], model.config["encoding"], batch)
    state = np.zeros((batch, model.config["units"]), dtype=np.float32)
    last = np.full(batch, grammar.tokens, dtype=np.int32)  # the start token
    nats = np.zeros(batch)
    for step in itertools.count():
        runtime.checkpoint(plpy)
        logits, state = _step(model, last, grammar.context(), state)
        costs = token_costs(logits, grammar.allowed())
        last = choose(step, costs).astype(np.int32)
        nats += costs[np.arange(batch), last]
        grammar.push(last)
        if grammar.ended.all():
            break
    size = model.config["size"]
    return Batch(grammar.flat.reshape(batch, size, size), nats)


def token_costs(logits: np.ndarray, allowed: np.ndarray) -> np.ndarray:
    """The cost of every token in nats, normalized over allowed tokens; infinite for others."""
    masked = np.where(allowed, logits.astype(np.float64), -np.inf)
    top = masked.max(1, keepdims=True)
    costs: np.ndarray = top + np.log(np.exp(masked - top).sum(1, keepdims=True)) - masked
    return costs


KINDS = {"lines": _draw_lines, "tokens": _draw_tokens}
SCORES = {"lines": _score_lines, "tokens": _score_tokens}
