"""Load playlists from files into the tables tracks and playlists."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from loaders.core import pruning, runs
from loaders.core.config import HOME
from loaders.core.console import counted, progress, say
from loaders.core.db import connect_to_load, copy, lock, take_turns
from loaders.core.entries import BadEntry
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.queries import Queries
from loaders.core.runs import LoadResult
from loaders.core.sources import STANDARD_INPUT, Source
from loaders.songs import copies as playlist_copies
from loaders.songs import histories
from loaders.songs.formats import (
    FORMAT_NAMES,
    BadPlaylistFile,
    File,
    LeftOut,
    Playlist,
    read,
)
from loaders.songs.formats.history import GAP
from loaders.songs.samples import SAMPLE_FOLDERS, SAMPLES

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
TRACK = {
    "track_id": "text",
    "name": "text",
    "artist": "text",
    "artist_id": "text",
    "album": "text",
    "duration_ms": "int4",
}
PLAYLIST = {
    "identity": "text",
    "file_key": "text",
    "old_identity": "text",
    "title": "text",
    "owner": "text",
    "modified_at": "timestamptz",
    "content_hash": "bytea",
    "track_ids": "text[]",
}
TOPIC, NOUN = "songs", "playlists"
BATCH = 100_000  # places per merge: bounds memory for files of any size
# Of a history, whose plays are in memory anyway: each merge updates the tracks that it repeats.
HISTORY_BATCH = 500_000
MERGE_STEPS = (
    QUERIES.update_track_places,
    QUERIES.fill_track_fields,
    QUERIES.insert_tracks,
)


@dataclass(frozen=True)
class SongOptions(LoadOptions):
    """Options of `load songs`.

    files: paths, or `-` for standard input. format: one of FORMAT_NAMES; None: detect it.
    sample: also load the sample packages. gap: minutes without music that end a session of a
    listening history.
    """

    files: tuple[str, ...] = ()
    format: str | None = None
    sample: bool = False
    gap: int = GAP


def check_options(options: SongOptions) -> None:
    """Check the options before anything is loaded. Errors: Problem."""
    if options.format is not None and options.format not in FORMAT_NAMES:
        raise Problem(f"no format {options.format!r}: the formats are {', '.join(FORMAT_NAMES)}")
    if any(Source(file).is_address for file in options.files):
        raise Problem("playlists are read from files: download the address first")


def load_all(conn: psycopg.Connection, options: SongOptions) -> list[LoadResult]:
    """Load the samples and files, `workers` files at a time, and report each.

    `conn` is in autocommit mode. A file that fails does not stop the others. Errors: Problem.
    """
    check_options(options)
    results = load_samples(conn) if options.sample else []
    if options.sample and not results:
        results = [LoadResult.failure("samples", NOUN, "no sample package is installed")]
    return results + load_files(conn, options)


def load(
    conn: psycopg.Connection,
    location: str,
    options: SongOptions = SongOptions(),
    on_places: Callable[[int], None] = lambda places: None,
) -> LoadResult:
    """Load a file (or `-`, standard input); `conn` is in autocommit mode.

    Each file, and each member of an archive, is loaded in one transaction; unreadable ones are in
    `failures`. Unusable entries are in load_errors. A file that was loaded completely and has not
    changed is skipped, unless `again`. Errors: Problem.
    """
    source = Source(location)
    if location != "-" and source.path.is_dir():
        raise Problem(f"{location}: a folder: name the files in it")
    if location != "-" and not source.path.exists():
        raise Problem(f"{location}: No such file or directory")
    is_file = location != "-" and source.path.is_file()  # a pipe can be read only once
    name = source.name if is_file else STANDARD_INPUT
    stored: dict[str, object] = {"format": options.format} if options.format else {}
    stored |= {"gap": options.gap} if options.gap != GAP else {}
    settings = [options.gap] if options.gap != GAP else []
    fingerprint = source.fingerprint(*settings) if is_file else None
    with runs.run(
        conn, TOPIC, name, options=stored, fingerprint=fingerprint, again=options.again
    ) as run:
        places = 0
        if run is not None:
            try:
                for file in read(location, options.format, options.gap):
                    places += _load_file(run, file.entries, on_places, file)
            except BadPlaylistFile as error:
                run.fail(str(error))
            _check_usable(run, name, "an archive without a playlist")
    return _result(run, location, places)


def load_entries(
    conn: psycopg.Connection, location: str, entries: Iterable[Playlist | BadEntry | LeftOut]
) -> LoadResult:
    """Load playlists that do not come from a file; `location` names their source."""
    with runs.run(conn, TOPIC, location) as run:
        assert run is not None
        places = _load_file(run, entries)
        _check_usable(run, location, "a source without a playlist")
    return _result(run, location, places)


def load_files(conn: psycopg.Connection, options: SongOptions) -> list[LoadResult]:
    """Load the files of the options, `workers` at a time, and report each."""
    results: list[LoadResult] = []
    total = 0

    def count(places: int) -> None:
        nonlocal total
        total += places
        bar.set_postfix_str(f"{total:,} places", refresh=False)

    pool = ThreadPoolExecutor(max_workers=options.workers)
    files = options.files
    with lock(conn, "playlists"), closing(progress("files", len(files))) as bar:
        try:
            for result in pool.map(lambda file: _load_file_alone(file, options, count), files):
                bar.update()
                result.report()
                results.append(result)
        except KeyboardInterrupt:
            say("stopped; files that were already loaded stay loaded")
            os._exit(130)  # the server rolls back the open transactions
    pool.shutdown()
    return results


def load_samples(conn: psycopg.Connection) -> list[LoadResult]:
    """Load the installed sample packages and report each; report missing ones as skipped."""
    return [result for name in SAMPLES if (result := load_sample(conn, name)) is not None]


def load_sample(conn: psycopg.Connection, name: str) -> LoadResult | None:
    """Load a sample package and report it; None where it is not installed."""
    if not (HOME / "samples" / SAMPLE_FOLDERS[name]).is_dir():
        say(f"{name}: skipped, its package is not installed: run ./pgmuse setup")
        return None
    try:
        with lock(conn, "playlists"):
            entries = SAMPLES[name](HOME / "samples")
            result = replace(load_entries(conn, f"sample: {name}", entries), source=name)
    except Problem as error:
        result = LoadResult.failure(name, NOUN, str(error))
    result.report()
    return result


def _load_file_alone(
    location: str, options: SongOptions, on_places: Callable[[int], None]
) -> LoadResult:
    """Load a file on a new connection; errors are in the result."""
    try:
        with connect_to_load(autocommit=True) as conn:
            return load(conn, location, options, on_places)
    except OSError as error:
        return LoadResult.failure(location, NOUN, f"{location}: {error.strerror}")
    except Problem as error:
        return LoadResult.failure(location, NOUN, str(error))


def _result(run: runs.Run | None, location: str, places: int) -> LoadResult:
    label = "entries left out (see load_errors)"
    scope = f"with {counted(places, 'places')}"
    return runs.result_of(run, location, NOUN, scope=scope, bad_label=label)


def _load_file(
    run: runs.Run,
    entries: Iterable[Playlist | BadEntry | LeftOut],
    on_places: Callable[[int], None] = lambda places: None,
    file: File | None = None,
) -> int:
    """Store the new and newer playlists of a file in one transaction; return their places."""
    run.conn.execute(QUERIES.create_staging)
    before = replace(run)
    try:
        with run.conn.transaction():
            places = 0
            playlists: Iterable[Playlist] = _count_left_out(run, run.accept(entries))
            shared: list[tuple[str, int]] = []
            size = BATCH
            if file is not None and file.is_history:
                playlists, shared = histories.settle(run, list(playlists))
                size = HISTORY_BATCH
            for batch in batches(playlists, size):
                places += merge(run.conn, run, batch, file)
                on_places(sum(len(playlist.tracks) for playlist in batch))
            histories.note_sources(run, shared)
        return places
    except BaseException as error:
        run.loaded, run.unchanged = before.loaded, before.unchanged
        if not isinstance(error, BadPlaylistFile):
            raise
        run.fail(str(error))
        return 0


def _count_left_out(run: runs.Run, entries: Iterable[Playlist | LeftOut]) -> Iterator[Playlist]:
    for entry in entries:
        if isinstance(entry, LeftOut):
            run.details[entry.label] += entry.number
        else:
            yield entry


def batches(playlists: Iterable[Playlist], size: int = BATCH) -> Iterator[list[Playlist]]:
    """Group playlists into lists of about `size` places each."""
    batch: list[Playlist] = []
    places = 0
    for playlist in playlists:
        batch.append(playlist)
        places += len(playlist.tracks)
        if places >= size:
            yield batch
            batch, places = [], 0
    if batch:
        yield batch


def merge(
    conn: psycopg.Connection, run: runs.Run, batch: list[Playlist], file: File | None = None
) -> int:
    """Merge one batch of a file into the tables; return how many places were written."""
    tracks = {track.track_id: track for playlist in batch for track in playlist.tracks}
    copy(conn, "pg_temp.new_tracks", TRACK, tracks.values())
    copy(conn, "pg_temp.new_playlists", PLAYLIST, (playlist_row(one, file) for one in batch))
    take_turns(conn, "tracks")  # one merge at a time: exact counts, no deadlocks
    playlist_copies.unstage_copies(conn, run.source_id)
    row = conn.execute(QUERIES.merge_playlists, {"source": run.source_id}).fetchone()
    assert row is not None
    written, places, has_losses = row
    for step in MERGE_STEPS:
        conn.execute(step)
    if has_losses:
        conn.execute(QUERIES.delete_unused_tracks)
    conn.execute(QUERIES.empty_staging)
    run.loaded += written
    run.unchanged += len(batch) - written
    return int(places)


def _check_usable(run: runs.Run, location: str, seems: str) -> None:
    """Raise a Problem where nothing was loaded and no failure explains it."""
    if not run.failures:
        pruning.check_usable(location, pruning.Coverage(run.usable), seems=seems)


def playlist_row(playlist: Playlist, file: File | None = None) -> tuple[object, ...]:
    """The columns of PLAYLIST; the hash covers title, owner and tracks."""
    _, title, tracks, owner, modified_at = playlist
    track_ids = [track.track_id for track in tracks]
    stored = "\0".join([title, owner or "", *track_ids])
    content_hash = hashlib.blake2b(stored.encode(), digest_size=16).digest()
    names = (
        playlist_copies.identity(playlist, file, content_hash),
        playlist_copies.file_key(playlist, file),
        playlist_copies.old_identity(playlist, file),
    )
    return *names, title, owner, modified_at, content_hash, track_ids
