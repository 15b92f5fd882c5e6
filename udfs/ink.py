"""Deep Ink: a blob of ink that grows where a network's gradient says.

A picture has two levels only. At every step the pixels are flipped whose flip promises most by
the gradient of a channel's mean activation; a step that lowers the score is taken back and tried
with fewer flips. After Deep Dream (Mordvintsev, Olah, Tyka 2015), with ink in place of light.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from udfs import ink_request, runtime
from udfs.ink_pictures import gif, png
from udfs.ink_request import ARGUMENTS, InkRequest

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


def frames(evaluate: Evaluate, asked: InkRequest, side: int) -> Iterator[Frame]:
    """The start, every `every`-th step and the end; a step is one look at a new drawing.

    evaluate: the network. side: of its input, a multiple of the drawing's size.
    """
    dice = np.random.default_rng(asked.seed & SEEDS)
    look = Objective(evaluate, asked, side, dice)
    bits = start(asked)
    score, gradient = look(bits)
    yield Frame(0, score, int(bits.sum()), bits)
    shown, told, flips = bits, 0, asked.flips
    tried = np.zeros_like(bits)  # pixels that alone did no good to the drawing as it is
    step = 0
    while step < asked.steps:
        allowed = border(bits) & ~tried if asked.border_only else ~tried
        chosen = best(bits, allowed, look.taste * gradient, flips)
        if not chosen.any():
            break
        step += 1
        new_score, new_gradient = look(bits ^ chosen)
        if new_score > score or asked.original:
            bits, score, gradient = bits ^ chosen, new_score, new_gradient
            flips = min(2 * flips, asked.flips)
            tried[:] = False
        elif flips == 1:
            tried |= chosen
        else:
            flips = max(min(flips, int(chosen.sum())) // 2, 1)
        if step % asked.every == 0:
            yield Frame(step, score, int((bits ^ shown).sum()), bits)
            shown, told = bits, step
    if step > told:
        yield Frame(step, score, int((bits ^ shown).sum()), bits)


def best(bits: Bits, allowed: Bits, change: Levels, flips: int) -> Bits:
    """The pixels whose flip promises most, `flips` at the most; none that promises nothing.

    allowed: those that may flip. change: of the score, by the gradient and the taste of a seed,
    where a pixel turns white.
    """
    candidates = np.flatnonzero(allowed)  # a few hundred at the border: all pixels take longer
    promise = change.ravel()[candidates]
    promise = np.where(bits.ravel()[candidates], promise, -promise)
    candidates, promise = candidates[promise > 0], promise[promise > 0]
    if flips < len(candidates):
        candidates = candidates[np.argpartition(promise, -flips)[-flips:]]
    chosen = np.zeros(bits.size, dtype=bool)
    chosen[candidates] = True
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


def start(asked: InkRequest) -> Bits:
    """A bitmap, or a disc in the middle."""
    if asked.start is not None:
        given: Bits = np.frombuffer(asked.start.encode(), dtype=np.uint8) == ord("1")
        side = asked.start_side
        times = asked.size // side
        return cast(Bits, given.reshape(side, side).repeat(times, axis=0).repeat(times, axis=1))
    y, x = np.mgrid[: asked.size, : asked.size] - asked.size // 2
    disc: Bits = x * x + y * y < asked.radius * asked.radius
    return disc


class Objective:
    """Scores of drawings, and gradients of their pixels.

    taste: how much a seed likes each pixel, from 0.9 to 1, so that seeds draw different pictures;
    times the difference between white and black.
    """

    def __init__(
        self, evaluate: Evaluate, asked: InkRequest, side: int, dice: np.random.Generator
    ) -> None:
        self.evaluate, self.asked, self.dice = evaluate, asked, dice
        self.times = side // asked.size
        self.taste: Levels = 1 - dice.random((asked.size, asked.size), np.float32) * np.float32(0.1)
        if asked.original:
            self.taste[:] = 1
        self.taste *= np.float32(asked.white - asked.black)

    def __call__(self, bits: Bits) -> tuple[float, Levels]:
        picture = np.where(bits, np.float32(self.asked.black), np.float32(self.asked.white))
        if self.times > 1:
            picture = picture.repeat(self.times, axis=0).repeat(self.times, axis=1)
        score, gradient = self.evaluate(picture)
        if self.asked.jitter:  # the mean with a moved picture draws smoother shapes
            gradient = (gradient + self._moved(picture)) * np.float32(0.5)
        if self.times > 1:  # sums over one pixel are slow
            size = self.asked.size
            gradient = gradient.reshape(size, self.times, size, self.times).sum(axis=(1, 3))
        return score, gradient

    def _moved(self, picture: Levels) -> Levels:
        down, right = self.dice.integers(-self.asked.jitter, self.asked.jitter + 1, 2)
        _, gradient = self.evaluate(np.roll(picture, (down, right), (0, 1)))
        return np.roll(gradient, (-down, -right), (0, 1))


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
    *asked, milliseconds, loop = arguments
    if milliseconds is None or loop is None or not 20 <= milliseconds <= 10_000:
        runtime.fail(plpy, f"milliseconds must be from 20 to 10000, not {milliseconds}")
    drawings = [frame.bits for frame in _drawn(plpy, cache, asked)]
    return gif(drawings, milliseconds, loop=loop, checkpoint=lambda: runtime.checkpoint(plpy))


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
