"""Which pixels a step of Deep Ink flips: strokes from the border of the ink, or single pixels."""

import heapq
from typing import Any

import numpy as np

Bits = np.ndarray[Any, np.dtype[np.bool_]]  # (size, size), True = ink
Levels = np.ndarray[Any, np.dtype[np.float32]]
OUTSIDE = 2  # the colour of the frame around a drawing: neither paper (0) nor ink (1)


def gains(bits: Bits, change: Levels) -> Levels:
    """The expected gain of each pixel's flip; change: of the score where a pixel turns white."""
    return np.where(bits, change, -change)


def strokes(bits: Bits, gain: Levels, flips: int) -> Bits:
    """At most `flips` pixels in connected runs that begin at the border of the ink.

    The pixel with the largest gain at the border flips, which moves the border, then the next one,
    as in Prim's algorithm: strokes follow the ridges of the gain. Pixels without a gain stay.
    """
    width = len(bits) + 2
    colours = np.pad(bits.astype(np.uint8), 1, constant_values=OUTSIDE).ravel().tolist()
    costs = np.pad(-gain, 1).ravel().tolist()
    around = (-width, -1, 1, width)
    first = np.flatnonzero(np.pad(border(bits) & (gain > 0), 1)).tolist()
    queue = [(costs[pixel], pixel) for pixel in first]
    heapq.heapify(queue)
    queued = set(first)
    chosen: list[int] = []
    while queue and len(chosen) < flips:
        _, pixel = heapq.heappop(queue)
        other = 1 - colours[pixel]
        if all(colours[pixel + step] != other for step in around):
            continue  # its neighbours have flipped: it is at the border no more
        colours[pixel] = other
        chosen.append(pixel)
        for step in around:
            near = pixel + step
            if colours[near] == 1 - other and costs[near] < 0 and near not in queued:
                queued.add(near)
                heapq.heappush(queue, (costs[near], near))
    flipped = np.zeros(width * width, dtype=bool)
    flipped[chosen] = True
    return flipped.reshape(width, width)[1:-1, 1:-1]


def best(gain: Levels, flips: int) -> Bits:
    """At most `flips` pixels with the largest positive gain, anywhere."""
    candidates = np.flatnonzero(gain > 0)
    if flips < len(candidates):
        values = gain.ravel()[candidates]
        candidates = candidates[np.argpartition(values, -flips)[-flips:]]
    chosen = np.zeros(gain.size, dtype=bool)
    chosen[candidates] = True
    return chosen.reshape(gain.shape)


def border(bits: Bits) -> Bits:
    """Pixels with a neighbour of the other colour above, below, left or right."""
    border = np.zeros_like(bits)
    across, down = bits[:, 1:] != bits[:, :-1], bits[1:] != bits[:-1]
    border[:, 1:] |= across
    border[:, :-1] |= across
    border[1:] |= down
    border[:-1] |= down
    return border
