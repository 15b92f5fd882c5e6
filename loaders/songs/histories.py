"""Sessions of listening histories beside those that are stored.

The same plays come again in later exports, in other forms and cut elsewhere: by another gap, or at
the end of a file.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import Path
from typing import NamedTuple, TypeVar

import psycopg
from psycopg import sql

from loaders.core.db import take_turns
from loaders.core.queries import Queries
from loaders.core.runs import Run
from loaders.songs.formats.history import prefix, started_at
from loaders.songs.formats.model import Playlist

QUERIES = Queries(Path(__file__).with_name("queries.sql"))


Long = TypeVar("Long", Playlist, "Stored")
Short = TypeVar("Short", Playlist, "Stored")


class Stored(NamedTuple):
    """A stored session."""

    playlist_id: int
    key: str
    modified_at: datetime
    source_id: int


class Settled(NamedTuple):
    """Sessions to merge, and the identities of stored ones with other sources that have them."""

    sessions: list[Playlist]
    shared: list[tuple[str, int]]


def settle(run: Run, sessions: list[Playlist]) -> Settled:
    """Delete stored sessions that the new ones replace, and leave out new ones that are parts.

    In the caller's transaction. Sessions of the same source in the same period are replaced,
    unless a part of the source failed. A session whose tracks are, in the same time, a part of a
    longer one is stored only as that part.
    """
    if not sessions:
        return Settled([], [])
    take_turns(run.conn, "tracks")
    stored = _stored(run.conn, prefix(sessions[0].key.partition(":history:")[0]))
    outdated = set() if run.failures else _outdated(run.source_id, sessions, stored)
    others = {one.key: one for one in stored if one.playlist_id not in outdated}
    longer, shorter = _parts(run.conn, sessions, list(others.values()))
    _delete(run.conn, outdated | {part.playlist_id for _, part in longer})
    left_out = {part.key for _, part in shorter}
    run.unchanged += len(left_out)
    shared = [(one.key, others[one.key].source_id) for one in sessions if one.key in others]
    shared += [(session.key, part.source_id) for session, part in longer]
    shared += [(session.key, session.source_id) for session, _ in shorter]
    return Settled(
        [one for one in sessions if one.key not in left_out],
        [(key, source) for key, source in shared if source != run.source_id],
    )


def note_sources(run: Run, shared: list[tuple[str, int]]) -> None:
    """Note which other sources have a session, so that they are loaded again if its own goes."""
    if not shared:
        return
    identities, sources = zip(*shared, strict=True)
    values = {"identities": list(identities), "sources": list(sources), "source": run.source_id}
    run.conn.execute(QUERIES.note_session_sources, values)


def _stored(conn: psycopg.Connection, start: str) -> list[Stored]:
    rows = conn.execute(QUERIES.select_sessions, {"prefix": start}).fetchall()
    return sorted((Stored(*row) for row in rows), key=lambda one: started_at(one.key))


def _outdated(source_id: int, sessions: list[Playlist], stored: list[Stored]) -> set[int]:
    """Sessions of the source in its period that it no longer has, or now has shorter ones of."""
    new = {one.key: one.modified_at for one in sessions}
    first = started_at(sessions[0].key)
    last = max(one.modified_at for one in sessions if one.modified_at)
    return {
        one.playlist_id
        for one in stored
        if one.source_id == source_id
        and started_at(one.key) >= first
        and one.modified_at <= last
        and ((end := new.get(one.key)) is None or end < one.modified_at)
    }


def _parts(
    conn: psycopg.Connection, sessions: list[Playlist], stored: list[Stored]
) -> tuple[list[tuple[Playlist, Stored]], list[tuple[Stored, Playlist]]]:
    """Pairs of new sessions with stored parts, and of stored ones with new parts."""
    stored_keys = {one.key for one in stored}
    inner = list(_inside(sessions, stored))
    outer = list(_inside(stored, [one for one in sessions if one.key not in stored_keys]))
    ids = {one.playlist_id for _, one in inner} | {one.playlist_id for one, _ in outer}
    if not ids:
        return [], []
    rows = conn.execute(QUERIES.select_track_ids, {"ids": list(ids)})
    tracks: dict[int, list[str]] = dict(rows.fetchall())
    return (
        [(new, old) for new, old in inner if _is_part(tracks[old.playlist_id], _ids(new))],
        [(old, new) for old, new in outer if _is_part(_ids(new), tracks[old.playlist_id])],
    )


def _inside(long: Iterable[Long], short: list[Short]) -> Iterator[tuple[Long, Short]]:
    """Pairs of sessions of which the second begins later and ends no later than the first."""
    starts = [started_at(one.key) for one in short]
    for one in long:
        assert one.modified_at is not None
        end = f"{one.modified_at:%Y-%m-%dT%H:%M:%S.999}"
        at = bisect_right(starts, started_at(one.key))
        for other in short[at : bisect_left(starts, end, at)]:
            if other.modified_at is not None and other.modified_at <= one.modified_at:
                yield one, other


def _ids(session: Playlist) -> list[str]:
    return [track.track_id for track in session.tracks]


def _is_part(part: list[str], tracks: list[str]) -> bool:
    """Whether the tracks stand in this order, without others between them, in a longer list."""
    size = len(part)
    return any(
        tracks[at : at + size] == part
        for at in range(len(tracks) - size + 1)
        if tracks[at] == part[0]
    )


def _delete(conn: psycopg.Connection, ids: Iterable[int]) -> None:
    delete = sql.SQL(QUERIES.delete_playlists).format(
        condition=sql.SQL("playlist.playlist_id = any(%s)")
    )
    conn.execute(delete, (list(ids),))
    conn.execute(QUERIES.update_track_places)
    conn.execute(QUERIES.delete_unused_tracks)
    conn.execute(QUERIES.empty_staging)
