"""Pictures decoded by processes of their own: what kills one of them is a bad picture, no more."""

import hashlib
import signal
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import NamedTuple

from loaders.core import workers as processes
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode_sized, jpeg, perceptual_hash, thumbnail

MEMORY = 4 << 30  # bytes of address space that a process may take
SECONDS = 30  # for one picture, after which its process ends


class Decoded(NamedTuple):
    """What is kept of a picture. perceptual_hash: 64 bits, as a signed number."""

    thumbnail: bytes
    perceptual_hash: int
    width: int
    height: int


class Decoder:
    """Decodes by a few processes, which are started when there is something to do."""

    def __init__(self, workers: int) -> None:
        self.workers = workers
        self._pool: ProcessPoolExecutor | None = None
        self._careful: ProcessPoolExecutor | None = None

    def submit(self, content: bytes) -> "Future[Decoded]":
        """Begin with a picture; `result` has what became of it."""
        try:
            self._pool = self._pool or processes.pool(self.workers, _start)
            return self._pool.submit(decoded, content)
        except BrokenProcessPool:
            shut(self._pool)
            self._pool = None
            return self.submit(content)

    def result(self, content: bytes, future: "Future[Decoded]") -> Decoded:
        """What became of a picture. Errors: BadPicture."""
        try:
            return future.result()
        except BrokenProcessPool:  # over this picture, or another that was in hand
            return self._alone(content)

    def close(self) -> None:
        shut(self._pool)
        shut(self._careful)
        self._pool = self._careful = None

    def _alone(self, content: bytes) -> Decoded:
        self._careful = self._careful or processes.pool(1, _start)
        try:
            return self._careful.submit(decoded, content).result()
        except BrokenProcessPool:
            shut(self._careful)
            self._careful = None
            raise BadPicture(
                f"it ends the process that decodes it, or takes more than {SECONDS} s"
            ) from None


def decoded(content: bytes) -> Decoded:
    """A thumbnail, a hash and the size in pixels as a person sees it. Errors: BadPicture."""
    signal.alarm(SECONDS)  # native code hears no exception
    try:
        picture = decode_sized(content, THUMBNAIL)
    except MemoryError:
        raise BadPicture("it takes too much memory to decode") from None
    finally:
        signal.alarm(0)
    image = thumbnail(picture.image)
    return Decoded(jpeg(image), perceptual_hash(image), picture.width, picture.height)


def shut(pool: ProcessPoolExecutor | None) -> None:
    """End it, where there is one."""
    if pool is not None:
        pool.shutdown(cancel_futures=True)


def sha256(content: bytes) -> bytes:
    """What tells that two pictures are the same file."""
    return hashlib.sha256(content).digest()


def _start() -> None:
    processes.limit_memory(MEMORY)
