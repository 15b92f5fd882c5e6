"""Delete sounds. Triggers delete everything derived from them."""

import psycopg

from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.sounds.labels import OPTION
from loaders.sounds.labels import QUERIES as LABEL_QUERIES
from loaders.sounds.store import delete_sound, delete_source


def forget_sound(conn: psycopg.Connection, sound_id: int) -> None:
    """Delete a sound and all its files' rows. Errors: Problem where there is no such sound."""
    with conn.transaction():
        gone = delete_sound(conn, sound_id)
    if not gone:
        raise Problem(f"there is no sound {sound_id}: the view sound_files lists them")


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source, its files and labels, and sounds and tracks that nothing else has.

    Runs in the caller's transaction.
    """
    labels = conn.execute(
        LABEL_QUERIES.delete_source_labels, {"source_id": source.source_id}
    ).rowcount
    sounds = delete_source(conn, source.source_id)
    conn.execute("delete from muse.sources where source_id = %s", (source.source_id,))
    return {"labels": labels} if OPTION in source.options else {"sounds": sounds}
