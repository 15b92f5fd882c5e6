"""Name a bitmap by the words that a network has learned from the names of icons."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from udfs import runtime
from udfs.bitmaps import BadBitmap, pixels

MODEL = "icon_words"


def label(
    plpy: Any, cache: dict[str, Any], bitmap: str | None, n: int | None
) -> list[tuple[str, float]]:
    """The n likeliest words for a bitmap of any size, with their probabilities.

    SQL errors: the network is not live, or the bits are not a bitmap.
    """
    runtime.check_n(plpy, n)
    if bitmap is None or n is None:
        return []
    try:
        square = pixels(bitmap)
    except BadBitmap as error:
        runtime.fail(plpy, str(error))
    model = runtime.model(plpy, cache, MODEL)
    logits = _logits(plpy, model, square[None])[0]
    best = np.argsort(-logits, kind="stable")[:n]
    vocabulary: list[str] = model.config["vocabulary"]
    return [(vocabulary[i], float(1 / (1 + np.exp(-logits[i])))) for i in best]


def costs(
    plpy: Any, cache: dict[str, Any], squares: np.ndarray, words: Sequence[str]
) -> np.ndarray:
    """The mean negative log-probability that each bitmap, (n, size, size), has the words, (n).

    Words that the network does not know are left out. SQL errors: the network is not live.
    """
    model = runtime.model(plpy, cache, MODEL)
    vocabulary: list[str] = model.config["vocabulary"]
    columns = [vocabulary.index(word) for word in set(words) & set(vocabulary)]
    if not columns:
        return np.zeros(len(squares))
    means: np.ndarray = np.logaddexp(0, -_logits(plpy, model, squares)[:, columns]).mean(axis=1)
    return means


def _logits(plpy: Any, model: runtime.Model, squares: np.ndarray) -> np.ndarray:
    """The logits of all words for bitmaps of one size, (n, words)."""
    size, batch = model.config["size"], model.config["batch"]
    if squares.shape[1] != size:
        nearest = ((np.arange(size) + 0.5) * squares.shape[1] / size).astype(int)
        squares = squares[:, nearest[:, None], nearest]
    logits = []
    for first in range(0, len(squares), batch):
        runtime.checkpoint(plpy)
        part = squares[first : first + batch]
        inputs = np.zeros((batch, size, size), dtype=np.float32)
        inputs[: len(part)] = part
        logits.append(runtime.run(model, inputs)[0][: len(part)].astype(float))
    return np.concatenate(logits)
