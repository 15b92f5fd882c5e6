"""Batches of pictures: read, decoded where they are new, and stored, some batches ahead."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from typing import NamedTuple

import psycopg

from loaders.core.entries import BadEntry, bad_entry
from loaders.core.runs import Run
from loaders.images import store
from loaders.images.decoding import Decoded, Decoder, sha256
from loaders.images.files import BadFile
from loaders.images.model import Picture
from udfs.picture_headers import BadPicture

BATCH, BATCH_BYTES = 64, 32 << 20  # pictures of a batch: bounds memory
AHEAD = 2  # batches being decoded while one is stored


class InHand(NamedTuple):
    """A batch, and what is being decoded of it."""

    pictures: list[Picture]
    hashes: list[bytes]
    decoding: dict[bytes, "Future[Decoded]"]


def store_pictures(
    run: Run,
    pictures: Iterable[Picture | BadEntry],
    decoder: Decoder,
    on_pictures: Callable[[int], object],
) -> None:
    """Store pictures batch by batch, each in a transaction.

    Errors: what `pictures` raises, after everything before it is stored.
    """
    waiting: deque[InHand] = deque()

    def finish() -> None:
        batch = waiting.popleft()
        run.details["replaced"] += _store(run, batch, decoder)
        on_pictures(len(batch.pictures))

    try:
        for batch in batches(run.accept(pictures)):
            waiting.append(_begin(run.conn, batch, decoder))
            if len(waiting) > AHEAD:
                finish()
    finally:  # also what comes before the place where an archive is cut off
        while waiting and not run.conn.broken:
            finish()


def batches(pictures: Iterable[Picture]) -> Iterator[list[Picture]]:
    """Lists of pictures that fit into memory; also of what comes before a BadFile."""
    batch: list[Picture] = []
    size = 0
    try:
        for picture in pictures:
            batch.append(picture)
            size += len(picture.content)
            if len(batch) >= BATCH or size >= BATCH_BYTES:
                yield batch
                batch, size = [], 0
    except BadFile:
        yield batch
        raise
    yield batch


def _begin(conn: psycopg.Connection, pictures: list[Picture], decoder: Decoder) -> InHand:
    """Have decoded what is not stored."""
    hashes = [sha256(picture.content) for picture in pictures]
    stored = store.known(conn, hashes)
    decoding: dict[bytes, Future[Decoded]] = {}
    for key, picture in zip(hashes, pictures, strict=True):
        if key not in stored and key not in decoding:
            decoding[key] = decoder.submit(picture.content)
    return InHand(pictures, hashes, decoding)


def _store(run: Run, batch: InHand, decoder: Decoder) -> int:
    """Store a batch; how many pictures it took the place of."""
    made, reasons = _decoded(batch, decoder)
    found = list(zip(batch.hashes, batch.pictures, strict=True))
    places = [
        store.Place(key, picture.location, picture.about)
        for key, picture in found
        if key not in reasons
    ]
    try:
        with run.conn.transaction():
            written = store.store(run.conn, run.source_id, places, made)
    except store.Forgotten:  # what was known when the batch was begun
        return _store(run, _begin(run.conn, batch.pictures, decoder), decoder)
    for key, picture in found:
        if key in reasons:
            run.leave_out(bad_entry(picture.location, reasons[key], picture.content[:50]))
    run.loaded += written.places
    run.unchanged += len(places) - written.places
    return written.gone


def _decoded(
    batch: InHand, decoder: Decoder
) -> tuple[dict[bytes, Decoded], dict[bytes, BadPicture]]:
    """What was decoded, and why the rest cannot be, by hash."""
    made: dict[bytes, Decoded] = {}
    reasons: dict[bytes, BadPicture] = {}
    for key, future in batch.decoding.items():
        try:
            made[key] = decoder.result(future)
        except BadPicture as error:
            reasons[key] = error
    return made, reasons
