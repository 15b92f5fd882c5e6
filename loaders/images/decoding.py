"""Decode pictures in worker processes; a picture that crashes its process is a BadPicture."""

import hashlib
from concurrent.futures import Future
from typing import NamedTuple

import pillow_heif
from PIL import AvifImagePlugin

from loaders.core.workers import Pool, WorkerDied
from udfs.picture_headers import BadPicture
from udfs.pictures import (
    IN_SERVER,
    THUMBNAIL,
    Limits,
    decode_sized,
    jpeg,
    perceptual_hash,
    thumbnail,
)

MEMORY = 4 << 30  # bytes of address space of a worker process
SECONDS = 30  # timeout of one picture
PIXEL = 40  # bytes of memory that a pixel takes at most: several copies of four 16-bit channels
FORMATS = (*IN_SERVER.megapixels, "HEIF", "AVIF")
LIMITS = Limits(100_000_000, dict.fromkeys(FORMATS, MEMORY // PIXEL // 1_000_000))

# One thread a picture: there are as many worker processes as the user wants.
AvifImagePlugin.DEFAULT_MAX_THREADS = 1
pillow_heif.register_heif_opener(
    thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
)


class PreparedPicture(NamedTuple):
    """The columns of images that are computed from a picture.

    thumbnail: JPEG. perceptual_hash: 64 bits, as a signed integer. width, height: in pixels.
    note: a damage in spite of which it was decoded, if any.
    """

    thumbnail: bytes
    perceptual_hash: int
    width: int
    height: int
    note: str | None = None


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
        picture = decode_sized(content, THUMBNAIL, limits=LIMITS)
    except MemoryError:
        raise BadPicture("it takes too much memory to decode") from None
    image = thumbnail(picture.image)
    return PreparedPicture(jpeg(image), perceptual_hash(image), *picture[1:])


def sha256(content: bytes) -> bytes:
    """The SHA-256 of a picture's file, its key in the table images."""
    return hashlib.sha256(content).digest()


def _start() -> None:
    """Nothing to do: this module is imported before the memory limit applies."""
