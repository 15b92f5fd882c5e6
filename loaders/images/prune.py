"""Delete locations whose file is no longer in the source, and pictures without a location."""

import psycopg

from loaders.core.db import take_turns
from loaders.core.locations import Locations
from loaders.images.store import delete_without_source

DELETE = """
    delete from muse.image_sources
    where source_id = %s and image_source_id = any(%s) returning image_id
"""


def _delete(conn: psycopg.Connection, source_id: int, keys: list[int]) -> int:
    take_turns(conn, "pictures")
    rows = conn.execute(DELETE, (source_id, keys)).fetchall()
    return delete_without_source(conn, [image_id for (image_id,) in rows])


STORED = Locations("image_sources", "image_source_id", "pictures", _delete)
