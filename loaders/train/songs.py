"""Song vectors: Word2Vec (Mikolov et al. 2013, arXiv:1310.4546) over playlists instead of text.

A track has two vectors. The input vector is the track itself; the context vector is what stands
beside it. Songs that go together are found from input to context vectors, since that is what
training makes alike; gensim's `most_similar` compares inputs, which finds what is interchangeable.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

Matrix = np.ndarray[Any, np.dtype[np.float32]]
DIMENSIONS = 64  # the width of muse.song_vectors


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of training, tuned on a validation split (docs/songs.md)."""

    skip_gram: bool = True
    window: int = 100  # spans the playlist: order says little of what goes together
    epochs: int = 40
    negative: int = 5
    ns_exponent: float = 0.25
    sample: float = 1e-3
    alpha: float = 0.025
    min_count: int = 1
    seed: int = 0
    workers: int = 1  # more are faster, and no two runs are alike


@dataclass(frozen=True)
class SongVectors:
    """What training makes: rows of `inputs` and `contexts` belong to `track_ids`, unit length."""

    track_ids: list[str]
    inputs: Matrix  # (tracks, 64)
    contexts: Matrix  # (tracks, 64)


def fit(
    playlists: Iterable[list[str]], settings: Settings, on_epoch: Callable[[], None] = lambda: None
) -> SongVectors:
    """Train on lists of track ids, which are iterated once an epoch and once before.

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
