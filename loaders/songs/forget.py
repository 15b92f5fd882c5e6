"""Delete playlists, tracks that are in no other playlist, and rows derived from those tracks."""

from pathlib import Path
from typing import LiteralString

import psycopg
from psycopg import sql

from loaders.core.db import take_turns, try_turn
from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.core.topics import StoredSource
from loaders.songs.load import QUERIES

ARTIST_QUERIES = Queries(Path(__file__).with_name("artists.sql"))
KINDS: dict[str, LiteralString] = {
    "playlist": "playlist.identity = %s",
    "owner": "playlist.owner = %s",
}
SPOTIFY = Queries(Path(__file__).with_name("spotify") / "queries.sql")
FOUND_ON_SPOTIFY: dict[str, LiteralString] = {
    "playlist": "%s in (spotify_id, 'https://open.spotify.com/playlist/' || spotify_id)",
    "owner": "owner = %s",
}
# In this order: rows derived from a track before the track.
STEPS = (
    QUERIES.update_track_places,
    QUERIES.keep_used_tracks,
    QUERIES.delete_radio_samples,
    QUERIES.delete_neighbors,
    QUERIES.delete_vectors,
    ARTIST_QUERIES.find_artists,
)
# Rows derived from artists of whom no track is left.
ARTIST_STEPS = (
    ARTIST_QUERIES.keep_used_artists,
    ARTIST_QUERIES.delete_artist_neighbors,
    ARTIST_QUERIES.delete_artist_vectors,
    "drop table pg_temp.gone_artists",
)


def forget_playlists(conn: psycopg.Connection, kind: str, value: str) -> dict[str, int]:
    """Delete a playlist by its identity, or all of an owner; return the counts of deleted rows.

    `conn` is in autocommit mode; one transaction deletes all. Errors: Problem where none exists.
    """
    with conn.transaction():
        counts = _delete(conn, KINDS[kind], value)
        on_spotify = _forget_on_spotify(conn, kind, value)
    if not counts["playlists"] and not on_spotify:
        column = {"playlist": "identity"}.get(kind, kind)
        raise Problem(f"there is no playlist whose {column} is {value!r}: see the table playlists")
    return counts


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete the playlists of a source, in the caller's transaction; the counts of deleted rows."""
    conn.execute(QUERIES.reload_copies, {"source": source.source_id})
    counts = _delete(conn, "playlist.source_id = %s", source.source_id)
    conn.execute("delete from muse.sources where source_id = %s", (source.source_id,))
    service, _, origin = source.location.partition(": ")
    if service == "spotify":
        _check_no_crawl(conn)
        conn.execute(SPOTIFY.delete_crawl, {"origin": origin})
        if origin == "search":
            conn.execute(SPOTIFY.delete_words)
    conn.execute(SPOTIFY.wait_again)
    return counts


def _forget_on_spotify(conn: psycopg.Connection, kind: str, value: str) -> int:
    """Keep only the ids of these playlists, so that no crawl loads them again; their number."""
    condition = sql.SQL(FOUND_ON_SPOTIFY[kind])
    forgotten = conn.execute(
        sql.SQL(SPOTIFY.forget_playlists).format(condition=condition), (value,)
    )
    if forgotten.rowcount:
        _check_no_crawl(conn)
    conn.execute(SPOTIFY.delete_forgotten_pages)
    conn.execute(SPOTIFY.delete_forgotten_likes)
    return forgotten.rowcount


def _check_no_crawl(conn: psycopg.Connection) -> None:
    """Keep crawls from beginning until the end of this transaction. Errors: Problem.

    A crawl that is running could store what is being forgotten.
    """
    if not try_turn(conn, "spotify"):
        raise Problem("another process reads from Spotify: end it, then run this again")


def _delete(conn: psycopg.Connection, condition: LiteralString, value: str | int) -> dict[str, int]:
    conn.execute(QUERIES.create_staging)
    take_turns(conn, "tracks")
    delete = sql.SQL(QUERIES.delete_playlists).format(condition=sql.SQL(condition))
    (playlists,) = conn.execute(delete, (value,)).fetchone() or (0,)
    for step in STEPS:
        conn.execute(step)
    tracks = conn.execute(QUERIES.delete_tracks).rowcount
    for step in ARTIST_STEPS:
        conn.execute(step)
    conn.execute(QUERIES.empty_staging)
    return {"playlists": playlists, "tracks": tracks}
