"""Pictures decoded by worker processes: one that crashes its process is a bad picture."""

import hashlib
from concurrent.futures import Future
from typing import NamedTuple

from loaders.core.workers import Pool, WorkerDied
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode_sized, jpeg, perceptual_hash, thumbnail

MEMORY = 4 << 30  # bytes of address space of a worker process
SECONDS = 30  # for one picture


class Decoded(NamedTuple):
    """The stored parts of a picture. perceptual_hash: 64 bits, as a signed number."""

    thumbnail: bytes
    perceptual_hash: int
    width: int
    height: int


class Decoder:
    """Decodes pictures in worker processes, started when the first picture comes."""

    def __init__(self, workers: int) -> None:
        self._pool = Pool(workers, _start, memory=MEMORY)

    def submit(self, content: bytes) -> "Future[Decoded]":
        """Begin to decode a picture; pass the future to `result`."""
        return self._pool.submit(decoded, content, timeout=SECONDS)

    def result(self, future: "Future[Decoded]") -> Decoded:
        """Wait for a picture. Errors: BadPicture."""
        try:
            return future.result()
        except (WorkerDied, TimeoutError):
            raise BadPicture(
                f"it ends the process that decodes it, or takes more than {SECONDS} s"
            ) from None

    def close(self) -> None:
        self._pool.close()


def decoded(content: bytes) -> Decoded:
    """A thumbnail, a hash and the size in pixels as a person sees it. Errors: BadPicture."""
    try:
        picture = decode_sized(content, THUMBNAIL)
    except MemoryError:
        raise BadPicture("it takes too much memory to decode") from None
    image = thumbnail(picture.image)
    return Decoded(jpeg(image), perceptual_hash(image), picture.width, picture.height)


def sha256(content: bytes) -> bytes:
    """The key of a picture's file."""
    return hashlib.sha256(content).digest()


def _start() -> None:
    """Nothing to do: this module is imported before the memory limit applies."""
