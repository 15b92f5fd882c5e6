"""Load playlists from files of any known format into tracks, playlists and playlist_tracks."""

import hashlib
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import psycopg

from loaders import runs
from loaders.db import copy
from loaders.playlist_files import BadEntry, BadFile, Playlist, read

TRACK = {
    "track_id": "text",
    "name": "text",
    "artist": "text",
    "artist_id": "text",
    "album": "text",
    "duration_ms": "int4",
}
PLAYLIST = {
    "number": "int4",
    "identity": "text",
    "title": "text",
    "owner": "text",
    "modified_at": "timestamptz",
    "content_hash": "bytea",
    "places": "int4",
}
PLACE = {"number": "int4", "place": "int4", "track_id": "text"}
BATCH = 100_000  # places that are merged at once: bounds memory, whatever the file's size

STAGING = """
    set client_min_messages = warning;
    create temporary table if not exists new_tracks (
        track_id text, name text, artist text, artist_id text, album text, duration_ms integer
    ) on commit delete rows;
    create temporary table if not exists new_playlists (
        number integer, identity text, title text, owner text, modified_at timestamptz,
        content_hash bytea, places integer
    ) on commit delete rows;
    create temporary table if not exists new_places (
        number integer, place integer, track_id text
    ) on commit delete rows;
    create temporary table if not exists accepted (
        number integer, playlist_id bigint, replaced boolean
    ) on commit delete rows;
    reset client_min_messages
"""

# New, or newer than what is there: by its date where it has one, else by its content.
ACCEPT = """
    with written as (
        insert into muse.playlists as playlist (
            source_id, identity, title, owner, modified_at, content_hash, places
        )
        select %s, identity, title, owner, modified_at, content_hash, places
        from pg_temp.new_playlists
        order by identity
        on conflict (identity) do update set
            source_id = excluded.source_id, title = excluded.title, owner = excluded.owner,
            modified_at = excluded.modified_at, content_hash = excluded.content_hash,
            places = excluded.places
        where case
            when playlist.modified_at is not null and excluded.modified_at is not null
                then excluded.modified_at > playlist.modified_at
            else excluded.content_hash <> playlist.content_hash
        end
        returning playlist_id, identity, xmax <> 0 as replaced
    )
    insert into pg_temp.accepted
    select new.number, written.playlist_id, written.replaced
    from written join pg_temp.new_playlists as new using (identity)
"""
EMPTY_REPLACED = """
    with gone as (
        delete from muse.playlist_tracks as place using pg_temp.accepted
        where place.playlist_id = accepted.playlist_id and accepted.replaced
        returning place.track_id
    ), counted as (
        select track_id, count(*) as places from gone group by track_id
    ), locked as materialized (  -- in order, so that two loads cannot wait for one another
        select track_id from muse.tracks where track_id in (select track_id from counted)
        order by track_id for update
    )
    update muse.tracks as track set places = track.places - counted.places
    from counted join locked using (track_id) where track.track_id = counted.track_id
"""
FILL = """
    insert into muse.playlist_tracks (playlist_id, place, track_id)
    select accepted.playlist_id, new.place, new.track_id
    from pg_temp.new_places as new join pg_temp.accepted using (number)
"""
# What a track is called stays; a later file fills what was missing.
COUNT_TRACKS = """
    with counted as (
        select new.track_id, count(*) as places
        from pg_temp.new_places as new join pg_temp.accepted using (number)
        group by new.track_id
    )
    insert into muse.tracks as track (
        track_id, name, artist, artist_id, album, duration_ms, places
    )
    select new.track_id, name, artist, artist_id, album, duration_ms, counted.places
    from pg_temp.new_tracks as new join counted using (track_id)
    order by new.track_id
    on conflict (track_id) do update set
        places = track.places + excluded.places,
        name = coalesce(track.name, excluded.name),
        artist = coalesce(track.artist, excluded.artist),
        artist_id = coalesce(track.artist_id, excluded.artist_id),
        album = coalesce(track.album, excluded.album),
        duration_ms = coalesce(track.duration_ms, excluded.duration_ms)
"""
EMPTY_STAGING = (
    "truncate pg_temp.new_tracks, pg_temp.new_playlists, pg_temp.new_places, pg_temp.accepted"
)


class Loaded(NamedTuple):
    """What became of a file."""

    playlists: int = 0
    places: int = 0
    unchanged: int = 0
    bad: int = 0
    seen_before: bool = False


def load(
    conn: psycopg.Connection, location: str, *, format: str | None = None, again: bool = False
) -> Loaded:
    """Load a file (or `-`, standard input), all of it or nothing; `conn` is in autocommit mode.

    A file that was loaded whole and has not changed is skipped, unless `again`. Raises BadFile
    where it is cut off or no playlist file; entries that cannot be used are in load_errors.
    """
    path = None if location == "-" else Path(location).resolve()
    known = None if path is None or again else runs.fingerprint(path)
    options = {"format": format} if format else {}
    where = "standard input" if path is None else str(path)
    with runs.run(conn, "playlists", where, options=options, fingerprint=known) as run:
        if run is None:
            return Loaded(seen_before=True)
        playlists = (entry for _, entries in read(location, format) for entry in entries)
        places = load_entries(run, playlists, title=Path(where).name)
    return Loaded(run.loaded, places, run.unchanged, run.bad)


def load_entries(run: runs.Run, entries: Iterable[Playlist | BadEntry], title: str = "") -> int:
    """Write the playlists that are new or newer, in one transaction; return their places."""
    conn, places = run.conn, 0
    conn.execute(STAGING)
    with conn.transaction(), closing(runs.progress("places", title=title)) as bar:
        for batch in batches(_good(run, entries)):
            count = merge(conn, run, batch)
            places += count
            bar.update(sum(len(playlist.tracks) for playlist in batch))
        run.write_errors()
    return places


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


def merge(conn: psycopg.Connection, run: runs.Run, batch: list[Playlist]) -> int:
    """Bring one batch in; return how many places were written."""
    tracks = {track.track_id: track for playlist in batch for track in playlist.tracks}
    copy(conn, "pg_temp.new_playlists", PLAYLIST, _playlist_rows(batch))
    conn.execute(ACCEPT, (run.source_id,))
    copy(conn, "pg_temp.new_tracks", TRACK, tracks.values())
    copy(conn, "pg_temp.new_places", PLACE, _place_rows(batch))
    conn.execute(EMPTY_REPLACED)
    conn.execute(COUNT_TRACKS)
    places = conn.execute(FILL).rowcount
    (accepted,) = conn.execute("select count(*) from pg_temp.accepted").fetchone() or (0,)
    conn.execute(EMPTY_STAGING)
    run.loaded += accepted
    run.unchanged += len(batch) - accepted
    return places


def _good(run: runs.Run, entries: Iterable[Playlist | BadEntry]) -> Iterator[Playlist]:
    for entry in entries:
        if isinstance(entry, BadEntry):
            run.leave_out(*entry)
        else:
            yield entry


def _playlist_rows(batch: list[Playlist]) -> Iterator[tuple[object, ...]]:
    for number, playlist in enumerate(batch):
        told = (playlist.key, playlist.title, playlist.owner, playlist.modified_at)
        yield number, *told, content_hash(playlist), len(playlist.tracks)


def _place_rows(batch: list[Playlist]) -> Iterator[tuple[int, int, str]]:
    for number, playlist in enumerate(batch):
        for place, track in enumerate(playlist.tracks, start=1):
            yield number, place, track.track_id


def content_hash(playlist: Playlist) -> bytes:
    """16 bytes that differ where a playlist differs in what is stored of it."""
    told = [playlist.title, playlist.owner or "", *(track.track_id for track in playlist.tracks)]
    return hashlib.blake2b("\0".join(told).encode(), digest_size=16).digest()
