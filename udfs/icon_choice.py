"""Choose the best of several candidates for an icon, by a judge and by what words say."""

from typing import Any

import numpy as np

from udfs import captions, icon_words, runtime


def best(
    plpy: Any,
    cache: dict[str, Any],
    model: runtime.Model,
    squares: np.ndarray,
    words: str | None,
    best_of: int,
) -> tuple[np.ndarray, list[float | None]]:
    """The number of the best candidate of each icon, (n), and its score.

    squares: (n * best_of, size, size), the candidates of each icon side by side. The best one has
    the fewest specks; among these the product of the judge's probability that it is a real icon,
    which is its score, and of the probability of its words is the highest. Without a choice the
    score is None. SQL errors: the network has no judge, or a model is not live.
    """
    if best_of == 1:
        return np.arange(len(squares)), [None] * len(squares)
    if "judge" not in model.config:
        runtime.fail(plpy, f"{model.name} has no judge: best_of must be 1", "icons_32 has one")
    scores = _scores(plpy, runtime.model(plpy, cache, model.config["judge"]), squares)
    values = scores
    if words is not None and "words" in model.config:
        costs = icon_words.costs(plpy, cache, squares, captions.words_of(words))
        values = scores * np.exp(-costs)
    groups = np.arange(len(squares)).reshape(-1, best_of).tolist()
    chosen = np.array([
        max(group, key=lambda number: (-specks(squares[number]), values[number]))
        for group in groups
    ])  # fmt: skip
    return chosen, scores[chosen].tolist()


def specks(square: np.ndarray) -> int:
    """The number of ink pixels without ink around them."""
    wide = np.pad(square, 1).astype(int)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    around = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    return int((square & (around == 1)).sum())


def _scores(plpy: Any, judge: runtime.Model, squares: np.ndarray) -> np.ndarray:
    """The judge's probability that each bitmap is real, (n)."""
    batch = judge.config["batch"]
    scores = np.zeros(len(squares))
    for first in range(0, len(squares), batch):
        runtime.checkpoint(plpy)
        part = squares[first : first + batch].astype(np.float32)
        padded = np.concatenate([part, np.zeros((batch - len(part), *part.shape[1:]), np.float32)])
        (logits,) = runtime.run(judge, padded)
        scores[first : first + batch] = 1 / (1 + np.exp(-logits[: len(part), 0].astype(float)))
    return scores
