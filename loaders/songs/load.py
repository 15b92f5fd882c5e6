"""Load playlists from files of any known format into tracks, playlists and playlist_tracks."""

import hashlib
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

import psycopg

from loaders.core import pruning, runs
from loaders.core.config import HOME
from loaders.core.console import progress, say
from loaders.core.db import connect_to_load, copy, lock
from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.songs import copies as playlist_copies
from loaders.songs.formats import BadEntry, BadFile, File, Playlist, read
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
# One merge at a time: counts stay true, and no two loads wait for one another in a circle.
TAKE_TURNS = "lock table muse_locks.tracks in share update exclusive mode"

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


@dataclass
class Loaded:
    """What became of a source: playlists that are new or newer, their places, and the rest."""

    playlists: int = 0
    places: int = 0
    unchanged: int = 0
    bad: int = 0
    seen_before: bool = False
    failures: list[str] = field(default_factory=list)


def load(
    conn: psycopg.Connection,
    location: str,
    *,
    format: str | None = None,
    again: bool = False,
    on_places: Callable[[int], None] = lambda places: None,
) -> Loaded:
    """Load a file (or `-`, standard input); `conn` is in autocommit mode.

    A file, and each file of an archive, is loaded whole or not at all; what cannot be read is
    named in `failures`. Entries that cannot be used are in load_errors. A file that was loaded
    whole and has not changed is skipped, unless `again`.
    """
    where, known = "standard input", None  # a pipe too: it can be read but once
    if location != "-" and Path(location).is_dir():
        raise Problem(f"{location}: a folder: name the files in it")
    if location != "-" and not Path(location).exists():
        raise Problem(f"{location}: No such file or directory")
    if location != "-" and Path(location).is_file():
        where = printable(str(Path(location).resolve()))
        known = runs.fingerprint(Path(location))
    options = {"format": format} if format else {}
    with runs.run(conn, "playlists", where, options=options, fingerprint=known, again=again) as run:
        if run is None:
            return Loaded(seen_before=True)
        loaded = Loaded()
        try:
            for file in read(location, format):
                _load_whole(run, file.entries, loaded, on_places, file)
        except BadFile as error:
            run.fail(str(error))
        _check_usable(run, where, "an archive without a playlist")
    return replace(
        loaded, playlists=run.loaded, unchanged=run.unchanged, bad=run.bad, failures=run.failures
    )


def load_entries(
    conn: psycopg.Connection, location: str, entries: Iterable[Playlist | BadEntry]
) -> Loaded:
    """Load playlists that come from elsewhere than a file, under a name for their source."""
    loaded = Loaded()
    with runs.run(conn, "playlists", location) as run:
        assert run is not None
        _load_whole(run, entries, loaded)
        _check_usable(run, location, "a source without a playlist")
    return replace(loaded, playlists=run.loaded, unchanged=run.unchanged, bad=run.bad)


def load_files(files: list[str], *, format: str | None, again: bool, workers: int) -> bool:
    """Load files, some at a time, and say what became of each; False if one failed."""
    seen = 0

    def work(location: str) -> Loaded:
        try:
            with connect_to_load(autocommit=True) as conn:
                return load(conn, location, format=format, again=again, on_places=count)
        except OSError as error:
            return Loaded(failures=[f"{location}: {error.strerror}"])
        except Problem as error:
            return Loaded(failures=[str(error)])

    def count(places: int) -> None:
        nonlocal seen
        seen += places
        bar.set_postfix_str(f"{seen:,} places", refresh=False)

    good = True
    pool = ThreadPoolExecutor(max_workers=workers)
    with (
        connect_to_load(autocommit=True) as holder,
        lock(holder, "playlists"),
        closing(progress("files", len(files))) as bar,
    ):
        try:
            for location, loaded in zip(files, pool.map(work, files), strict=True):
                bar.update()
                tell(location, loaded)
                good &= not loaded.failures
        except KeyboardInterrupt:
            say("stopped; the files that were done are kept")
            os._exit(130)  # the server rolls back what the others were in the middle of
    pool.shutdown()
    return good


def load_samples(conn: psycopg.Connection) -> list[Loaded]:
    """Load the sample packages that are installed, and say which are not."""
    results = []
    for name, package in SAMPLE_FOLDERS.items():
        if not (HOME / "samples" / package).is_dir():
            say(f"{name} is skipped: its package is not there, ./pgmuse setup fetches it")
            continue
        try:
            with lock(conn, "playlists"):
                entries = SAMPLES[name](HOME / "samples")
                loaded = load_entries(conn, f"sample: {name}", entries)
        except Problem as error:
            loaded = Loaded(failures=[str(error)])
        tell(name, loaded)
        results.append(loaded)
    return results


def tell(name: str, loaded: Loaded) -> None:
    """One line a file, and one a failure."""
    for failure in loaded.failures:
        say(failure)
    if loaded.seen_before:
        say(f"{name}: unchanged since it was loaded (--again reads it all the same)")
    elif loaded.playlists or loaded.unchanged or loaded.bad or not loaded.failures:
        more = f", {loaded.unchanged:,} unchanged" if loaded.unchanged else ""
        more += f", {loaded.bad:,} entries left out (see load_errors)" if loaded.bad else ""
        say(f"{name}: {loaded.playlists:,} playlists with {loaded.places:,} places{more}")


def _load_whole(
    run: runs.Run,
    entries: Iterable[Playlist | BadEntry],
    loaded: Loaded,
    on_places: Callable[[int], None] = lambda places: None,
    file: File | None = None,
) -> None:
    """Write the playlists of one file that are new or newer, in one transaction."""
    run.conn.execute(STAGING)
    before = replace(run)
    try:
        with run.conn.transaction():
            places = 0
            for batch in batches(_good(run, entries)):
                places += merge(run.conn, run, batch, file)
                on_places(sum(len(playlist.tracks) for playlist in batch))
        loaded.places += places
    except BaseException as error:
        run.loaded, run.unchanged = before.loaded, before.unchanged
        if not isinstance(error, BadFile):
            raise
        run.fail(str(error))


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
    conn.execute(TAKE_TURNS)
    playlist_copies.take_out(conn, run.source_id)
    row = conn.execute(MERGE_PLAYLISTS, (run.source_id,)).fetchone()
    assert row is not None
    for step in (COUNT_KNOWN, NAME_KNOWN, ADD_UNKNOWN, EMPTY_STAGING):
        conn.execute(step)
    written, places = row
    run.loaded += written
    run.unchanged += len(batch) - written
    return int(places)


def _good(run: runs.Run, entries: Iterable[Playlist | BadEntry]) -> Iterator[Playlist]:
    for entry in entries:
        if isinstance(entry, BadEntry):
            run.leave_out(*entry)
        else:
            yield entry


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
