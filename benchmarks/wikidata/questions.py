"""The questions of docs/wikidata-questions.md, and searches for names, over a million items."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg

from benchmarks.core import processor
from benchmarks.core.report import Row
from benchmarks.wikidata import queries, world
from loaders.core.config import ROOT
from loaders.core.db import connect_to_muse
from loaders.core.server.cluster import Server
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_dump
from loaders.wikidata.options import WikidataOptions
from loaders.wikidata.tables import TableOptions, make

PAGE = ROOT / "docs" / "wikidata-questions.md"
SECTION = re.compile(r"^## (.*?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
BLOCK = re.compile(r"```(sql|text)\n(.*?)```", re.DOTALL)
TABLES = (
    TableOptions("people", "Q5", columns=("P106", "P569")),
    TableOptions("museums", "Q33506", subclasses=True, columns=("P17", "P625", "P18")),
    TableOptions("cities", "Q515", subclasses=True, columns=("P17", "P571")),
)
# An eighth of the articles have items.
ARTICLES = """
    insert into muse.wikipedia (title, page_id, revision_id, wikitext)
    select title, 10000000 + number, 1, '' from (
        select distinct on (wikipedia_id) wikipedia_id as title, row_number() over () as number
        from muse.wikidata where wikipedia_id is not null limit %(few)s
    ) as linked
    union all
    select 'Article ' || number, 20000000 + number, 1, ''
    from generate_series(1, %(few)s * 7) as number
"""
SEARCHES = {
    "a label": "select * from find_items('Hamburg', 'de')",
    "any language": "select * from find_items('Berlinma')",
    "misspelt": "select * from find_items('Hambrug Dorf')",
    "misspelt, many are like it": "select * from find_items('muenchen')",
    "two letters": "select * from find_items('ma')",
    "10,000 letters": "select * from find_items(repeat('Hamburg ', 1250))",
    "Chinese": "select * from find_items('北京')",
}


def questions() -> Iterator[tuple[str, list[str], list[str]]]:
    """(title, queries, their rows as texts) of each question of the page."""
    for title, section in SECTION.findall(PAGE.read_text(encoding="utf-8")):
        blocks = BLOCK.findall(section)
        yield (
            title,
            [text for kind, text in blocks if kind == "sql"],
            [text for kind, text in blocks if kind == "text"],
        )


def rows(server: Server, folder: Path, loaded: int, items: int) -> Iterator[Row]:
    """Load a dump of `loaded` items, copy them until there are `items`, and time each query."""
    path = folder / "world.json"
    world.write(path, loaded)
    with connect_to_muse(autocommit=True) as conn:
        filter = EntityFilter(languages=("en", "de"), links=("dewiki",))
        load_dump(conn, filter, WikidataOptions(source=str(path)))
        queries.multiply(conn, items)
        conn.execute(ARTICLES, {"few": items // 40})
        conn.execute("vacuum analyze muse.wikipedia, muse.wikidata_sitelinks")
        for table in TABLES:
            make(conn, table)
        yield from sizes(conn)
        for name, query in SEARCHES.items():
            yield Row(f"find_items, {name}", processor_time(conn, server, query), "ms")
        for title, statements, _ in questions():
            for statement, way in zip(statements, ("", ", from a class table"), strict=False):
                yield Row(f"{title}{way}", processor_time(conn, server, statement), "ms")


def processor_time(conn: psycopg.Connection, server: Server, query: str) -> float:
    """The processor's milliseconds of a query, the mean of three runs after one to warm up."""
    conn.execute(query.encode()).fetchall()
    before = processor.of_server(server)
    for _ in range(3):
        conn.execute(query.encode()).fetchall()
    return (processor.of_server(server) - before) / 3 * 1000


def sizes(conn: psycopg.Connection) -> Iterator[Row]:
    """Bytes per item of the index of names."""
    query = "select count(*), pg_relation_size('muse.wikidata_names') from muse.wikidata"
    count, size = conn.execute(query).fetchone() or (1, 0)
    yield Row("items", count)
    yield Row("the index of names, an item", size / count, "bytes")
