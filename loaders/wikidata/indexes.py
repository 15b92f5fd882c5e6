"""Indexes of the table wikidata: a first load fills it without them, which is several times faster.

They are the same as in its revision; a test compares the two.
"""

from concurrent.futures import ThreadPoolExecutor

import psycopg

from loaders.db import connect_to_muse

# The slowest first: two are built at a time.
INDEXES = {
    "wikidata_claims": "using gin (claims jsonb_path_ops)",
    "wikidata_properties": "using gin (properties jsonb_path_ops)",
    "wikidata_class_ids": "using gin (class_ids)",
    "wikidata_title": "(title)",
    "wikidata_wikipedia_id": "(wikipedia_id)",
}


def drop(conn: psycopg.Connection) -> None:
    """Take them away, unless a reader would have to wait for it."""
    try:
        with conn.transaction():
            conn.execute("set local lock_timeout = '1s'")
            for name in INDEXES:
                conn.execute(f"drop index if exists muse.{name}".encode())
    except psycopg.errors.LockNotAvailable:
        pass


def make(conn: psycopg.Connection, workers: int) -> None:
    """Build those that are not there."""
    query = "select name from unnest(%s::text[]) as name where to_regclass('muse.' || name) is null"
    missing = [name for (name,) in conn.execute(query, (list(INDEXES),))]

    def build(name: str) -> None:
        with connect_to_muse(autocommit=True) as own:
            own.execute(
                f"create index if not exists {name} on muse.wikidata {INDEXES[name]}".encode()
            )

    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(build, missing))
