"""A table of a class: time to make and refresh it, beside one pass over the claims."""

import time
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.core import processor
from benchmarks.core.report import Row
from loaders.core.db import connect_to_muse
from loaders.core.server.cluster import Server
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_dump
from loaders.wikidata.options import WikidataOptions

# Every generated class becomes a subclass of one.
ROOT = """
    insert into muse.wikidata_classes (class_id, class) values ('Q35120', 'entity')
    on conflict do nothing;
    update muse.wikidata_classes set superclass_ids = superclass_ids || array['Q35120']
    where class_id <> 'Q35120'
"""
MAKE = "select muse.make_class_table('everything', 'Q35120', true)"
FLOOR = """
    select count(*) from muse.wikidata as item
    cross join jsonb_each(item.claims) as claim cross join jsonb_array_elements(claim.value)
"""
CHANGE = """
    update muse.wikidata set title = title || ' (changed)' where wikidata_id like '%99'
"""
REFRESH = "select muse.refresh_class_table('everything')"
COLUMNS = "select count(*) from muse.class_table_columns"


def rows(server: Server, plain: Path) -> Iterator[Row]:
    """Load a dump and make a table of all its items."""
    with connect_to_muse(autocommit=True) as conn:
        load_dump(conn, EntityFilter(), WikidataOptions(source=str(plain)))
        conn.execute(ROOT)
        conn.execute("vacuum analyze muse.wikidata, muse.wikidata_classes")
        floor = seconds(conn, FLOOR)
        used = processor.of_server(server)
        making = seconds(conn, MAKE)
        used = processor.of_server(server) - used
        (count,) = conn.execute("select count(*) from muse_tables.everything").fetchone() or (0,)
        yield Row("rows of the class table", count)
        yield Row("columns of its properties", (conn.execute(COLUMNS).fetchone() or (0,))[0])
        yield Row("making it", making, "s", "one pass over the claims", floor)
        yield Row("processor time of making it", used, "s")
        yield Row("refreshing it, unchanged", seconds(conn, REFRESH), "s")
        conn.execute(CHANGE)
        yield Row("refreshing it, 1 % changed", seconds(conn, REFRESH), "s")
        query = "select pg_table_size('muse_tables.everything')"
        (size,) = conn.execute(query).fetchone() or (0,)
        yield Row("the table, an item", size / max(count, 1), "bytes")


def seconds(conn: psycopg.Connection, query: str) -> float:
    """The time of a statement."""
    started = time.perf_counter()
    conn.execute(query.encode())
    return time.perf_counter() - started
