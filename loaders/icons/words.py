"""Train the network that names icons: from a bitmap to the words of its name."""

from collections import Counter
from contextlib import closing
from dataclasses import dataclass

import numpy as np
import psycopg

from loaders.core.console import progress, quiet, working
from loaders.core.errors import Problem
from loaders.core.models import publish
from loaders.icons.captioned import QUERIES, IconRow, described, examples, read_icons
from loaders.icons.networks.examples import split_numbers

NAME, KIND, SIZE = "icon_words", "icon", 32
FEWEST = 10  # icons of a word
FEWEST_WORDS = 10
FEWEST_STEPS = 200  # of a training
QUICK_ICONS = 1000


@dataclass(frozen=True)
class TrainedWords:
    """A deployed network. first, five: shares of held-out icons with a right word among so many."""

    model_id: int
    icons: int
    words: int
    first: float
    five: float


def train(conn: psycopg.Connection, *, seed: int = 0, quick: bool = False) -> TrainedWords:
    """Train on the names of all icons, measure on held-out families, and deploy.

    `conn` is in autocommit mode. Errors: Problem where there are too few icons.
    """
    with working(f"{NAME}: reading icons"):
        rows = read_icons(conn, KIND, SIZE)
        rows = rows[:: max(len(rows) // QUICK_ICONS, 1)] if quick else rows
        bitmaps = examples(rows, SIZE).bitmaps
        numbers = split_numbers(bitmaps, [row.family for row in rows])
    names = [_words(row) for row in rows]
    counts = Counter(word for i in numbers.train for word in names[i])
    vocabulary = sorted(word for word, count in counts.items() if count >= FEWEST)
    if len(vocabulary) < FEWEST_WORDS or not len(numbers.test):
        raise Problem(
            f"{len(rows):,} icons have {len(vocabulary)} words that {FEWEST} of them share: too "
            "few to learn from"
        )
    place = {word: number for number, word in enumerate(vocabulary)}
    targets = np.zeros((len(numbers.train), len(vocabulary)), dtype=np.float32)
    for row, i in enumerate(numbers.train):
        targets[row, [place[word] for word in names[i] if word in place]] = 1
    with working(f"{NAME}: importing TensorFlow"), quiet():
        from loaders.icons.networks import viewing
    fitting = viewing.ViewFitting(
        epochs=1 if quick else 10, seed=seed, fewest_steps=1 if quick else FEWEST_STEPS
    )
    with closing(progress("steps", fitting.steps(len(targets)), NAME)) as bar:
        network = viewing.build(len(vocabulary), SIZE, seed)
        viewing.fit(
            network,
            bitmaps[numbers.train],
            targets,
            fitting,
            bar,
        )
    best = np.argsort(-viewing.logits_of(network, bitmaps[numbers.test]), axis=1)
    first, five = (
        _right(best[:, :most], [names[i] for i in numbers.test], vocabulary) for most in (1, 5)
    )
    with quiet():
        content, config = viewing.export(network, SIZE)
    licences = conn.execute(QUERIES.licences, {"kind": KIND, "sets": None}).fetchall()
    config |= {"network": "words", "vocabulary": vocabulary, "sets": dict(licences)}
    metrics = {
        "top_1": first,
        "top_5": five,
        "icons": {"train": len(numbers.train), "test": len(numbers.test)},
    }
    model_id = publish(conn, NAME, config, metrics, content=content)
    return TrainedWords(model_id, len(rows), len(vocabulary), first, five)


def _words(row: IconRow) -> set[str]:
    """The words of a name that may be learned."""
    return {word for word in described(row)[0] if len(word) > 1 and not word.isdigit()}


def _right(best: np.ndarray, names: list[set[str]], vocabulary: list[str]) -> float:
    """The share of icons with a word of their name among the best."""
    hits = [
        any(vocabulary[number] in name for number in row)
        for row, name in zip(best, names, strict=True)
    ]
    return float(np.mean(hits))
