"""Processes that look at thumbnails: what kills one of them is a bad picture, no more."""

from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

import numpy as np

from loaders.core import workers as processes
from loaders.core.console import quiet
from udfs import images, runtime
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode

CHUNK = 8  # pictures that go to a process at once


class Vector(NamedTuple):
    """What the classifier says of a picture. embedding: (1280,), unit length, float32."""

    embedding: Any
    label: int
    probability: float


class Lookers:
    """A few processes, each with the network."""

    def __init__(self, network: bytes, size: int, workers: int) -> None:
        self._start = (network, size)
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None

    def look(self, thumbnails: Sequence[bytes]) -> list[Vector | str]:
        """A vector a picture, or why there is none."""
        try:
            return list(self._started(self.workers).map(_look, thumbnails, chunksize=CHUNK))
        except BrokenProcessPool:  # over one of them: which one?
            self.close()
            found = [self._alone(thumbnail) for thumbnail in thumbnails]
            self.close()  # one process: the next ones are for all workers again
            return found

    def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(cancel_futures=True)
            self._pool = None

    def _started(self, workers: int) -> ProcessPoolExecutor:
        if self._pool is None:
            self._pool = processes.pool(workers, _open, *self._start)
        return self._pool

    def _alone(self, thumbnail: bytes) -> Vector | str:
        try:
            return self._started(1).submit(_look, thumbnail).result()
        except BrokenProcessPool:
            self.close()
            return "it ends the process that looks at it"


_network: tuple[Any, int] | None = None  # of this process


def _open(network: bytes, size: int) -> None:
    global _network
    with quiet():
        _network = runtime.open_network(network), size


def _look(thumbnail: bytes) -> Vector | str:
    assert _network is not None
    interpreter, size = _network
    try:
        image = decode(thumbnail, THUMBNAIL)
    except BadPicture as error:
        return str(error)
    seen = images.look(interpreter, images.network_input(image, size))
    best = int(seen.probabilities.argmax())
    return Vector(seen.embedding.astype(np.float32), best, float(seen.probabilities[best]))
