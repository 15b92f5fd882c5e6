"""Delete pictures. A trigger on the table images deletes everything derived from them."""

import psycopg

from loaders.core.db import take_turns
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.images.store import delete_without_source

DELETE_PICTURE = "delete from muse.images where image_id = %s"
LOCATIONS = "delete from muse.image_sources where source_id = %s returning image_id"


def forget_picture(conn: psycopg.Connection, image_id: int) -> None:
    """Delete a picture and all its locations. Errors: Problem where there is no such picture."""
    with conn.transaction():
        take_turns(conn, "pictures")
        gone = conn.execute(DELETE_PICTURE, (image_id,)).rowcount
    if not gone:
        raise Problem(f"there is no picture {image_id}: the view pictures lists them")


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source, its queued addresses, and pictures that no other source has.

    Runs in the caller's transaction.
    """
    take_turns(conn, "pictures")
    key = (source.source_id,)
    image_ids = [image_id for (image_id,) in conn.execute(LOCATIONS, key)]
    pictures = delete_without_source(conn, image_ids)
    conn.execute("delete from muse.sources where source_id = %s", key)
    return {"pictures": pictures}
