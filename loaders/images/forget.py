"""Take pictures out again; a trigger of images takes out all that was made of them."""

import psycopg

from loaders.core.db import take_turns
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.images.store import drop_without_source

PICTURE = "delete from muse.images where image_id = %s"
PLACES = "delete from muse.image_sources where source_id = %s returning image_id"


def forget_picture(conn: psycopg.Connection, image_id: int) -> None:
    """Forget a picture, wherever it was found; the places go with it."""
    with conn.transaction():
        take_turns(conn, "pictures")
        gone = conn.execute(PICTURE, (image_id,)).rowcount
    if not gone:
        raise Problem(f"there is no picture {image_id}: see the view pictures")


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source, and pictures that no other source has; in the caller's transaction.

    Queued addresses of the source go too.
    """
    take_turns(conn, "pictures")
    key = (source.source_id,)
    image_ids = [image_id for (image_id,) in conn.execute(PLACES, key)]
    pictures = drop_without_source(conn, image_ids)
    conn.execute("delete from muse.sources where source_id = %s", key)
    return {"pictures": pictures}
