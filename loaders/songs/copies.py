"""The identity of a playlist, and copies of it in other files.

A playlist is identified by its address, else by the path of its file. The same playlist in another
file of that name (a copy, a compressed file, an archive member) is stored once; the row lists the
sources of the copies, and they are loaded again when it changes.
"""

import os
from pathlib import Path

import psycopg

from loaders.core.queries import Queries
from loaders.core.sources import stored_path
from loaders.songs.formats import File, Playlist
from loaders.songs.formats.reading import STANDARD_INPUT

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
# Keys of playlists without a name in standard input: a hash of the content identifies them.
NAMELESS = {f"{STANDARD_INPUT}#{STANDARD_INPUT}", f"{STANDARD_INPUT}#untitled"}


def identity(playlist: Playlist, file: File | None, content_hash: bytes) -> str:
    """The unique name of a playlist: its address, else the path of its file with its key."""
    if file is not None and _has_path(playlist, file):
        return file.path + playlist.key[len(file.name) :]
    if playlist.key in NAMELESS:
        return f"{playlist.key}:{content_hash.hex()}"
    return playlist.key


def file_key(playlist: Playlist, file: File | None) -> str | None:
    """The key that a playlist shares with its copies; None where its identity has no path."""
    return playlist.key if _has_path(playlist, file) else None


def old_identity(playlist: Playlist, file: File | None) -> str | None:
    """The identity of a member of an archive that was loaded before version 0.1.1."""
    in_archive = _has_path(playlist, file) and file is not None and file.archive
    return f"{in_archive}/{playlist.key}" if in_archive else None


def unstage_copies(conn: psycopg.Connection, source_id: int) -> None:
    """Remove staged playlists that are copies of stored ones, and note the source as a copy.

    A playlist whose file no longer exists is moved: it gets the new identity and source.
    """
    values: dict[str, object] = {"source": source_id}
    conn.execute(QUERIES.rename_archive_members, values)
    if not conn.execute(QUERIES.find_copies).rowcount:
        return
    sources = conn.execute(QUERIES.other_sources, values).fetchall()
    values["missing"] = [
        key
        for key, path in sources
        if path.startswith("/") and not os.path.lexists(stored_path(path))
    ]
    conn.execute(QUERIES.move_playlists, values)
    conn.execute(QUERIES.reload_missing, values)
    conn.execute(QUERIES.add_copies, values)
    conn.execute(QUERIES.unstage_copies)


def _has_path(playlist: Playlist, file: File | None) -> bool:
    """Whether the identity of a playlist contains the path of a file; a stream has none."""
    return file is not None and "/" in file.path and playlist.key.startswith(f"{file.name}#")
