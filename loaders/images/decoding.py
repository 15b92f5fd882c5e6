"""Decode pictures in worker processes; a picture that crashes its process is a BadPicture."""

import hashlib
from concurrent.futures import Future
from typing import NamedTuple

from loaders.core.workers import Pool, WorkerDied
from udfs.picture_headers import BadPicture
from udfs.pictures import THUMBNAIL, decode_sized, jpeg, perceptual_hash, thumbnail

MEMORY = 4 << 30  # bytes of address space of a worker process
SECONDS = 30  # timeout of one picture


class PreparedPicture(NamedTuple):
    """The columns of images that are computed from a picture.

    thumbnail: JPEG. perceptual_hash: 64 bits, as a signed integer. width, height: in pixels.
    """

    thumbnail: bytes
    perceptual_hash: int
    width: int
    height: int


class Decoder:
    """Decodes pictures in worker processes, which start at the first picture."""

    def __init__(self, workers: int) -> None:
        self._pool = Pool(workers, _start, memory=MEMORY)

    def submit(self, content: bytes) -> "Future[PreparedPicture]":
        """Begin to decode a picture; pass the future to `result`."""
        return self._pool.submit(prepare, content, timeout=SECONDS)

    def result(self, future: "Future[PreparedPicture]") -> PreparedPicture:
        """Wait for a picture. Errors: BadPicture."""
        try:
            return future.result()
        except (WorkerDied, TimeoutError):
            raise BadPicture(
                f"it crashes the process that decodes it, or takes more than {SECONDS} s"
            ) from None

    def close(self) -> None:
        self._pool.close()


def prepare(content: bytes) -> PreparedPicture:
    """Decode a picture; its thumbnail, its hash and its upright size. Errors: BadPicture."""
    try:
        picture = decode_sized(content, THUMBNAIL)
    except MemoryError:
        raise BadPicture("it takes too much memory to decode") from None
    image = thumbnail(picture.image)
    return PreparedPicture(jpeg(image), perceptual_hash(image), picture.width, picture.height)


def sha256(content: bytes) -> bytes:
    """The SHA-256 of a picture's file, its key in the table images."""
    return hashlib.sha256(content).digest()


def _start() -> None:
    """Nothing to do: this module is imported before the memory limit applies."""
