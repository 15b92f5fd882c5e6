"""Wikidata measured: from a dump to rows, beside its limits and other ways."""

import bz2
import gzip
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import msgspec
import psycopg
from psycopg.types.json import Jsonb

from benchmarks import wikidata_dump
from benchmarks.report import Row, report
from loaders.compressed import open_compressed
from loaders.db import connect_to_muse
from loaders.dumps.chunks import Chunk
from loaders.migrate import migrate
from loaders.server import DATABASE, SUPERUSER, throw_away
from loaders.wikidata.command import Request, load_all
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import Filter, Parser
from loaders.wikidata.staging import read

ITEMS, QUICK = 220_000, 2_000  # 2 GB of JSON; enough to see that it runs
QUERIES = {
    "the blog's query": "select properties->>'instance of' as thing, count(*) as c "
    "from muse.wikidata group by thing",
    "classes": "select * from muse.classes",
    "a containment look-up": "select * from muse.wikidata where properties @> "
    '\'{"instance of": "metro station"}\' limit 100',
    "instances_of with subclasses": "select * from muse.instances_of('Q5', true) limit 1000",
}


def bench(*, as_json: bool, quick: bool) -> None:
    """Make a dump, and load it on a fresh server in each packing."""
    with tempfile.TemporaryDirectory(prefix="pgmuse-bench-") as folder:
        report(rows(Path(folder), quick), as_json=as_json)


def rows(folder: Path, quick: bool) -> Iterator[Row]:
    """Loads, their limits, one row an INSERT, and queries."""
    plain = folder / "dump.json"
    size = wikidata_dump.write(plain, QUICK if quick else ITEMS) / 1e6
    yield Row("size of the dump", size, "MB")
    packed = {"plain": plain, "gzip": folder / "dump.json.gz", "bzip2": folder / "dump.json.bz2"}
    with plain.open("rb") as file, gzip.open(packed["gzip"], "wb", 1) as out:
        shutil.copyfileobj(file, out, 1 << 20)
    with plain.open("rb") as file, bz2.open(packed["bzip2"], "wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    parsed = parsing(plain, size)
    for name, path in packed.items():
        alone = unpacking(path, size)
        yield Row(f"unpacking alone, {name}", alone, "MB/s")
        loaded = yield from loading(name, path, size)
        limit = min(alone, parsed)
        which = "unpacking alone" if limit == alone else "parsing alone, one process"
        yield Row(f"loading, {name}", loaded, "MB/s", which, limit)
    yield from one_by_one(plain, loaded)


def unpacking(path: Path, size: float) -> float:
    """MB/s of JSON."""
    started = time.perf_counter()
    stream = open_compressed(str(path), threads=2)
    while stream.read(1 << 22):
        pass
    stream.close()
    return size / (time.perf_counter() - started)


def parsing(path: Path, size: float) -> float:
    """MB/s of JSON to rows, in one process."""
    parser = Parser(Filter())
    started = time.perf_counter()
    with path.open("rb") as file:
        for chunk in chunks(file):
            assert isinstance(chunk, Chunk)
            read(parser, chunk)
    return size / (time.perf_counter() - started)


def loading(name: str, path: Path, size: float) -> Generator[Row, None, float]:
    """The whole load on a fresh server, until all is committed and named; returns its MB/s."""
    with throw_away(settings="") as server:
        use(str(server.socket))
        migrate()
        with connect_to_muse(autocommit=True) as conn:
            before, started = processor_time(), time.perf_counter()
            load_all(conn, Request(str(path)))
            took = time.perf_counter() - started
            (items,) = conn.execute("select count(*) from muse.wikidata").fetchone() or (0,)
            yield Row(f"items a second, {name}", items / took, "items/s")
            used = processor_time() - before
            yield Row(f"processor time of the loader, {name}", used / size * 1000, "s/GB")
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
            peak = peak * 2 + resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
            yield Row(f"peak memory, two workers and their parent, {name}", peak / 1024, "MB")
            if name == "plain":
                yield from queries(conn, items)
    return size / took


def queries(conn: psycopg.Connection, items: int) -> Iterator[Row]:
    """Milliseconds of the slowest of three, after one to warm up."""
    for name, query in QUERIES.items():
        times = []
        for _ in range(4):
            started = time.perf_counter()
            conn.execute(query.encode()).fetchall()
            times.append(time.perf_counter() - started)
        yield Row(f"{name}, {items:,} items", sorted(times[1:])[1] * 1000, "ms")


def one_by_one(path: Path, ours: float) -> Iterator[Row]:
    """A row an INSERT and two passes, indexes first, as the original did; on a part of the dump."""
    with throw_away(settings="") as server:
        use(str(server.socket))
        with server.connect() as conn:
            conn.execute("create table items (id text primary key, title text, properties jsonb)")
            conn.execute("create index on items using gin (properties)")
            size, started = 0, time.perf_counter()
            names: dict[str, str] = {}
            for inserting in (False, True):
                for number, line in enumerate(path.open("rb")):
                    line = line.strip(b" ,\n")
                    if number > 10_000:
                        break
                    if not line.startswith(b"{"):
                        continue
                    made = msgspec.json.decode(line)
                    label = made["labels"].get("en", {}).get("value", made["id"])
                    if inserting:
                        size += len(line)
                        row = (made["id"], label, Jsonb(naive(made, names)))
                        conn.execute("insert into items values (%s, %s, %s)", row)
                    else:
                        names[made["id"]] = label
            conn.commit()
            speed = size / 1e6 / (time.perf_counter() - started)
            yield Row("one row an INSERT", speed, "MB/s")
            yield Row("loading, bzip2, beside it", ours, "MB/s", "one row an INSERT", speed)


def naive(made: dict[str, Any], names: dict[str, str]) -> dict[str, object]:
    """Properties as the original made them: of several values only names are all kept."""
    told: dict[str, object] = {}
    for property_id, statements in made.get("claims", {}).items():
        values = [one["mainsnak"].get("datavalue", {}).get("value") for one in statements]
        ids = [
            names.get(held["id"], held["id"])
            for held in values
            if isinstance(held, dict) and "id" in held
        ]
        told[names.get(property_id, property_id)] = ids or values[-1]
    return told


def processor_time() -> float:
    """Seconds of this process and of those it waited for."""
    return sum(os.times()[:4])


def use(host: str) -> None:
    """Make loaders talk to this server."""
    os.environ |= {"PGHOST": host, "PGUSER": SUPERUSER, "PGDATABASE": DATABASE}
    print(f"-- server at {host}", file=sys.stderr)
