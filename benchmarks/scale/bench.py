"""Processor time of the same queries on one server, and on a cluster of Citus that it becomes.

All servers are on this machine. The path of a query is what an answer waits for where each server
has its own machine: the coordinator's processor time and that of the busiest worker.
"""

import os
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import numpy as np
import psycopg

from benchmarks.core import processor
from benchmarks.core.report import Row, report
from benchmarks.core.running import begun
from benchmarks.images import search
from benchmarks.images.bench import load_samples
from benchmarks.wikidata import world
from loaders.admin.distribute import distribute
from loaders.admin.migrate import migrate
from loaders.core.db import connect_to_muse
from loaders.core.errors import Problem
from loaders.core.models import live_model
from loaders.core.server.cluster import DATABASE, SUPERUSER, Server, throw_away
from loaders.images.classifier import train as classifier
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_dump
from loaders.wikidata.options import WikidataOptions

SETTINGS = """
shared_preload_libraries = 'citus'
max_prepared_transactions = 100
max_connections = 200
autovacuum = off
"""
SECONDS = 1.0  # processor time of one server, at least, over which a query is measured
MOST = 500  # repetitions of a query
SHARDS = 12
QUERIES = {
    "titles with a word, counted": "select count(*) from wikidata where title like '%burg%'",
    "classes of items, counted": "select class, count(*) from instance_of group by class",
    "grouped by a property": "select properties ->> 'country' as country, count(*) from wikidata "
    "group by country",
    "years of birth, counted": "select year, count(*) from claim_values('P569') group by year",
    "years of all statements, counted": "select year, count(*) from wikidata_numbers "
    "where property_id = 'P569' group by year",
    "items of a class with subclasses": "select count(*) from instances_of('museum', true)",
    "find_items, misspelt": "select * from find_items('Hambrug Dorf')",
    "an item by its id": "select title from wikidata where wikidata_id = ("
    "select min(wikidata_id) from wikidata_labels)",
    "images_like": "select * from images_like((select max(image_id) from images))",
    "nearest vectors by a scan": "select image_id from image_vectors where model_id = :model "
    "order by (embedding operator(public.<=>) (select embedding from image_vectors "
    "where model_id = :model order by image_id limit 1)) + 0 limit 10",
}


class Spent(NamedTuple):
    """Processor time of one execution, in milliseconds."""

    path: float
    total: float


def bench(*, as_json: bool, workers: int, items: int, vectors: int) -> None:
    """Fill one server, measure, distribute its tables, and measure again. Errors: Problem."""
    library = subprocess.run(["pg_config", "--pkglibdir"], capture_output=True, text=True)
    if library.returncode or not (Path(library.stdout.strip()) / "citus.so").exists():
        raise Problem("bench scale needs Citus in the installed PostgreSQL: the extension citus")
    report(_rows(workers, items, vectors), as_json=as_json)


def _rows(workers: int, items: int, vectors: int) -> Iterator[Row]:
    with ExitStack() as stack:
        settings = SETTINGS
        servers = [stack.enter_context(throw_away(settings)) for _ in range(workers + 1)]
        folder = Path(stack.enter_context(TemporaryDirectory()))
        os.environ |= {
            "PGHOST": str(servers[0].socket),
            "PGUSER": SUPERUSER,
            "PGDATABASE": DATABASE,
        }
        migrate()
        begun("one server")
        yield from _fill(folder, items, vectors)
        with connect_to_muse(autocommit=True) as conn:
            alone = {name: _measure(conn, query, servers[:1]) for name, query in QUERIES.items()}
        load_alone = _load(folder / "one.json", items // 10, 1, servers[:1])
        begun("cluster")
        addresses = [f"{one.socket}:{one.conninfo['port']}" for one in servers[1:]]
        started = time.perf_counter()
        distribute(addresses, shards=SHARDS)
        yield Row("distribute", time.perf_counter() - started, "s")
        with connect_to_muse(autocommit=True) as conn:
            conn.execute("analyze")
            for name, query in QUERIES.items():
                spent = _measure(conn, query, servers)
                base = alone[name].total
                yield Row(f"{name}: path", spent.path, "ms", "one server", base)
                yield Row(f"{name}: all servers", spent.total, "ms", "one server", base)
        load = _load(folder / "cluster.json", items // 10, 2, servers)
        yield Row(f"load of {items // 10:,} items: all servers", load, "s", "one server",
                  load_alone)  # fmt: skip
        yield from _fail(servers)


def _fill(folder: Path, items: int, vectors: int) -> Iterator[Row]:
    """Items of Wikidata, and pictures with vectors."""
    path = folder / "world.json"
    yield Row("items", items, "items")
    yield Row("size of the dump", world.write(path, items) / 1e6, "MB")
    with connect_to_muse(autocommit=True) as conn:
        load_dump(conn, EntityFilter(), WikidataOptions(source=str(path)))
        path.unlink()
        classifier.train(conn, 0)
        load_samples(conn)
        live = live_model(conn, "classifier")
        assert live is not None
        real = conn.execute(search.REAL, (live.model_id,)).fetchall()
        embeddings = np.array([row[0].to_numpy() for row in real], dtype=np.float32)
        classes = np.array([row[1] for row in real])
        new = search.like(embeddings, classes, vectors, np.random.default_rng(0))
        yield from search.store(conn, live.model_id, new)


def _load(path: Path, items: int, seed: int, servers: Sequence[Server]) -> float:
    """Processor seconds of the servers while a dump is loaded."""
    world.write(path, items, seed)
    before = sum(map(processor.of_server, servers))
    with connect_to_muse(autocommit=True) as conn:
        load_dump(conn, EntityFilter(), WikidataOptions(source=str(path)))
    return sum(map(processor.of_server, servers)) - before


def _measure(conn: psycopg.Connection, query: str, servers: Sequence[Server]) -> Spent:
    """Repeat a query until it has taken SECONDS, after two executions that warm it up."""
    (model,) = conn.execute("select muse.live_model('classifier')").fetchone() or (0,)
    statement = query.replace(":model", str(model)).encode()
    for _ in range(2):
        conn.execute(statement).fetchall()
    before = [processor.of_server(server) for server in servers]
    times, seconds = 0, [0.0]
    while times < MOST and sum(seconds) < SECONDS:
        conn.execute(statement).fetchall()
        times += 1
        if times % 5 == 0 or times < 5:
            seconds = [
                processor.of_server(one) - was for one, was in zip(servers, before, strict=True)
            ]
    each = [1000 * one / times for one in seconds]
    return Spent(each[0] + max(each[1:], default=0), sum(each))


def _fail(servers: Sequence[Server]) -> Iterator[Row]:
    """Seconds until a query of all shards ends with an error, after a worker was killed."""
    servers[-1].run_program("pg_ctl", "stop", "--mode=immediate", "--wait")
    with connect_to_muse(autocommit=True) as conn:
        started = time.perf_counter()
        try:
            conn.execute("select count(*) from wikidata where title like '%burg%'")
        except psycopg.Error:
            yield Row("error after a worker was killed", time.perf_counter() - started, "s")
        else:
            raise AssertionError("a cluster without a worker answered")
