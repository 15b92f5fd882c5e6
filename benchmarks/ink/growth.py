"""How much of the picture ink fills, and what it gains, beside growth by single pixels.

Channels are spread over block1 to block5. `by_pixels` is the growth of the first version: a step
flips the best pixels of the border; one that lowers the score is undone and retried with half as
many flips.
"""

import statistics
from collections.abc import Iterator

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.ink.drawings import SIDE, evaluator, network, request
from udfs import ink
from udfs.ink import Evaluate
from udfs.ink_strokes import best, border, gains

LAYERS = ("block1", "block2", "block3", "block4", "block5")
FILLED = 0.08  # a share of ink: below it a drawing is a fleck
FLIPS = 50  # of a step, single pixels
DRAW = "select score, ink from muse.deep_ink(%s, %s, steps => %s) order by step"


def growth(conn: psycopg.Connection, layers: list[str], quick: bool) -> Iterator[Row]:
    """Median ink, the share of drawings above 8 %, and gains, of 40 channels with defaults."""
    count, steps = (2, 20) if quick else (8, 200)
    shares: list[float] = []
    ratios: list[float] = []
    for layer in [name for name in LAYERS if name in layers]:
        opened, channels = network(conn, layer)
        drawn, single = [], []
        for channel in np.linspace(0, channels - 1, count).astype(int).tolist():
            rows = conn.execute(DRAW, (layer, channel, steps)).fetchall()
            shares.append(rows[-1][1] / SIDE**2)
            drawn.append(rows[-1][0] - rows[0][0])
            single.append(by_pixels(evaluator(opened, channels, channel), steps))
            ratios.append(drawn[-1] / max(single[-1], 1e-6))
        about = f"gain by strokes in {steps} steps, {layer}, mean of {count} channels"
        yield Row(about, statistics.fmean(drawn), "", "single pixels", statistics.fmean(single))
    about = f"{len(shares)} channels with defaults"
    yield Row(f"median ink, {about}", statistics.median(shares) * 100, "%")
    filled = statistics.fmean(share > FILLED for share in shares)
    yield Row(f"drawings with more than 8 % ink, {about}", filled * 100, "%")
    yield Row(f"median quotient of gains, {about}", statistics.median(ratios), "", "", 1)


def by_pixels(look: Evaluate, steps: int) -> float:
    """The gain of growth by single pixels, with as many looks."""
    settings = request(steps)
    objective = ink.Objective(look, settings, SIDE, np.random.default_rng(settings.seed))
    bits = ink.start(settings)
    first, gradient = objective(bits)
    score, flips = first, FLIPS
    tried = np.zeros_like(bits)  # pixels whose single flip did not raise the score
    for _ in range(steps):
        gain = gains(bits, objective.preference * gradient)
        chosen = best(np.where(border(bits) & ~tried, gain, -1), flips)
        if not chosen.any():
            break
        new_score, new_gradient = objective(bits ^ chosen)
        if new_score > score:
            bits, score, gradient = bits ^ chosen, new_score, new_gradient
            flips = min(2 * flips, FLIPS)
            tried[:] = False
        elif flips == 1:
            tried |= chosen
        else:
            flips = max(min(flips, int(chosen.sum())) // 2, 1)
    return score - first
