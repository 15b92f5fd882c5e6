"""Which playlist is which: by its address, else by the path of its file.

The same playlist in another file of that name (a copy, the packed twin, a member of an archive) is
stored once. Its row lists the sources of the copies: when it changes, they are read again.
"""

import os

import psycopg

from loaders.songs.formats import File, Playlist
from loaders.songs.formats.reading import STANDARD_INPUT

# What standard input does not name is told apart by its content.
NAMELESS = {f"{STANDARD_INPUT}#{STANDARD_INPUT}", f"{STANDARD_INPUT}#untitled"}

# Before version 0.1.1 a member of an archive went by its name alone; see revision 0012.
RENAME = """
    update muse.playlists as playlist set identity = new.identity
    from pg_temp.new_playlists as new
    where playlist.source_id = %s and playlist.identity = new.old_identity
      and not exists (select from muse.playlists as same where same.identity = new.identity)
"""
FIND = """
    insert into pg_temp.copies (identity, playlist_id)
    select new.identity, min(playlist.playlist_id)
    from pg_temp.new_playlists as new
    join muse.playlists as playlist
        on playlist.content_hash = new.content_hash and playlist.file_key = new.file_key
    where not exists (select from muse.playlists as same where same.identity = new.identity)
    group by new.identity
"""
# Of copies, and of files that were packed or moved in their place: where their rows came from.
OTHER_SOURCES = """
    select distinct source.source_id, source.location
    from pg_temp.copies as copy
    join muse.playlists as playlist using (playlist_id)
    join muse.sources as source using (source_id)
    where source.source_id <> %s
"""
MOVE = """
    update muse.playlists as playlist set identity = copy.identity, source_id = %s
    from pg_temp.copies as copy
    where playlist.playlist_id = copy.playlist_id and playlist.source_id = any(%s)
"""
# Where a file comes back (its disk was not mounted), it is read again.
READ_AGAIN = "update muse.sources set fingerprint = null where source_id = any(%s)"
NOTE = """
    update muse.playlists as playlist set copies = array_append(playlist.copies, %(source)s)
    from pg_temp.copies as copy
    where playlist.playlist_id = copy.playlist_id and playlist.source_id <> %(source)s
      and %(source)s <> all(playlist.copies)
"""
LEAVE_OUT = """
    delete from pg_temp.new_playlists as new using pg_temp.copies as copy
    where copy.identity = new.identity
"""


def identity(playlist: Playlist, file: File | None, content_hash: bytes) -> str:
    """What tells a playlist from all others: its address, else the path of its file and its key."""
    if file is not None and _named_by(playlist, file):
        return file.path + playlist.key[len(file.name) :]
    if playlist.key in NAMELESS:
        return f"{playlist.key}:{content_hash.hex()}"
    return playlist.key


def file_key(playlist: Playlist, file: File | None) -> str | None:
    """What a playlist has in common with its copies; None where it is not named by a file."""
    return playlist.key if _named_by(playlist, file) else None


def old_identity(playlist: Playlist, file: File | None) -> str | None:
    """The identity of a member of an archive that was loaded before version 0.1.1."""
    in_archive = _named_by(playlist, file) and file is not None and file.archive
    return f"{in_archive}/{playlist.key}" if in_archive else None


def take_out(conn: psycopg.Connection, source_id: int) -> None:
    """Take what is stored already out of what is new; where a file was moved, its row moves."""
    conn.execute(RENAME, (source_id,))
    if not conn.execute(FIND).rowcount:
        return
    others = conn.execute(OTHER_SOURCES, (source_id,)).fetchall()
    gone = [key for key, path in others if path.startswith("/") and not os.path.lexists(path)]
    conn.execute(MOVE, (source_id, gone))
    conn.execute(READ_AGAIN, (gone,))
    conn.execute(NOTE, {"source": source_id})
    conn.execute(LEAVE_OUT)


def _named_by(playlist: Playlist, file: File | None) -> bool:
    """Whether the path of a file is part of a playlist's identity; a stream has none."""
    return file is not None and "/" in file.path and playlist.key.startswith(f"{file.name}#")
