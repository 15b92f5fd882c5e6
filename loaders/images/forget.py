"""Take pictures out again; a trigger of images takes out all that was made of them."""

import psycopg

from loaders.core.errors import Problem
from loaders.images.store import TAKE_TURNS, drop_without_source

PICTURE = "delete from muse.images where image_id = %s"
SOURCE = "select source_id from muse.sources where topic = 'images' and location = %s"
FOUND_THERE = "delete from muse.image_sources where source_id = %s returning image_id"


def forget_picture(conn: psycopg.Connection, image_id: int) -> None:
    """Forget a picture, wherever it was found; the places go with it."""
    with conn.transaction():
        conn.execute(TAKE_TURNS)
        gone = conn.execute(PICTURE, (image_id,)).rowcount
    if not gone:
        raise Problem(f"there is no picture {image_id}: see the view pictures")


def forget_source(conn: psycopg.Connection, location: str) -> int | None:
    """Forget a source; how many pictures were found nowhere else. None: there is no such source.

    What it wants fetched goes too.
    """
    with conn.transaction():
        conn.execute(TAKE_TURNS)
        row = conn.execute(SOURCE, (location,)).fetchone()
        if row is None:
            return None
        found = [image_id for (image_id,) in conn.execute(FOUND_THERE, row)]
        gone = drop_without_source(conn, found)
        conn.execute("delete from muse.sources where source_id = %s", row)
        return gone
