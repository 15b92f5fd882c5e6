"""Queries of analysts over a million items of real size."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
from psycopg import sql

from benchmarks.core.report import Row
from loaders.core.db import connect_to_muse
from loaders.wikidata import classes
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_dump
from loaders.wikidata.options import WikidataOptions

SECONDARY = """
    select indexname, indexdef from pg_indexes
    where schemaname = 'muse' and tablename = 'wikidata' and indexname <> 'wikidata_pkey'
"""
STEP = 100_000_000  # difference between the ids of two copies
COPY = """
    insert into muse.wikidata select (jsonb_populate_record(item, jsonb_build_object(
        'wikidata_id', 'Q' || substring(item.wikidata_id from 2)::bigint + %s,
        'title', item.title || ' ' || %s
    ))).* from muse.wikidata as item where length(item.wikidata_id) < 9
"""
COPY_NUMBERS = """
    insert into muse.wikidata_numbers select (jsonb_populate_record(number, jsonb_build_object(
        'wikidata_id', 'Q' || substring(number.wikidata_id from 2)::bigint + %s
    ))).* from muse.wikidata_numbers as number where length(number.wikidata_id) < 9
"""
QUERIES = {
    "the blog's query": "select properties->>'instance of' as thing, count(*) as c "
    "from wikidata group by thing",
    "classes": "select * from classes order by items desc",
    "instance_of, counted": "select class, count(*) from instance_of group by class",
    "instances_of, all of a class": "select * from instances_of('metro station')",
    "instances_of with subclasses": "select count(*) from instances_of('taxon', true)",
    "a containment look-up": "select * from wikidata where properties @> "
    '\'{"instance of": "metro station", "country": "France"}\' limit 100',
    "a claims look-up": "select title from wikidata where claims @> "
    '\'{"P31": [{"value": "Q5"}]}\' limit 100',
    "claim_values, counted": "select count(*) from claim_values('P569')",
    "claim_values, years counted": "select year, count(*) from claim_values('P569') group by year",
    "claim_values, a year": "select title from claim_values('P1619') where year = 1970 limit 100",
    "claim_values, amounts": "select title from claim_values('P1373') where base_amount > 1e7",
    "claim_values, an entity": "select title from claim_values('P17') where value_id = 'Q142'",
    "qualifiers, counted": "select count(*) from qualifiers('P31', 'P580')",
    "class_tree": "select * from class_tree('taxon', 3)",
    "class_properties": "select * from class_properties('railway station')",
}


def rows(plain: Path, items: int) -> Iterator[Row]:
    """Load a dump, copy its items until there are `items`, and time each query."""
    with connect_to_muse(autocommit=True) as conn:
        load_dump(conn, EntityFilter(), WikidataOptions(source=str(plain)))
        yield from sizes(conn)
        multiply(conn, items)
        (count,) = conn.execute("select count(*) from wikidata").fetchone() or (0,)
        yield Row("items", count)
        for name, query in QUERIES.items():
            yield Row(name, milliseconds(conn, query), "ms")


def sizes(conn: psycopg.Connection) -> Iterator[Row]:
    """Bytes per item on disk, before items are copied."""
    query = """
        select count(*), pg_table_size('muse.wikidata'), pg_indexes_size('muse.wikidata'),
            pg_total_relation_size('muse.wikidata_labels'),
            pg_total_relation_size('muse.wikidata_numbers')
        from wikidata
    """
    count, table, index, labels, numbers = conn.execute(query).fetchone() or (1, 0, 0, 0, 0)
    yield Row("the table, an item", table / count, "bytes")
    yield Row("its indexes, an item", index / count, "bytes")
    yield Row("labels, an item", labels / count, "bytes")
    yield Row("years and amounts, an item", numbers / count, "bytes")


def multiply(conn: psycopg.Connection, items: int) -> None:
    """Copy the stored items, with other ids, until there are `items`."""
    (count,) = conn.execute("select count(*) from wikidata").fetchone() or (1,)
    secondary = conn.execute(SECONDARY).fetchall()
    for name, _ in secondary:
        conn.execute(sql.SQL("drop index muse.{}").format(sql.Identifier(name)))
    for number in range(1, -(-items // count)):
        conn.execute(COPY, (number * STEP, number))
        conn.execute(COPY_NUMBERS, (number * STEP,))
    for _, definition in secondary:
        conn.execute(definition)
    classes.update_classes(conn)
    conn.execute("vacuum analyze muse.wikidata, muse.wikidata_numbers, muse.wikidata_classes")


def milliseconds(conn: psycopg.Connection, query: str) -> float:
    """The median of three runs, after one to warm up."""
    times = []
    for _ in range(4):
        started = time.perf_counter()
        conn.execute(query.encode()).fetchall()
        times.append(time.perf_counter() - started)
    return statistics.median(times[1:]) * 1000
