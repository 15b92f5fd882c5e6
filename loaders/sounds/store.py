"""Store sounds, their files and their tracks; delete files with everything derived from them."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg
from pgvector import Vector

from loaders.core.db import take_turns
from loaders.core.locations import Locations
from loaders.core.queries import Queries
from loaders.songs import tracks
from loaders.songs.formats.model import Track
from loaders.sounds import VERSION
from loaders.sounds.files import SoundFile
from loaders.sounds.listening import PreparedSound

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SILENT = "silence: no part of it, mixed to mono, exceeds 60 dB below full scale"
COUNT = "select count(*) from muse.sounds"


class NamedSound(NamedTuple):
    """A file that was read. track: by its names. ids: under which the track may be stored."""

    file: SoundFile
    sound: PreparedSound
    track: Track
    ids: list[str]


def select_stored(
    conn: psycopg.Connection, source_id: int, tagger: int
) -> dict[str, tuple[int, datetime]]:
    """Size and time of change of the files of a source that need not be read, by location."""
    values = {"source_id": source_id, "tagger": tagger, "version": VERSION}
    rows = conn.execute(QUERIES.select_stored, values)
    return {location: (size, changed) for location, size, changed in rows}


def store(
    conn: psycopg.Connection, source_id: int, tagger: int, entries: Sequence[NamedSound]
) -> None:
    """Store files of a source in one transaction. tagger: the model that heard them."""
    with conn.transaction(), conn.cursor() as cursor:
        take_turns(conn, "tracks")
        named = [(entry, _stored_track(conn, entry)) for entry in entries]
        tracks.add(conn, [track for _, track in named])
        cursor.executemany(QUERIES.upsert_sound, [_sound(entry.sound) for entry in entries])
        heard = [entry.sound for entry in entries if entry.sound.heard.patches]
        cursor.executemany(QUERIES.upsert_embedding, [_embedding(tagger, one) for one in heard])
        values = {"source_id": source_id, "locations": [entry.file.location for entry in entries]}
        replaced = [track_id for (track_id,) in cursor.execute(QUERIES.select_replaced, values)]
        rows = [_file(source_id, entry, track) for entry, track in named]
        cursor.executemany(QUERIES.upsert_file, rows)
        if replaced:
            tracks.delete_unused(conn, replaced)


def delete_source(conn: psycopg.Connection, source_id: int) -> int:
    """Delete all files of a source; return the number of sounds deleted with them."""
    return _delete(conn, QUERIES.delete_source_files, {"source_id": source_id})


def delete_files(conn: psycopg.Connection, source_id: int, keys: list[int]) -> int:
    """Delete files of a source by their keys; return the number of sounds deleted with them."""
    return _delete(conn, QUERIES.delete_files, {"source_id": source_id, "keys": keys})


def delete_sound(conn: psycopg.Connection, sound_id: int) -> int:
    """Delete a sound with all its files; return 0 where there is no such sound."""
    return _delete(conn, QUERIES.delete_files_of_sound, {"sound_id": sound_id})


def _delete(conn: psycopg.Connection, query: LiteralString, values: dict[str, Any]) -> int:
    """Run a deletion of files, which triggers follow; delete tracks that nothing else uses."""
    take_turns(conn, "tracks")
    (before,) = conn.execute(COUNT).fetchone() or (0,)
    gone = {track_id for (track_id,) in conn.execute(query, values)}
    (after,) = conn.execute(COUNT).fetchone() or (0,)
    tracks.delete_unused(conn, gone)
    return int(before - after)


STORED = Locations("sound_sources", "sound_source_id", "sounds", delete_files)


def _stored_track(conn: psycopg.Connection, entry: NamedSound) -> Track:
    """The track of an entry, under the first of its ids that is stored."""
    if not entry.ids:
        return entry.track
    stored = {row[0] for row in conn.execute(QUERIES.select_tracks, {"ids": entry.ids})}
    track_id = next((one for one in entry.ids if one in stored), entry.track.track_id)
    return entry.track._replace(track_id=track_id)


def _sound(sound: PreparedSound) -> dict[str, Any]:
    return {
        "key": sound.sha256,
        "seconds": sound.seconds,
        "rate": sound.rate,
        "channels": sound.channels,
        "patches": sound.heard.patches,
        "version": VERSION,
        "parked": None if sound.heard.patches else SILENT,
    }


def _embedding(tagger: int, sound: PreparedSound) -> dict[str, Any]:
    return {
        "tagger": tagger,
        "key": sound.sha256,
        "embedding": Vector(sound.heard.embedding),
        "tags": sound.heard.tags.tolist(),
    }


def _file(source_id: int, entry: NamedSound, track: Track) -> dict[str, Any]:
    return {
        "source_id": source_id,
        "location": entry.file.location,
        "key": entry.sound.sha256,
        "track_id": track.track_id,
        "title": track.name,
        "artist": track.artist,
        "album": track.album,
        "licence": entry.sound.tags.licence,
        "bytes": entry.file.size,
        "modified_at": entry.file.modified_at,
    }
