"""Deep Ink: drawings in two levels, optimized by the gradient of a network.

The score of a picture is the mean activation of a channel. Each step flips strokes of pixels that
raise the score by the gradient. A step may lower the score, the number of flips falls from step to
step, as the temperature of simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983), and the best
drawing is kept.
After Deep Dream (Mordvintsev, Olah, Tyka 2015), restricted to black and white.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from udfs import ink_request, runtime
from udfs.ink_pictures import gif, png
from udfs.ink_request import ARGUMENTS, InkRequest
from udfs.ink_strokes import Bits, Levels, best, gains, strokes

# From a picture of levels (side, side) to its score and the gradient (side, side).
Evaluate = Callable[[Levels], tuple[float, Levels]]

MOMENTUM = np.float32(0.8)  # of the gradient: the mean over some five steps has less noise
WARMING = 0.25  # share of the steps in which the number of flips rises, so that ink grows outwards
FIRST, COOLING = 0.05, 50  # flips of the first step, as a share; their quotient of start and end
SEEDS = (1 << 64) - 1  # a bigint may be negative, a seed of numpy may not


@dataclass
class Frame:
    """A frame of a drawing. flipped: pixels that differ from the previous frame."""

    step: int
    score: float
    flipped: int
    bits: Bits


def frames(evaluate: Evaluate, request: InkRequest, side: int) -> Iterator[Frame]:
    """Yield the start, every `every`-th step, and the end; a step evaluates one new drawing.

    A frame is the best drawing so far; in `original` mode it is the last one. evaluate: the
    network. side: of its input, a multiple of the drawing's size.
    """
    random = np.random.default_rng(request.seed & SEEDS)
    objective = Objective(evaluate, request, side, random)
    bits = start(request)
    score, gradient = objective(bits)
    yield Frame(0, score, int(bits.sum()), bits)
    top = shown = Frame(0, score, 0, bits)
    mean, step = gradient, 0
    while step < request.steps:
        chosen = choose(request, bits, objective.preference * mean, step)
        if not chosen.any():
            break
        step += 1
        bits = bits ^ chosen
        score, gradient = objective(bits)
        mean = gradient if request.original else mean + (gradient - mean) * (1 - MOMENTUM)
        if score > top.score or request.original:
            top = Frame(step, score, 0, bits)
        if step % request.every == 0:
            shown = Frame(step, top.score, int((top.bits ^ shown.bits).sum()), top.bits)
            yield shown
    if step > shown.step:
        yield Frame(step, top.score, int((top.bits ^ shown.bits).sum()), top.bits)


def choose(request: InkRequest, bits: Bits, change: Levels, step: int) -> Bits:
    """The pixels that a step flips; change: of the score where a pixel turns white."""
    gain = gains(bits, change)
    if request.original:
        return best(gain, request.flips)
    flips = temperature(request, step)
    return strokes(bits, gain, flips) if request.border_only else best(gain, flips)


def temperature(request: InkRequest, step: int) -> int:
    """The flips of a step: they rise to six tenths of `flips`, then fall to a fiftieth."""
    time = step / request.steps
    share = min(FIRST + time / WARMING, math.exp(-time * math.log(COOLING)))
    return max(round(request.flips * share), 1)


def start(request: InkRequest) -> Bits:
    """The start of a drawing: a scaled bitmap, or a disc in the middle."""
    if request.start is not None:
        bitmap: Bits = np.frombuffer(request.start.encode(), dtype=np.uint8) == ord("1")
        side = request.start_side
        times = request.size // side
        return cast(Bits, bitmap.reshape(side, side).repeat(times, axis=0).repeat(times, axis=1))
    y, x = np.mgrid[: request.size, : request.size] - request.size // 2
    disc: Bits = x * x + y * y < request.radius * request.radius
    return disc


class Objective:
    """Score and gradient of a drawing.

    preference: a random factor for each pixel, from 0.9 to 1, so that seeds draw different
    pictures, times the difference between white and black.
    """

    def __init__(
        self, evaluate: Evaluate, request: InkRequest, side: int, random: np.random.Generator
    ) -> None:
        self.evaluate, self.request, self.random = evaluate, request, random
        self.times = side // request.size
        self.preference: Levels = 1 - random.random(
            (request.size, request.size), np.float32
        ) * np.float32(0.1)
        if request.original:
            self.preference[:] = 1
        self.preference *= np.float32(request.white - request.black)

    def __call__(self, bits: Bits) -> tuple[float, Levels]:
        picture = np.where(bits, np.float32(self.request.black), np.float32(self.request.white))
        if self.times > 1:
            picture = picture.repeat(self.times, axis=0).repeat(self.times, axis=1)
        score, gradient = self.evaluate(picture)
        if self.request.jitter:  # averaging with a shifted picture draws smoother shapes
            gradient = (gradient + self._shifted_gradient(picture)) * np.float32(0.5)
        if self.times > 1:  # skip sums over single pixels, which are slow
            size = self.request.size
            gradient = gradient.reshape(size, self.times, size, self.times).sum(axis=(1, 3))
        return score, gradient

    def _shifted_gradient(self, picture: Levels) -> Levels:
        down, right = self.random.integers(-self.request.jitter, self.request.jitter + 1, 2)
        _, gradient = self.evaluate(np.roll(picture, (down, right), (0, 1)))
        return np.roll(gradient, (-down, -right), (0, 1))


# ---- entry points of SQL -------------------------------------------------------------------------


@runtime.returns_rows
def deep_ink(plpy: Any, cache: dict[str, Any], *arguments: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of deep_ink(): step, score, flipped, ink, picture. arguments: those of ARGUMENTS."""
    drawing = _frames(plpy, cache, arguments)
    return (
        (frame.step, frame.score, frame.flipped, int(frame.bits.sum()), png(frame.bits))
        for frame in drawing
    )


@runtime.returns_value
def deep_ink_gif(plpy: Any, cache: dict[str, Any], *arguments: Any) -> bytes:
    """An animated GIF. arguments: those of ARGUMENTS, then milliseconds per frame, and loop."""
    *drawing_arguments, milliseconds, loop = arguments
    if milliseconds is None or loop is None or not 20 <= milliseconds <= 10_000:
        runtime.fail(plpy, f"milliseconds must be from 20 to 10000, not {milliseconds}")
    drawings = [frame.bits for frame in _frames(plpy, cache, drawing_arguments)]
    return gif(drawings, milliseconds, loop=loop, checkpoint=lambda: runtime.checkpoint(plpy))


def _frames(plpy: Any, cache: dict[str, Any], arguments: Sequence[Any]) -> Iterator[Frame]:
    layers = ink_request.layers(plpy)
    request = ink_request.validate(plpy, layers, **dict(zip(ARGUMENTS, arguments, strict=True)))
    model = runtime.model(plpy, cache, f"ink_{request.layer}")
    weights = np.zeros(model.config["channels"], dtype=np.float32)
    for channel, weight in request.channels.items():
        weights[channel] += weight

    def evaluate(picture: Levels) -> tuple[float, Levels]:
        runtime.checkpoint(plpy)
        score, gradient = runtime.run(model, picture, weights)
        return float(score), gradient

    return frames(evaluate, request, model.config["size"])
