"""Word2Vec (Mikolov et al. 2013, arXiv:1310.4546) on playlists instead of sentences.

An item is a track, or an artist. It has an input vector and a context vector, which stands for the
items beside it. Training brings the input vector of an item near the context vectors of its
neighbours, so similar items are searched from input to context vectors. gensim's `most_similar`
compares input vectors: it finds interchangeable items instead.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.float32]]
DIMENSIONS = 64  # the width of muse.song_vectors and muse.artist_vectors


@dataclass(frozen=True)
class Word2VecSettings:
    """Hyperparameters, tuned on a validation split (docs/songs.md)."""

    skip_gram: bool = True
    window: int = 20  # a large part of a playlist, since order matters little
    epochs: int = 20
    negative: int = 5
    ns_exponent: float = 0.0  # negative samples are uniform, not by popularity
    sample: float | None = None  # subsampling threshold of frequent tracks; None: see for_size
    alpha: float = 0.05
    min_count: int = 1
    seed: int = 0
    workers: int = 1  # more are faster, but not deterministic


# Fewer artists than songs: more negative samples cost little, and the smaller rate is better then.
ARTIST_SETTINGS = Word2VecSettings(negative=15, alpha=0.025)


@dataclass(frozen=True)
class ItemVectors:
    """Vectors of unit length, row by row for `items`."""

    items: list[str]
    inputs: Matrix  # (items, 64)
    contexts: Matrix  # (items, 64)


def for_size(settings: Word2VecSettings, items: int) -> Word2VecSettings:
    """The settings with `sample` chosen for the number of items, where it is None.

    Among few items each one is frequent: a fixed threshold would drop most places.
    """
    sample = max(1e-4, 1.25 / max(items, 1)) if settings.sample is None else settings.sample
    return replace(settings, sample=sample)


def fit(
    playlists: Iterable[list[str]],
    settings: Word2VecSettings,
    on_epoch: Callable[[], None] = lambda: None,
) -> ItemVectors:
    """Train on lists of items; `playlists` is iterated `epochs` + 1 times.

    settings: from `for_size`. The same playlists in the same order, one worker and the same seed
    give the same vectors. Errors: RuntimeError where no item has `min_count` places.
    """
    from gensim.models import Word2Vec
    from gensim.models.callbacks import CallbackAny2Vec

    class Tick(CallbackAny2Vec):  # type: ignore[misc]
        def on_epoch_end(self, model: object) -> None:
            on_epoch()

    model = Word2Vec(
        playlists,
        vector_size=DIMENSIONS,
        sg=int(settings.skip_gram),
        window=settings.window,
        epochs=settings.epochs,
        negative=settings.negative,
        ns_exponent=settings.ns_exponent,
        sample=settings.sample,
        alpha=settings.alpha,
        min_count=settings.min_count,
        seed=settings.seed,
        workers=settings.workers,
        callbacks=[Tick()],
    )
    return ItemVectors(model.wv.index_to_key, unit(model.wv.vectors), unit(model.syn1neg))


def unit(rows: Matrix) -> Matrix:
    """Rows scaled to unit length; zero rows are not changed."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
