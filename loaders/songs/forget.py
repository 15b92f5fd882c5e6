"""Delete playlists, tracks that stand in no other playlist, and all derived from those."""

from typing import LiteralString

import psycopg
from psycopg import sql

from loaders.core.db import take_turns
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.songs.load import COUNT_KNOWN, EMPTY_STAGING, STAGING

KINDS: dict[str, LiteralString] = {
    "playlist": "playlist.identity = %s",
    "owner": "playlist.owner = %s",
}
# As in a load, `changed` says what that takes from the places of every track.
FORGET = """
    with gone as (
        delete from muse.playlists as playlist where {}
        returning playlist.track_ids
    ),
    counted as (
        insert into pg_temp.changed
        select track_id, -count(*) from gone cross join unnest(track_ids) as place (track_id)
        group by track_id
    )
    select count(*) from gone
"""
# A source that goes may hold playlists of which others hold copies: those are read again.
READ_AGAIN = """
    update muse.sources set fingerprint = null
    where source_id in (
        select unnest(copies) from muse.playlists where source_id = %s
    )
"""
# In this order: what was made of a track goes first.
STEPS = (
    COUNT_KNOWN,
    """
    delete from pg_temp.changed as gone using muse.tracks as track
    where track.track_id = gone.track_id and track.places > 0
    """,
    """
    delete from muse.samples where kind = 'radio' and exists (
        select from jsonb_array_elements(result) as place
        join pg_temp.changed as gone on gone.track_id = place ->> 'track_id'
    ) or kind = 'radio' and parameters -> 'seeds' ?| (
        select coalesce(array_agg(track_id), '{}') from pg_temp.changed
    )
    """,
    """
    delete from muse.song_neighbors using pg_temp.changed as gone
    where gone.track_id in (song_neighbors.track_id, song_neighbors.neighbor_id)
    """,
    """
    delete from muse.song_vectors using pg_temp.changed as gone
    where gone.track_id = song_vectors.track_id
    """,
)
LAST = "delete from muse.tracks where track_id in (select track_id from pg_temp.changed)"


def forget_playlists(conn: psycopg.Connection, kind: str, value: str) -> dict[str, int]:
    """Delete a playlist by its identity, or all of an owner; the deleted rows.

    `conn` is in autocommit mode; one transaction deletes all. Errors: Problem where there is none.
    """
    with conn.transaction():
        counts = _delete(conn, KINDS[kind], value)
    if not counts["playlists"]:
        raise Problem(f"there is no playlist of the {kind} {value!r}: see the table playlists")
    return counts


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete the playlists of a source, in the caller's transaction; the deleted rows."""
    conn.execute(READ_AGAIN, (source.source_id,))
    counts = _delete(conn, "playlist.source_id = %s", source.source_id)
    conn.execute("delete from muse.sources where source_id = %s", (source.source_id,))
    return counts


def _delete(conn: psycopg.Connection, condition: LiteralString, value: str | int) -> dict[str, int]:
    conn.execute(STAGING)
    take_turns(conn, "tracks")
    delete = sql.SQL(FORGET).format(sql.SQL(condition))
    (playlists,) = conn.execute(delete, (value,)).fetchone() or (0,)
    for step in STEPS:
        conn.execute(step)
    tracks = conn.execute(LAST).rowcount
    conn.execute(EMPTY_STAGING)
    return {"playlists": playlists, "tracks": tracks}
