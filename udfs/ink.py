"""Deep Ink: drawings in two levels, optimized by the gradient of a network.

The score of a picture is the mean activation of a channel. Each step flips the pixels that raise
the score most, by the gradient; a step that lowers the score is undone and retried with fewer
flips. After Deep Dream (Mordvintsev, Olah, Tyka 2015), restricted to black and white.
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
# From a picture of levels (side, side) to its score and the gradient (side, side).
Evaluate = Callable[[Levels], tuple[float, Levels]]

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

    evaluate: the network. side: of its input, a multiple of the drawing's size.
    """
    random = np.random.default_rng(request.seed & SEEDS)
    objective = Objective(evaluate, request, side, random)
    bits = start(request)
    score, gradient = objective(bits)
    yield Frame(0, score, int(bits.sum()), bits)
    shown, shown_step, flips = bits, 0, request.flips
    tried = np.zeros_like(bits)  # pixels whose single flip did not raise the score
    step = 0
    while step < request.steps:
        allowed = border(bits) & ~tried if request.border_only else ~tried
        chosen = best(bits, allowed, objective.preference * gradient, flips)
        if not chosen.any():
            break
        step += 1
        new_score, new_gradient = objective(bits ^ chosen)
        if new_score > score or request.original:
            bits, score, gradient = bits ^ chosen, new_score, new_gradient
            flips = min(2 * flips, request.flips)
            tried[:] = False
        elif flips == 1:
            tried |= chosen
        else:
            flips = max(min(flips, int(chosen.sum())) // 2, 1)
        if step % request.every == 0:
            yield Frame(step, score, int((bits ^ shown).sum()), bits)
            shown, shown_step = bits, step
    if step > shown_step:
        yield Frame(step, score, int((bits ^ shown).sum()), bits)


def best(bits: Bits, allowed: Bits, change: Levels, flips: int) -> Bits:
    """At most `flips` pixels with the largest positive expected gain.

    allowed: pixels that may flip. change: the expected change of the score where a pixel turns
    white.
    """
    candidates = np.flatnonzero(allowed)  # a few hundred at the border, faster than all pixels
    gain = change.ravel()[candidates]
    gain = np.where(bits.ravel()[candidates], gain, -gain)
    candidates, gain = candidates[gain > 0], gain[gain > 0]
    if flips < len(candidates):
        candidates = candidates[np.argpartition(gain, -flips)[-flips:]]
    chosen = np.zeros(bits.size, dtype=bool)
    chosen[candidates] = True
    return chosen.reshape(bits.shape)


def border(bits: Bits) -> Bits:
    """Pixels with a neighbour of the other colour above, below, left or right."""
    border = np.zeros_like(bits)
    across, down = bits[:, 1:] != bits[:, :-1], bits[1:] != bits[:-1]
    border[:, 1:] |= across
    border[:, :-1] |= across
    border[1:] |= down
    border[:-1] |= down
    return border


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


def deep_ink(plpy: Any, cache: dict[str, Any], *arguments: Any) -> Iterator[tuple[Any, ...]]:
    """Rows of deep_ink(): step, score, flipped, ink, picture. arguments: those of ARGUMENTS."""
    drawing = _frames(plpy, cache, arguments)  # errors are raised here, before the first row
    return (
        (frame.step, frame.score, frame.flipped, int(frame.bits.sum()), png(frame.bits))
        for frame in drawing
    )


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
