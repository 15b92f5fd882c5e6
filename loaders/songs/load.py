"""Load playlists from files of any known format into tracks, playlists and playlist_tracks."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, replace

import psycopg

from loaders.core import pruning, runs
from loaders.core.config import HOME
from loaders.core.console import progress, say
from loaders.core.db import connect_to_load, copy, lock, take_turns
from loaders.core.entries import BadEntry
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.runs import LoadResult
from loaders.core.sources import STANDARD_INPUT, Source
from loaders.songs import copies as playlist_copies
from loaders.songs.formats import BadPlaylistFile, File, Playlist, read
from loaders.songs.samples import SAMPLE_FOLDERS, SAMPLES

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
BATCH = 100_000  # places that are merged at once: bounds memory, whatever the file's size

STAGING = """
    set client_min_messages = warning;
    create temporary table if not exists new_tracks (
        track_id text, name text, artist text, artist_id text, album text, duration_ms integer
    ) on commit delete rows;
    create temporary table if not exists new_playlists (
        identity text, file_key text, old_identity text, title text, owner text,
        modified_at timestamptz, content_hash bytea, track_ids text[]
    ) on commit delete rows;
    create temporary table if not exists copies (identity text, playlist_id bigint)
    on commit delete rows;
    create temporary table if not exists changed (track_id text, places bigint)
    on commit delete rows;
    reset client_min_messages
"""
# Playlists that are new, or newer than what is there: by their date where both have one, else by
# their content. `changed` gets what that adds to, and takes from, the places of every track. The
# sources of copies of what changes are read again: they still hold the old version.
MERGE_PLAYLISTS = """
    with old as (
        select playlist.playlist_id, playlist.track_ids, playlist.copies
        from muse.playlists as playlist join pg_temp.new_playlists as new using (identity)
    ),
    written as (
        insert into muse.playlists as playlist (
            source_id, identity, file_key, title, owner, modified_at, content_hash, track_ids
        )
        select %s, identity, file_key, title, owner, modified_at, content_hash, track_ids
        from pg_temp.new_playlists
        on conflict (identity) do update set
            source_id = excluded.source_id, file_key = excluded.file_key, title = excluded.title,
            owner = excluded.owner, modified_at = excluded.modified_at,
            content_hash = excluded.content_hash, track_ids = excluded.track_ids, copies = '{}'
        where case
            when playlist.modified_at is not null and excluded.modified_at is not null
                then excluded.modified_at > playlist.modified_at
            else excluded.content_hash <> playlist.content_hash
        end
        returning playlist_id, track_ids, places
    ),
    counted as (
        insert into pg_temp.changed
        select track_id, sum(places)
        from (
            select unnest(track_ids) as track_id, 1 as places from written
            union all
            select unnest(old.track_ids), -1 from written join old using (playlist_id)
        ) as place
        group by track_id
    ),
    read_again as (
        update muse.sources as source set fingerprint = null
        from written join old using (playlist_id)
        where source.source_id = any(old.copies)
    )
    select count(*), coalesce(sum(places), 0) from written
"""
COUNT_KNOWN = """
    update muse.tracks as track set places = track.places + changed.places
    from pg_temp.changed where changed.track_id = track.track_id
"""
# What a track is called stays; a later file fills what was missing.
NAME_KNOWN = """
    update muse.tracks as track set
        name = coalesce(track.name, new.name),
        artist = coalesce(track.artist, new.artist),
        artist_id = coalesce(track.artist_id, new.artist_id),
        album = coalesce(track.album, new.album),
        duration_ms = coalesce(track.duration_ms, new.duration_ms)
    from pg_temp.new_tracks as new
    where new.track_id = track.track_id and (
        track.name is null and new.name is not null
        or track.artist is null and new.artist is not null
        or track.artist_id is null and new.artist_id is not null
        or track.album is null and new.album is not null
        or track.duration_ms is null and new.duration_ms is not null
    )
"""
ADD_UNKNOWN = """
    insert into muse.tracks (track_id, name, artist, artist_id, album, duration_ms, places)
    select new.track_id, name, artist, artist_id, album, duration_ms, changed.places
    from pg_temp.new_tracks as new join pg_temp.changed using (track_id)
    where not exists (select from muse.tracks as track where track.track_id = new.track_id)
"""
EMPTY_STAGING = """
    truncate pg_temp.new_tracks, pg_temp.new_playlists, pg_temp.copies, pg_temp.changed
"""


@dataclass(frozen=True)
class SongOptions(LoadOptions):
    """Options of `load songs`.

    files: paths, or `-` for standard input. format: one of FORMATS, None: detect it. sample: load
    the sample packages too.
    """

    files: tuple[str, ...] = ()
    format: str | None = None
    sample: bool = False


def load_all(conn: psycopg.Connection, options: SongOptions) -> list[LoadResult]:
    """Load the samples and files, some files at a time, and report each.

    `conn` is in autocommit mode. A file that fails does not stop the others.
    """
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

    A file, and each file of an archive, is loaded in one transaction or not at all; those that
    cannot be read are in `failures`. Entries that cannot be used are in load_errors. A file that
    was loaded completely and has not changed is skipped, unless `again`. Errors: Problem.
    """
    source = Source(location)
    if location != "-" and source.path.is_dir():
        raise Problem(f"{location}: a folder: name the files in it")
    if location != "-" and not source.path.exists():
        raise Problem(f"{location}: No such file or directory")
    is_file = location != "-" and source.path.is_file()  # a pipe can be read only once
    name = source.name if is_file else STANDARD_INPUT
    fingerprint = source.fingerprint() if is_file else None
    stored = {"format": options.format} if options.format else {}
    with runs.run(
        conn, TOPIC, name, options=stored, fingerprint=fingerprint, again=options.again
    ) as run:
        places = 0
        if run is not None:
            try:
                for file in read(location, options.format):
                    places += _load_file(run, file.entries, on_places, file)
            except BadPlaylistFile as error:
                run.fail(str(error))
            _check_usable(run, name, "an archive without a playlist")
    return _result(run, location, places)


def load_entries(
    conn: psycopg.Connection, location: str, entries: Iterable[Playlist | BadEntry]
) -> LoadResult:
    """Load playlists that do not come from a file, under a name for their source."""
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
            for result in pool.map(lambda file: _load_by_itself(file, options, count), files):
                bar.update()
                result.report()
                results.append(result)
        except KeyboardInterrupt:
            say("stopped; the files that were loaded before are kept")
            os._exit(130)  # the server rolls back the open transactions
    pool.shutdown()
    return results


def load_samples(conn: psycopg.Connection) -> list[LoadResult]:
    """Load the sample packages that are installed, and report each; say which are missing."""
    return [result for name in SAMPLES if (result := load_sample(conn, name)) is not None]


def load_sample(conn: psycopg.Connection, name: str) -> LoadResult | None:
    """Load a sample package, and report it; None where it is not installed."""
    if not (HOME / "samples" / SAMPLE_FOLDERS[name]).is_dir():
        say(f"{name} is skipped: its package is not there, ./pgmuse setup fetches it")
        return None
    try:
        with lock(conn, "playlists"):
            entries = SAMPLES[name](HOME / "samples")
            result = replace(load_entries(conn, f"sample: {name}", entries), source=name)
    except Problem as error:
        result = LoadResult.failure(name, NOUN, str(error))
    result.report()
    return result


def _load_by_itself(
    location: str, options: SongOptions, on_places: Callable[[int], None]
) -> LoadResult:
    """Load a file on a connection of its own; errors are in the result."""
    try:
        with connect_to_load(autocommit=True) as conn:
            return load(conn, location, options, on_places)
    except OSError as error:
        return LoadResult.failure(location, NOUN, f"{location}: {error.strerror}")
    except Problem as error:
        return LoadResult.failure(location, NOUN, str(error))


def _result(run: runs.Run | None, location: str, places: int) -> LoadResult:
    label = "entries left out (see load_errors)"
    scope = f"with {places:,} places"
    return runs.result_of(run, location, NOUN, scope=scope, bad_label=label)


def _load_file(
    run: runs.Run,
    entries: Iterable[Playlist | BadEntry],
    on_places: Callable[[int], None] = lambda places: None,
    file: File | None = None,
) -> int:
    """Write the playlists of one file that are new or newer, in one transaction; their places."""
    run.conn.execute(STAGING)
    before = replace(run)
    try:
        with run.conn.transaction():
            places = 0
            for batch in batches(run.accept(entries)):
                places += merge(run.conn, run, batch, file)
                on_places(sum(len(playlist.tracks) for playlist in batch))
        return places
    except BaseException as error:
        run.loaded, run.unchanged = before.loaded, before.unchanged
        if not isinstance(error, BadPlaylistFile):
            raise
        run.fail(str(error))
        return 0


def batches(playlists: Iterable[Playlist], size: int = BATCH) -> Iterator[list[Playlist]]:
    """Lists of playlists with about `size` places each."""
    batch: list[Playlist] = []
    waiting = 0
    for playlist in playlists:
        batch.append(playlist)
        waiting += len(playlist.tracks)
        if waiting >= size:
            yield batch
            batch, waiting = [], 0
    if batch:
        yield batch


def merge(
    conn: psycopg.Connection, run: runs.Run, batch: list[Playlist], file: File | None = None
) -> int:
    """Bring one batch of a file in; return how many places were written."""
    tracks = {track.track_id: track for playlist in batch for track in playlist.tracks}
    copy(conn, "pg_temp.new_tracks", TRACK, tracks.values())
    copy(conn, "pg_temp.new_playlists", PLAYLIST, (playlist_row(one, file) for one in batch))
    take_turns(conn, "tracks")  # one merge at a time: counts stay true, and nothing deadlocks
    playlist_copies.take_out(conn, run.source_id)
    row = conn.execute(MERGE_PLAYLISTS, (run.source_id,)).fetchone()
    assert row is not None
    for step in (COUNT_KNOWN, NAME_KNOWN, ADD_UNKNOWN, EMPTY_STAGING):
        conn.execute(step)
    written, places = row
    run.loaded += written
    run.unchanged += len(batch) - written
    return int(places)


def _check_usable(run: runs.Run, location: str, seems: str) -> None:
    """A Problem where nothing was loaded and no failure says why."""
    if not run.failures:
        pruning.check_usable(location, pruning.Coverage(run.usable), seems=seems)


def playlist_row(playlist: Playlist, file: File | None = None) -> tuple[object, ...]:
    """The columns of PLAYLIST; the hash differs where what is stored differs."""
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
