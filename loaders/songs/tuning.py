"""Choose the settings of the song radio on held-out playlists, and measure it.

What continues playlists best differs: in listening sessions the last track counts most, and where
playlists are few, or have an order of their own, vectors add little. So each training tries every
combination on the held-out ends of the database's own playlists.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np
import scipy.sparse as sp

from loaders.songs.neighbors import ALL_PAIRS, KEPT_DENSE, Membership, Neighbors
from loaders.songs.ranking import CANDIDATES, Quality, mean, measure_ranks
from loaders.songs.word2vec import ItemVectors, Matrix

EXPONENTS = (0.0, 0.5, 1.0, 2.0, 4.0)
# Weights of the cosine and of the neighbours' sum.
WEIGHTS = ((0.0, 1.0), (0.375, 1.0), (0.75, 1.0), (1.5, 1.0), (3.0, 1.0), (1.0, 0.0))
SHRINKS = (1.0, 3.0, 10.0)  # of counts
PENALTIES = {"ease": (10.0, 100.0), "factors": (30.0,)}
LARGE = 8_000  # items: for more, EASE takes minutes, and one penalty is tried
NEAREST = 1000  # candidates of each term, as song_radio compares them
FEWEST = 20  # held-out playlists: fewer prove nothing
Numbers = np.ndarray[Any, np.dtype[np.int64]]
Scores = np.ndarray[Any, np.dtype[np.float64]]


@dataclass(frozen=True)
class RadioSettings:
    """How the radio adds its terms. A seed has the weight 1/(places from the end + 1)^exponent."""

    exponent: float = 0.5
    vectors: float = 1.5  # weight of the cosine
    neighbors: float = 1.0  # weight of the neighbours' sum, divided by its maximum
    kind: Neighbors = field(default_factory=Neighbors)

    @property
    def steps(self) -> float:
        """How far these settings are from the defaults."""
        weights = (self.vectors, self.neighbors)
        return (
            abs(EXPONENTS.index(self.exponent) - EXPONENTS.index(0.5))
            + abs(WEIGHTS.index(weights) - WEIGHTS.index((1.5, 1.0))) / 2
            + (self.kind.kind != "counts")
            + (self.kind.strength != 1) / 2
        )

    def __str__(self) -> str:
        weights = f"vectors {self.vectors:g}, neighbours {self.neighbors:g}"
        return f"{weights} by {self.kind.kind}, exponent of the seeds {self.exponent:g}"

    def as_dict(self) -> dict[str, float]:
        """For models.config: what song_radio reads."""
        return {name: value for name, value in asdict(self).items() if name != "kind"}


@dataclass(frozen=True)
class HeldOut:
    """A playlist whose end is hidden. Items are numbers; unknown hidden ones are -1."""

    visible: Numbers  # distinct, the last place of each decides their order
    ages: Numbers  # places from the end, from 2 for the last
    hidden: Numbers


@dataclass(frozen=True)
class Tuning:
    """The best settings, and the quality of every method on the held-out playlists."""

    settings: RadioSettings
    qualities: dict[str, Quality]

    @property
    def beats_popularity(self) -> bool:
        """Whether the last method ranks hidden items better than popularity does."""
        popularity, *_, ours = self.qualities.values()
        return ours.ndcg > popularity.ndcg and ours.hits > popularity.hits


def tune(
    evaluation: "Evaluation",
    kind: Neighbors | None = None,
    on_settings: Callable[[int], Any] = lambda settings: None,
) -> Tuning:
    """Compare settings on held-out playlists.

    kind: of the neighbours; None: all kinds are compared, and the radio is measured too. The first
    kind is compared with every exponent, the others with the best one and those beside it.

    The radio's quality is measured on playlists that did not choose its settings: each half of the
    playlists is measured with the choice of the other half.
    """
    first, *others = kinds(len(evaluation.members.items)) if kind is None else [kind]
    rows = evaluation.of_kind(first)
    on_settings(len(rows))
    best = max(rows, key=lambda row: _score(row[1]).mean())[0].exponent
    place = EXPONENTS.index(best)
    for one in others:
        more = evaluation.of_kind(one, EXPONENTS[max(place - 1, 0) : place + 2])
        on_settings(len(more))
        rows += more
    choices = [settings for settings, _ in rows]
    table = np.stack([scores for _, scores in rows])  # (settings, playlists, 5)
    plain = [one.exponent == 0.5 and not one.vectors for one in choices].index(True)
    vectors = [one.exponent == 0.5 and not one.neighbors for one in choices].index(True)
    qualities = {
        "popularity": mean(evaluation.popularity()),
        "neighbors": mean(table[plain]),  # item-kNN with our weights of playlists and seeds
        "word2vec": mean(table[vectors]),
    }
    if kind is None:
        qualities["radio"] = mean(crossed(table, choices))
    return Tuning(choices[choose(table, choices)], qualities)


def kinds(items: int) -> list[Neighbors]:
    """The kinds of neighbours that are compared, the default first."""
    counted = [Neighbors("counts", shrink) for shrink in SHRINKS]
    if items > ALL_PAIRS:
        return counted
    return counted + [
        Neighbors(f"{joined}{kind}", penalty, KEPT_DENSE)
        for kind, penalties in PENALTIES.items()
        for penalty in (penalties if items <= LARGE else penalties[-1:])
        for joined in ("", "counts+")
    ]


def _score(scores: Scores) -> Scores:
    """NDCG@500 and half of HR@10, of the last axis."""
    return np.asarray(scores[..., 1] + scores[..., 2] / 2)


def choose(table: Scores, choices: Sequence[RadioSettings]) -> int:
    """The row of the setting nearest to the defaults of those that are as good as the best.

    As good: the sum of NDCG@500 and half of HR@10 is within one standard error, over the same
    playlists (Breiman et al. 1984, "Classification and Regression Trees"). The best of many
    settings is partly luck.
    """
    scores = _score(table)
    behind = scores[scores.mean(axis=1).argmax()] - scores
    error = behind.std(axis=1) / np.sqrt(behind.shape[1])
    as_good = np.flatnonzero(behind.mean(axis=1) <= error)
    return min(as_good.tolist(), key=lambda row: (choices[row].steps, behind[row].mean()))


def crossed(table: Scores, choices: Sequence[RadioSettings]) -> Scores:
    """Scores of each half of the playlists with the settings that the other half chose."""
    halves = np.arange(table.shape[1]) % 2 == 0, np.arange(table.shape[1]) % 2 == 1
    parts: list[Scores] = [
        table[choose(table[:, other], choices)][one] for one, other in (halves, halves[::-1])
    ]
    return np.concatenate(parts)


class Evaluation:
    """Ranks of hidden items under many settings, by the candidates that song_radio compares."""

    def __init__(
        self,
        members: Membership,
        vectors: ItemVectors,
        held_out: Sequence[tuple[list[str], list[str]]],
    ) -> None:
        """members: of the visible parts. held_out: (visible, hidden) parts of playlists."""
        self.members = members
        self.playlists = list(_numbered(members, held_out))
        width = vectors.inputs.shape[1]
        self.inputs = np.zeros((len(members.items), width), dtype=np.float32)
        self.contexts = np.zeros_like(self.inputs)
        rows = [members.number[item] for item in vectors.items]
        self.inputs[rows], self.contexts[rows] = vectors.inputs, vectors.contexts
        self.nearest = {
            exponent: [self._nearest(one, exponent) for one in self.playlists]
            for exponent in EXPONENTS
        }

    def of_kind(
        self, kind: Neighbors, exponents: Sequence[float] = EXPONENTS
    ) -> list[tuple[RadioSettings, Scores]]:
        """Every setting with neighbours of this kind, with its scores by playlist."""
        similar = self._similarities(kind)
        rows = [self._compare(similar, number, exponents) for number in range(len(self.playlists))]
        table = np.stack(rows, axis=2)  # (exponents, weights, playlists, 5)
        return [
            (RadioSettings(exponent, cosine, neighbors, kind), table[i, j])
            for i, exponent in enumerate(exponents)
            for j, (cosine, neighbors) in enumerate(WEIGHTS)
        ]

    def popularity(self) -> Scores:
        """Scores of the most played items."""
        counts = self.members.popularity.astype(float)
        return np.concatenate([self._scores(counts[None], one.hidden, one.visible, None)
                               for one in self.playlists])  # fmt: skip

    def _similarities(self, kind: Neighbors) -> Any:
        """The neighbours of all visible items, a sparse matrix (items, items)."""
        size = len(self.members.items)
        visible = np.unique(np.concatenate([one.visible for one in self.playlists]))
        rows = list(self.members.rows(kind, visible.astype(np.int32)))
        indices = np.concatenate([row.neighbors for row in rows])
        values = np.concatenate([row.similarities for row in rows])
        lengths = np.zeros(size, dtype=np.int64)
        lengths[visible] = [len(row.neighbors) for row in rows]
        return sp.csr_matrix((values, indices, np.append(0, lengths.cumsum())), shape=(size, size))

    def _middle(self, one: HeldOut, exponent: float) -> Matrix:
        weights = one.ages.astype(np.float32) ** -exponent
        middle: Matrix = weights @ self.inputs[one.visible]
        return middle / max(float(np.linalg.norm(middle)), 1e-12)

    def _nearest(self, one: HeldOut, exponent: float) -> Numbers:
        cosines = self.contexts @ self._middle(one, exponent)
        cosines[one.visible] = -np.inf
        most = min(NEAREST, len(cosines) - len(one.visible))
        return np.argpartition(-cosines, most - 1)[:most] if most else np.zeros(0, dtype=int)

    def _compare(self, similar: Any, number: int, exponents: Sequence[float]) -> Scores:
        """Scores of one playlist, (exponents, WEIGHTS, 5)."""
        one = self.playlists[number]
        weights = np.stack([one.ages.astype(np.float32) ** -exponent for exponent in exponents])
        all_sums = weights @ similar[one.visible]
        parts = []
        for exponent, sums in zip(exponents, all_sums, strict=True):
            largest = float(sums.max(initial=0)) or 1.0
            sums[one.visible] = 0
            beside = np.flatnonzero(sums)
            if len(beside) > NEAREST:
                beside = beside[np.argpartition(-sums[beside], NEAREST)[:NEAREST]]
            candidates = np.union1d(self.nearest[exponent][number], beside)
            cosines = self.contexts[candidates] @ self._middle(one, exponent)
            terms = np.stack([cosines, sums[candidates] / largest])
            values = np.array(WEIGHTS) @ terms
            parts.append(self._scores(values, one.hidden, one.visible, candidates))
        return np.stack(parts)

    @staticmethod
    def _scores(
        values: Scores, hidden: Numbers, visible: Numbers, candidates: Numbers | None
    ) -> Scores:
        """Scores of rankings by `values`, (rankings, candidates); None: all items compete."""
        if candidates is None:
            values = values.copy()
            values[:, visible] = -np.inf
            places = hidden
        else:
            places = np.searchsorted(candidates, hidden)
            places[places == len(candidates)] = 0
            places = np.where(candidates[places] == hidden, places, -1)
        ranks = np.full((len(values), len(hidden)), CANDIDATES)
        for column in np.flatnonzero(places >= 0):
            place = places[column]
            own = values[:, place : place + 1]
            ahead = (values > own).sum(axis=1) + (values[:, :place] == own).sum(axis=1)
            ranks[:, column] = np.where(np.isneginf(own[:, 0]), CANDIDATES, ahead)
        return measure_ranks(ranks)


def _numbered(
    members: Membership, held_out: Sequence[tuple[list[str], list[str]]]
) -> Iterator[HeldOut]:
    for visible, hidden in held_out:
        last = {item: place for place, item in enumerate(visible)}
        numbers = np.array([members.number[item] for item in last])
        ages = len(visible) + 1 - np.array(list(last.values()))
        goal = np.array([members.number.get(item, -1) for item in sorted(set(hidden))])
        yield HeldOut(numbers, ages, goal)
