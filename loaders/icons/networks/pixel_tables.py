"""Baselines: the probability of ink by counts, per place or per context of neighbouring pixels.

A network has to need fewer bits a pixel on the same icons. The contexts are those of JBIG (10
pixels) and JBIG2 (16 pixels): ITU-T T.82 and T.88, template 0.
"""

from collections.abc import Callable

import numpy as np

# (down, right) of the pixels of a context, all earlier in reading order.
CONTEXT_10 = [(-2, x) for x in (-1, 0, 1)] + [(-1, x) for x in range(-2, 3)] + [(0, -2), (0, -1)]
CONTEXT_16 = (
    [(-2, x) for x in range(-2, 3)]
    + [(-1, x) for x in range(-3, 4)]
    + [(0, x) for x in range(-4, 0)]
)
PRIORS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # initial counts of both outcomes


def lines(train: np.ndarray, validation: np.ndarray, test: np.ndarray) -> dict[str, float]:
    """Bits a pixel of `test` by every table; icons are (n, size, size) of bool.

    The prior of each table is the one with the fewest bits on `validation`.
    """
    size = train.shape[-1]
    place = np.arange(size * size).reshape(1, size, size)
    keys: dict[str, Callable[[np.ndarray], np.ndarray]] = {
        "iid": lambda icons: np.zeros(icons.shape, dtype=int),
        "position": lambda icons: np.broadcast_to(place, icons.shape),
        "context 10": lambda icons: contexts(icons, CONTEXT_10),
        "context 16": lambda icons: contexts(icons, CONTEXT_16),
    }
    bits = {}
    for name, key in keys.items():
        cells = 1 + max(int(key(part).max()) for part in (train, validation, test))
        counts = np.stack(
            [np.bincount(key(train)[train == ink], minlength=cells) for ink in (False, True)]
        )
        prior = min(PRIORS, key=lambda prior: _bits(counts, prior, key(validation), validation))
        bits[name] = _bits(counts, prior, key(test), test)
    return bits


def contexts(icons: np.ndarray, around: list[tuple[int, int]]) -> np.ndarray:
    """The number of each pixel's context, (n, size, size); pixels outside are white."""
    size, room = icons.shape[-1], 4
    padded = np.pad(icons, ((0, 0), (room, room), (room, room)))
    numbers = np.zeros(icons.shape, dtype=int)
    for bit, (down, right) in enumerate(around):
        top, left = room + down, room + right
        numbers |= padded[:, top : top + size, left : left + size].astype(int) << bit
    return numbers


def _bits(counts: np.ndarray, prior: float, keys: np.ndarray, icons: np.ndarray) -> float:
    shares = (counts + prior) / (counts.sum(0) + 2 * prior)  # (2, cells)
    return float(-np.log2(shares[icons.astype(int), keys]).mean())
