"""How much likelier than chance two tracks stand in one playlist, by the similarity of vectors.

A cosine of vectors says little to a person. On the held-out playlists it is compared with what
happened: the share of pairs of a visible and a hidden track that have this cosine, divided by the
share of pairs of a visible track and one that was drawn by its popularity. That is the lift of
market basket analysis, as a function of the cosine.
"""

import numpy as np

from loaders.songs.tuning import Evaluation, Scores

DRAWN = 2000  # random tracks per playlist
BINS = np.linspace(-1, 1, 201)
FEWEST = 50  # pairs of either kind in a bin; neighbouring bins are joined until each has so many


def measure(evaluation: Evaluation) -> dict[str, list[float]] | None:
    """Points of a curve that only rises, `similarity` and `lift`; None where pairs are few."""
    random = np.random.default_rng(0)
    popularity = evaluation.members.popularity
    share = popularity / popularity.sum()
    drawn = random.choice(len(share), size=DRAWN, p=share)
    together, chance = np.zeros(len(BINS) - 1), np.zeros(len(BINS) - 1)
    for one in evaluation.playlists:
        seeds = evaluation.inputs[one.visible]
        hidden = one.hidden[one.hidden >= 0]
        hidden = hidden[~np.isin(hidden, one.visible)]
        together += np.histogram(seeds @ evaluation.contexts[hidden].T, BINS)[0]
        others = drawn[~np.isin(drawn, one.visible)]
        chance += np.histogram(seeds @ evaluation.contexts[others].T, BINS)[0]
    return curve(together, chance)


def curve(together: Scores, chance: Scores) -> dict[str, list[float]] | None:
    """The ratio of two histograms over BINS, as a curve that only rises."""
    bins = _joined(together, chance)
    if len(bins) < 2:
        return None
    counts = np.array([(together[part].sum(), chance[part].sum()) for part in bins])
    ratios = (counts[:, 0] / counts[:, 0].sum()) / (counts[:, 1] / counts[:, 1].sum())
    middles = (BINS[:-1] + BINS[1:]) / 2
    places = [np.average(middles[part], weights=(together + chance)[part]) for part in bins]
    return {
        "similarity": [round(float(place), 3) for place in places],
        "lift": [round(float(ratio), 3) for ratio in _rising(ratios, counts[:, 0])],
    }


def _joined(together: Scores, chance: Scores) -> list[slice]:
    """Ranges of bins that have enough pairs of both kinds."""
    parts: list[slice] = []
    start = 0
    for end in range(1, len(together) + 1):
        if min(together[start:end].sum(), chance[start:end].sum()) >= FEWEST:
            parts.append(slice(start, end))
            start = end
    if parts:
        parts[-1] = slice(parts[-1].start, len(together))
    return parts


def _rising(values: Scores, weights: Scores) -> Scores:
    """The nearest sequence that never falls: pool adjacent violators."""
    pools: list[tuple[float, float, int]] = []
    for value, weight in zip(values, weights, strict=True):
        pools.append((float(value), float(weight), 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (one, one_weight, one_size), (other, other_weight, other_size) = pools[-2:]
            total = one_weight + other_weight
            mean = (one * one_weight + other * other_weight) / total
            pools[-2:] = [(mean, total, one_size + other_size)]
    return np.concatenate([np.full(size, value) for value, _, size in pools])
