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
    """The classifier's output for a picture. embedding: (1280,), unit length, float32."""

    embedding: Any
    label: int
    probability: float


Looked = list[Vector | str]


class Lookers:
    """Worker processes, each with the classifier's network open."""

    def __init__(self, network: bytes, size: int, workers: int) -> None:
        self._pool = Pool(workers, _open, network, size)

    def look(self, thumbnails: Sequence[bytes]) -> list[Vector | str]:
        """The vector of each picture, or the reason why it has none."""
        chunks = [thumbnails[at : at + CHUNK] for at in range(0, len(thumbnails), CHUNK)]
        futures = [self._pool.submit(_look, chunk) for chunk in chunks]
        return [
            vector
            for chunk, future in zip(chunks, futures, strict=True)
            for vector in self._result(chunk, future)
        ]

    def close(self) -> None:
        self._pool.close()

    def _result(self, chunk: Sequence[bytes], future: "Future[Looked]") -> Looked:
        """The result of a chunk. Where it crashes a process, each picture is tried by itself."""
        try:
            return future.result()
        except WorkerDied:
            return [self._alone(thumbnail) for thumbnail in chunk]

    def _alone(self, thumbnail: bytes) -> Vector | str:
        try:
            return self._pool.submit(_look, [thumbnail]).result()[0]
        except WorkerDied:
            return "it ends the process that looks at it"


_network: tuple[Any, int] | None = None  # of this worker process


def _open(network: bytes, size: int) -> None:
    global _network
    with quiet():
        _network = runtime.open_network(network), size


def _look(thumbnails: Sequence[bytes]) -> Looked:
    return [_vector(thumbnail) for thumbnail in thumbnails]


def _vector(thumbnail: bytes) -> Vector | str:
    assert _network is not None
    interpreter, size = _network
    try:
        image = decode(thumbnail, THUMBNAIL)
    except BadPicture as error:
        return str(error)
    answer = images.predict(interpreter, images.network_input(image, size))
    best = int(answer.probabilities.argmax())
    return Vector(answer.embedding.astype(np.float32), best, float(answer.probabilities[best]))
