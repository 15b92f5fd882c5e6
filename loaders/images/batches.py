"""Read pictures in batches, decode the new ones in worker processes, and store them."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

import psycopg

from loaders.core.db import is_usable
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.runs import Run
from loaders.images import store
from loaders.images.decoding import Decoder, PreparedPicture, sha256
from loaders.images.files import BadPictureSource
from loaders.images.model import PictureFile
from udfs.picture_headers import BadPicture

BATCH, BATCH_BYTES = 64, 32 << 20  # pictures and bytes of a batch; together they bound the memory
DAMAGED = "of them damaged (see load_errors)"  # and loaded all the same
AHEAD = 2  # batches that are decoded while one is stored


class PendingBatch(NamedTuple):
    """A batch. decoding: the futures of its new pictures, by hash."""

    pictures: list[PictureFile]
    hashes: list[bytes]
    decoding: dict[bytes, "Future[PreparedPicture]"]


def store_pictures(
    run: Run,
    pictures: Iterable[PictureFile | BadEntry],
    decoder: Decoder,
    on_pictures: Callable[[int], object],
) -> None:
    """Store pictures batch by batch, each in a transaction.

    Errors: those of the iterator `pictures`; the pictures before the error are stored first.
    """
    waiting: deque[PendingBatch] = deque()

    def finish() -> None:
        batch = waiting.popleft()
        run.details["replaced"] += _store(run, batch, decoder)
        on_pictures(len(batch.pictures))

    try:
        for batch in batches(run.accept(pictures)):
            waiting.append(_begin(run.conn, batch, decoder))
            if len(waiting) > AHEAD:
                finish()
    finally:  # also the pictures before the point where an archive is cut off
        while waiting and is_usable(run.conn):
            finish()


def batches(pictures: Iterable[PictureFile]) -> Iterator[list[PictureFile]]:
    """Split pictures into batches. Before a BadPictureSource is raised, the rest is yielded."""
    batch: list[PictureFile] = []
    size = 0
    try:
        for picture in pictures:
            batch.append(picture)
            size += len(picture.content)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    except BadPictureSource:
        yield batch
        raise
    yield batch


def _begin(conn: psycopg.Connection, pictures: list[PictureFile], decoder: Decoder) -> PendingBatch:
    """Submit the pictures that are not stored to the decoder."""
    hashes = [sha256(picture.content) for picture in pictures]
    stored = store.select_stored(conn, hashes)
    decoding: dict[bytes, Future[PreparedPicture]] = {}
    for key, picture in zip(hashes, pictures, strict=True):
        if key not in stored and key not in decoding:
            decoding[key] = decoder.submit(picture.content)
    return PendingBatch(pictures, hashes, decoding)


def _store(run: Run, batch: PendingBatch, decoder: Decoder) -> int:
    """Store a batch; return the number of earlier pictures that it replaced."""
    decoded, errors = _results(batch, decoder)
    entries = list(zip(batch.hashes, batch.pictures, strict=True))
    locations = [
        store.PictureLocation(key, picture.location, picture.metadata)
        for key, picture in entries
        if key not in errors
    ]
    try:
        with run.conn.transaction():
            counts = store.store(run.conn, run.source_id, locations, decoded)
    except store.PictureRemoved:  # a picture that was stored when the batch began
        return _store(run, _begin(run.conn, batch.pictures, decoder), decoder)
    for key, picture in entries:
        if key in errors:
            run.leave_out(bad_entry(picture.location, errors[key], picture.content[:50]))
        elif key in decoded and (note := decoded[key].note):
            run.remark(bad_entry(picture.location, f"{note}: loaded all the same", ""))
            run.details[DAMAGED] += 1
    run.loaded += counts.locations
    run.unchanged += len(locations) - counts.locations
    return counts.deleted


def _results(
    batch: PendingBatch, decoder: Decoder
) -> tuple[dict[bytes, PreparedPicture], dict[bytes, BadPicture]]:
    """The decoded pictures, and the errors of the others, by hash."""
    decoded: dict[bytes, PreparedPicture] = {}
    errors: dict[bytes, BadPicture] = {}
    for key, future in batch.decoding.items():
        try:
            decoded[key] = decoder.result(future)
        except BadPicture as error:
            errors[key] = error
    return decoded, errors
