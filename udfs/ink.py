"""Deep Ink: a blob of ink that grows where a network's gradient says.

A picture has two levels only. At every step the pixels are flipped whose flip promises most by
the gradient of a channel's mean activation; a step that lowers the score is taken back and tried
with fewer flips. After Deep Dream (Mordvintsev, Olah, Tyka 2015), with ink in place of light.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from udfs import ink_request, runtime
from udfs.ink_pictures import gif, png
from udfs.ink_request import ARGUMENTS, Request

Bits = np.ndarray[Any, np.dtype[np.bool_]]  # (size, size), True = ink
Levels = np.ndarray[Any, np.dtype[np.float32]]
# A picture of levels (side, side) to its score, and the score's gradient of the same shape.
Evaluate = Callable[[Levels], tuple[float, Levels]]

SEEDS = (1 << 64) - 1  # a bigint may be negative, a seed may not


@dataclass
class Frame:
    """A picture on the way. flipped: pixels that differ from the frame before."""

    step: int
    score: float
    flipped: int
    bits: Bits


def frames(evaluate: Evaluate, asked: Request, side: int) -> Iterator[Frame]:
    """The start, every `every`-th step and the end; a step is one evaluation at least.

    evaluate: the network. side: of its input, a multiple of the drawing's size.
    """
    dice = np.random.default_rng(asked.seed & SEEDS)
    look = _shifted(evaluate, dice, asked.jitter) if asked.jitter else evaluate
    bits = start(asked)
    shown, score, gradient = bits, *_look(evaluate, look, bits, asked, side)
    yield Frame(0, score, int(bits.sum()), bits)
    step, told, flips = 0, 0, asked.flips
    while step < asked.steps:
        chosen = choose(bits, gradient, asked, flips)
        if not chosen.any():
            break
        step += 1
        trial = bits ^ chosen
        new_score, new_gradient = _look(evaluate, look, trial, asked, side)
        if new_score > score or asked.original:
            bits, score, gradient = trial, new_score, new_gradient
            flips = min(2 * flips, asked.flips)
        elif flips == 1:
            break
        else:
            flips = min(flips, int(chosen.sum())) // 2 or 1
        if step % asked.every == 0:
            yield Frame(step, score, int((bits ^ shown).sum()), bits)
            shown, told = bits, step
    if step > told:
        yield Frame(step, score, int((bits ^ shown).sum()), bits)


def choose(bits: Bits, gradient: Levels, asked: Request, flips: int) -> Bits:
    """Which pixels to flip: those that promise most, `flips` at the most.

    gradient: of each pixel of the drawing, (size, size).
    """
    towards_ink = gradient if asked.black > asked.white else -gradient
    promise = np.where(bits, -towards_ink, towards_ink)
    if asked.border_only:
        promise = np.where(border(bits), promise, 0)
    flat = promise.ravel()
    best = np.argpartition(flat, -flips)[-flips:] if flips < flat.size else np.arange(flat.size)
    chosen = np.zeros(flat.size, dtype=bool)
    chosen[best[flat[best] > 0]] = True
    return chosen.reshape(bits.shape)


def border(bits: Bits) -> Bits:
    """Pixels with a neighbour of the other colour above, below, left or right."""
    found = np.zeros_like(bits)
    across, down = bits[:, 1:] != bits[:, :-1], bits[1:] != bits[:-1]
    found[:, 1:] |= across
    found[:, :-1] |= across
    found[1:] |= down
    found[:-1] |= down
    return found


def start(asked: Request) -> Bits:
    """A bitmap, or a disc in the middle."""
    if asked.start is not None:
        given = np.frombuffer(asked.start.encode(), dtype=np.uint8) == ord("1")
        side = asked.start_side
        times = asked.size // side
        return given.reshape(side, side).repeat(times, axis=0).repeat(times, axis=1)
    y, x = np.mgrid[: asked.size, : asked.size] - asked.size // 2
    return x * x + y * y < asked.radius * asked.radius


def _look(
    evaluate: Evaluate, look: Evaluate, bits: Bits, asked: Request, side: int
) -> tuple[float, Levels]:
    """The score of a drawing, and the gradient of its pixels."""
    levels = np.where(bits, np.float32(asked.black), np.float32(asked.white))
    times = side // asked.size
    picture = levels.repeat(times, axis=0).repeat(times, axis=1)
    score, gradient = evaluate(picture)
    if look is not evaluate:  # the mean over shifts draws smoother shapes
        gradient = (gradient + look(picture)[1]) / 2
    blocks = gradient.reshape(asked.size, times, asked.size, times)
    return score, blocks.sum(axis=(1, 3))


def _shifted(evaluate: Evaluate, dice: np.random.Generator, jitter: int) -> Evaluate:
    """The same network on a picture that is moved by up to `jitter` pixels."""

    def look(picture: Levels) -> tuple[float, Levels]:
        down, right = dice.integers(-jitter, jitter + 1, 2)
        score, gradient = evaluate(np.roll(picture, (down, right), (0, 1)))
        return score, np.roll(gradient, (-down, -right), (0, 1))

    return look


# ---- what SQL calls -------------------------------------------------------------------------


def deep_ink(plpy: Any, cache: dict[str, Any], *arguments: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of deep_ink(): step, score, flipped, ink, picture. arguments: those of ARGUMENTS."""
    made = _drawn(plpy, cache, arguments)  # errors are raised here, before the first row
    return (
        (frame.step, frame.score, frame.flipped, int(frame.bits.sum()), png(frame.bits))
        for frame in made
    )


def deep_ink_gif(plpy: Any, cache: dict[str, Any], *arguments: Any) -> bytes:
    """An animation. arguments: those of ARGUMENTS, then milliseconds a frame and loop."""
    *arguments, milliseconds, loop = arguments
    if milliseconds is None or loop is None or not 20 <= milliseconds <= 10_000:
        runtime.fail(plpy, f"milliseconds must be from 20 to 10000, not {milliseconds}")
    return gif([frame.bits for frame in _drawn(plpy, cache, arguments)], milliseconds, loop=loop)


def _drawn(plpy: Any, cache: dict[str, Any], arguments: Sequence[Any]) -> Iterator[Frame]:
    layers = ink_request.layers(plpy)
    asked = ink_request.checked(plpy, layers, **dict(zip(ARGUMENTS, arguments, strict=True)))
    model = runtime.model(plpy, cache, f"ink_{asked.layer}")
    weights = np.zeros(model.config["channels"], dtype=np.float32)
    for channel, weight in asked.channels.items():
        weights[channel] += weight

    def evaluate(picture: Levels) -> tuple[float, Levels]:
        runtime.checkpoint(plpy)
        score, gradient = runtime.run(model, picture, weights)
        return float(score), gradient

    return frames(evaluate, asked, model.config["size"])
