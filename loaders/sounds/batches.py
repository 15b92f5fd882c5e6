"""Read sound files in worker processes, and store them in batches."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future
from contextlib import closing
from datetime import datetime

from loaders.core.db import is_usable
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.runs import Run
from loaders.songs.formats.model import UnusablePlaylistEntry
from loaders.sounds.files import SoundFile
from loaders.sounds.listening import Listener, PreparedSound
from loaders.sounds.names import track_of
from loaders.sounds.store import NamedSound, select_stored, store
from udfs.sound_patches import BadSound

BATCH = 16  # files a transaction: a killed load loses some seconds of work
AHEAD = 4  # files a worker that are submitted before the first result is needed
Reading = tuple[SoundFile, "Future[PreparedSound]"]


def store_files(
    run: Run,
    tagger: int,
    network: bytes,
    files: Iterable[SoundFile | BadEntry],
    workers: int,
    on_files: Callable[[int], object],
    *,
    again: bool = False,
) -> None:
    """Read new and changed files, and store them batch by batch.

    tagger: id of the model, whose flatbuffer is `network`. again: read unchanged files too.
    """
    stored = {} if again else select_stored(run.conn, run.source_id, tagger)
    batch: list[NamedSound] = []

    def flush() -> None:
        store(run.conn, run.source_id, tagger, batch)
        run.loaded += len(batch)
        batch.clear()

    with closing(Listener(network, workers)) as listener:
        try:
            for file, future in _read_ahead(listener, _changed(run, stored, files), workers):
                if (entry := _named(run, listener, file, future)) is not None:
                    batch.append(entry)
                on_files(1)
                if len(batch) >= BATCH:
                    flush()
        finally:
            if batch and is_usable(run.conn):
                flush()


def _changed(
    run: Run, stored: dict[str, tuple[int, datetime]], files: Iterable[SoundFile | BadEntry]
) -> Iterator[SoundFile]:
    """The files that are not stored as they are."""
    for file in run.accept(files):
        if stored.get(file.location) == (file.size, file.modified_at):
            run.unchanged += 1
        else:
            yield file


def _read_ahead(listener: Listener, files: Iterable[SoundFile], workers: int) -> Iterator[Reading]:
    waiting: deque[Reading] = deque()
    for file in files:
        waiting.append((file, listener.submit(file.path)))
        if len(waiting) > AHEAD * workers:
            yield waiting.popleft()
    yield from waiting


def _named(
    run: Run, listener: Listener, file: SoundFile, future: "Future[PreparedSound]"
) -> NamedSound | None:
    """A file that was read, with its track; None where it is left out."""
    try:
        sound = listener.result(future)
        return NamedSound(file, sound, *track_of(file.path, sound.tags, sound.seconds))
    except (BadSound, UnusablePlaylistEntry) as error:
        run.leave_out(bad_entry(file.location, error, ""))
    except OSError as error:
        run.leave_out(bad_entry(file.location, error.strerror or error, ""))
    return None
