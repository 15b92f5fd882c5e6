"""Insert and delete tracks that stand in no playlist, such as those of sound files."""

from collections.abc import Iterable

import psycopg

from loaders.core.db import copy, take_turns
from loaders.songs.formats.model import Track
from loaders.songs.load import QUERIES, TRACK


def add(conn: psycopg.Connection, tracks: Iterable[Track]) -> None:
    """Insert new tracks and fill empty fields of stored ones, as a load of playlists does.

    Runs in the caller's transaction, and takes its turn for the table.
    """
    conn.execute(QUERIES.create_staging)
    take_turns(conn, "tracks")
    copy(conn, "pg_temp.new_tracks", TRACK, {track.track_id: track for track in tracks}.values())
    conn.execute(QUERIES.stage_without_places)
    conn.execute(QUERIES.fill_track_fields)
    conn.execute(QUERIES.insert_tracks)
    conn.execute(QUERIES.empty_staging)


def delete_unused(conn: psycopg.Connection, track_ids: Iterable[str]) -> None:
    """Delete those of the tracks that have neither a place nor a sound, nor a live vector.

    Runs in the caller's transaction, and takes its turn for the table.
    """
    conn.execute(QUERIES.create_staging)
    take_turns(conn, "tracks")
    conn.execute(QUERIES.find_without_places, {"ids": list(track_ids)})
    conn.execute(QUERIES.delete_unused_tracks)
    conn.execute(QUERIES.empty_staging)
