"""Embeddings of thumbnails, computed by worker processes."""

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any, NamedTuple

import numpy as np

from loaders.core.console import quiet
from loaders.core.workers import Pool, WorkerDied
from udfs import images, runtime
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode

CHUNK = 8  # pictures of one task


class Vector(NamedTuple):
    """The classifier's output for a picture. embedding: (1280,), unit length, float32.

    label: index of the most probable one. probability: its probability.
    """

    embedding: Any
    label: int
    probability: float


Results = list[Vector | str]  # a vector, or the reason why the picture has none


class EmbeddingPool:
    """Worker processes, each with the classifier loaded."""

    def __init__(self, network: bytes, size: int, workers: int) -> None:
        self._pool = Pool(workers, _open, network, size)

    def embed(self, thumbnails: Sequence[bytes]) -> Results:
        """The vector of each picture, or the reason why it has none."""
        chunks = [thumbnails[at : at + CHUNK] for at in range(0, len(thumbnails), CHUNK)]
        futures = [self._pool.submit(_embed, chunk) for chunk in chunks]
        return [
            vector
            for chunk, future in zip(chunks, futures, strict=True)
            for vector in self._result(chunk, future)
        ]

    def close(self) -> None:
        self._pool.close()

    def _result(self, chunk: Sequence[bytes], future: "Future[Results]") -> Results:
        """The result of a chunk. If it crashed its process, embed each of its pictures alone."""
        try:
            return future.result()
        except WorkerDied:
            return [self._embed_one(thumbnail) for thumbnail in chunk]

    def _embed_one(self, thumbnail: bytes) -> Vector | str:
        try:
            return self._pool.submit(_embed, [thumbnail]).result()[0]
        except WorkerDied:
            return "it crashes the process that embeds it"


_network: tuple[Any, int] | None = None  # of this worker process


def _open(network: bytes, size: int) -> None:
    global _network
    with quiet():
        _network = runtime.open_network(network), size


def _embed(thumbnails: Sequence[bytes]) -> Results:
    return [_vector(thumbnail) for thumbnail in thumbnails]


def _vector(thumbnail: bytes) -> Vector | str:
    assert _network is not None
    interpreter, size = _network
    try:
        image = decode(thumbnail, THUMBNAIL)
    except BadPicture as error:
        return str(error)
    prediction = images.predict(interpreter, images.network_input(image, size))
    best = int(prediction.probabilities.argmax())
    probability = float(prediction.probabilities[best])
    return Vector(prediction.embedding.astype(np.float32), best, probability)
