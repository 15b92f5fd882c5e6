"""Song vectors: Word2Vec (Mikolov et al. 2013, arXiv:1310.4546) over playlists instead of text.

A track has two vectors. The input vector is the track itself; the context vector is what stands
beside it. Songs that go together are found from input to context vectors, since that is what
training makes alike; gensim's `most_similar` compares inputs, which finds what is interchangeable.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.float32]]
DIMENSIONS = 64  # the width of muse.song_vectors


@dataclass(frozen=True)
class Word2VecSettings:
    """Hyperparameters of training, tuned on a validation split (docs/songs.md)."""

    skip_gram: bool = True
    window: int = 20  # order says little of what goes together: a good part of the playlist
    epochs: int = 20
    negative: int = 5
    ns_exponent: float = 0.0  # popular tracks are no likelier to be wrong: all alike
    sample: float | None = None  # thins tracks that have more than their share of places
    alpha: float = 0.05
    min_count: int = 1
    seed: int = 0
    workers: int = 1  # more are faster, and no two runs are alike


@dataclass(frozen=True)
class SongVectors:
    """What training makes: rows of `inputs` and `contexts` belong to `track_ids`, unit length."""

    track_ids: list[str]
    inputs: Matrix  # (tracks, 64)
    contexts: Matrix  # (tracks, 64)


def for_size(settings: Word2VecSettings, tracks: int) -> Word2VecSettings:
    """The settings with `sample` filled in for so many tracks, where it is left open.

    Among few tracks each one is frequent, and a fixed threshold would throw most places away.
    """
    sample = max(1e-4, 1.25 / max(tracks, 1)) if settings.sample is None else settings.sample
    return replace(settings, sample=sample)


def fit(
    playlists: Iterable[list[str]],
    settings: Word2VecSettings,
    on_epoch: Callable[[], None] = lambda: None,
) -> SongVectors:
    """Train on lists of track ids, which are iterated once an epoch and once before.

    `settings` are those of `for_size`.

    The same playlists in the same order, one worker and the same seed give the same vectors.
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
    return SongVectors(model.wv.index_to_key, unit(model.wv.vectors), unit(model.syn1neg))


def unit(rows: Matrix) -> Matrix:
    """Rows of length one; a row of zeros stays."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Matrix = (rows / np.maximum(lengths, 1e-12)).astype(np.float32)
    return scaled
