"""Image search's lines of doctor."""

from collections.abc import Iterator

import psycopg

from loaders.core.topics import Check
from loaders.images.store import QUERIES
from udfs.picture_headers import is_picture


def reads(start: bytes) -> bool:
    """Whether a file that starts with these bytes may be a picture."""
    return is_picture(start)


def checks(conn: psycopg.Connection) -> Iterator[Check]:
    """The data that the confidence of image search was calibrated on."""
    if conn.execute("select to_regclass('muse.deployments')").fetchone() == (None,):
        yield Check("confidence", "no schema yet")
        return
    row = conn.execute(QUERIES.select_confidence).fetchone()
    if row is None:
        yield Check("confidence", "no pictures yet")
        return
    learned_on, pairs = row
    state = f"of image search: learned on {learned_on}, {int(pairs or 0):,} pairs"
    yield Check("confidence", state)
