"""Load pictures that are at hand: read, decoded where they are new, stored batch by batch."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import psycopg

from loaders.core import runs
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.pruning import Coverage, check_usable
from loaders.images import prune, store
from loaders.images.decoding import Decoded, Decoder, sha256
from loaders.images.files import BadFile
from loaders.images.model import Picture
from udfs.picture_headers import BadPicture

BATCH, BATCH_BYTES = 64, 32 << 20  # pictures that are in hand at once: bounds memory
AHEAD = 2  # batches being decoded while one is stored


@dataclass
class Loaded:
    """What became of a source."""

    pictures: int = 0
    unchanged: int = 0
    bad: int = 0
    gone: int = 0
    pruned: int = 0
    seen_before: bool = False
    failures: list[str] = field(default_factory=list)


class InHand(NamedTuple):
    """A batch, and what is being decoded of it."""

    pictures: list[Picture]
    hashes: list[bytes]
    decoding: dict[bytes, tuple[bytes, "Future[Decoded]"]]


def load(
    conn: psycopg.Connection,
    location: str,
    pictures: Iterable[Picture | BadEntry],
    *,
    options: dict[str, Any] | None = None,
    scan: prune.Scan | None = None,
    pruning: prune.Options | None = None,
    seems: Callable[[], str] = lambda: "a source without a picture",
    fingerprint: str | None = None,
    again: bool = False,
    workers: int = 2,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Loaded:
    """Load the pictures of a source under a name for it; `conn` is in autocommit mode.

    Each batch is stored in a transaction, so that a load that is killed goes on where it was: a
    picture that is stored is read and not decoded again. scan: what `pictures` meets. seems: what
    the source is where it holds no picture that can be used, which is a Problem.
    """
    with runs.run(
        conn, "images", location, options=options, fingerprint=fingerprint, again=again
    ) as run:
        if run is None:
            return Loaded(seen_before=True)
        loaded, stored = Loaded(failures=run.failures), prune.count(conn, run.source_id)
        incomplete = None
        with closing(Decoder(workers)) as decoder:
            try:
                _load(run, pictures, decoder, loaded, on_pictures)
            except BadFile as error:
                incomplete = str(error)
                run.fail(incomplete if run.usable else f"{error}: it seems to be {seems()}")
        coverage = Coverage(run.usable, incomplete=incomplete)
        if incomplete is None:
            check_usable(location, coverage, seems=seems())
        if scan is not None:
            _check_folders(run, location, scan.unreadable)
        if scan is not None and pruning is not None and pruning.prune:
            share = pruning.max_prune
            loaded.pruned = prune.prune(run, location, scan, coverage, stored, share)
        loaded.pictures, loaded.unchanged, loaded.bad = run.loaded, run.unchanged, run.bad
        return loaded


def _check_folders(run: runs.Run, location: str, unreadable: list[str]) -> None:
    """The run fails where a part of a folder could not be listed; the rest is loaded."""
    if unreadable:
        run.failures.append(
            f"{location}: {len(unreadable):,} folders in it cannot be read, {unreadable[0]} the "
            "first (see load_errors): nothing below them is pruned, the rest is loaded"
        )


def _load(
    run: runs.Run,
    pictures: Iterable[Picture | BadEntry],
    decoder: Decoder,
    loaded: Loaded,
    on_pictures: Callable[[int], object],
) -> None:
    waiting: deque[InHand] = deque()

    def finish() -> None:
        batch = waiting.popleft()
        loaded.gone += _store(run, batch, decoder)
        on_pictures(len(batch.pictures))

    try:
        for batch in batches(_good(run, pictures)):
            waiting.append(_begin(run.conn, batch, decoder))
            if len(waiting) > AHEAD:
                finish()
    finally:  # also what came before the place where an archive is cut off
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


def _good(run: runs.Run, pictures: Iterable[Picture | BadEntry]) -> Iterator[Picture]:
    for picture in pictures:
        if isinstance(picture, BadEntry):
            run.leave_out(*picture)
        else:
            yield picture


def _begin(conn: psycopg.Connection, pictures: list[Picture], decoder: Decoder) -> InHand:
    """Have decoded what is not stored."""
    hashes = [sha256(picture.content) for picture in pictures]
    stored = store.known(conn, hashes)
    decoding: dict[bytes, tuple[bytes, Future[Decoded]]] = {}
    for key, picture in zip(hashes, pictures, strict=True):
        if key not in stored and key not in decoding:
            decoding[key] = picture.content, decoder.submit(picture.content)
    return InHand(pictures, hashes, decoding)


def _store(run: runs.Run, batch: InHand, decoder: Decoder) -> int:
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
            run.leave_out(*bad_entry(picture.location, reasons[key], picture.content[:50]))
    run.loaded += written.places
    run.unchanged += len(places) - written.places
    return written.gone


def _decoded(
    batch: InHand, decoder: Decoder
) -> tuple[dict[bytes, Decoded], dict[bytes, BadPicture]]:
    """What was decoded, and why the rest cannot be, by hash."""
    made: dict[bytes, Decoded] = {}
    reasons: dict[bytes, BadPicture] = {}
    for key, (content, future) in batch.decoding.items():
        try:
            made[key] = decoder.result(content, future)
        except BadPicture as error:
            reasons[key] = error
    return made, reasons
