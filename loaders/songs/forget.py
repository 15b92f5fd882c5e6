"""Take playlists out again, with the tracks that only they held and all that was made of those."""

import psycopg
from psycopg import sql

from loaders.core.errors import Problem
from loaders.songs.load import COUNT_KNOWN, EMPTY_STAGING, STAGING, TAKE_TURNS

KINDS = {
    "playlist": "playlist.identity = %s",
    "owner": "playlist.owner = %s",
    "source": "source.location = %s",
}
# As in a load, `changed` says what that takes from the places of every track.
FORGET = """
    with gone as (
        delete from muse.playlists as playlist using muse.sources as source
        where source.source_id = playlist.source_id and {}
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
        select unnest(playlist.copies)
        from muse.playlists as playlist join muse.sources as source using (source_id)
        where source.topic = 'playlists' and source.location = %s
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


def forget(conn: psycopg.Connection, kind: str, value: str) -> tuple[int, int]:
    """Forget a playlist by its identity, an owner's, or a source's; playlists and tracks gone.

    `conn` is in autocommit mode; all of it happens or nothing.
    """
    conn.execute(STAGING)
    with conn.transaction():
        conn.execute(TAKE_TURNS)
        forget_them = sql.SQL(FORGET).format(sql.SQL(KINDS[kind]))
        if kind == "source":
            conn.execute(READ_AGAIN, (value,))
        (playlists,) = conn.execute(forget_them, (value,)).fetchone() or (0,)
        for step in STEPS:
            conn.execute(step)
        tracks = conn.execute(LAST).rowcount
        known = kind == "source" and _forget_source(conn, value)
        conn.execute(EMPTY_STAGING)
    if not playlists and not known:
        what = "nothing" if kind == "source" else "no playlist"
        table = "sources" if kind == "source" else "playlists"
        raise Problem(f"there is {what} of the {kind} {value!r}: see the table {table}")
    return playlists, tracks


def _forget_source(conn: psycopg.Connection, location: str) -> bool:
    """What is known of its loads. Items and articles stay: they may have come from others too."""
    query = """
        delete from muse.sources
        where topic in ('playlists', 'wikidata', 'wikipedia') and location = %s
    """
    return conn.execute(query, (location,)).rowcount > 0
