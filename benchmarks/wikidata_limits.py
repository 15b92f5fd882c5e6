"""What no load can be faster than, and what others do with the same dump."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from psycopg.types.json import Jsonb

from benchmarks.report import Row
from loaders.compressed import open_compressed
from loaders.dumps.chunks import Chunk
from loaders.errors import say
from loaders.server import Server
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import Filter, Parser
from loaders.wikidata.staging import read

CONTEXT, ONE_BY_ONE = 20_000, 10_000  # entities of the dump's start


class Limits(NamedTuple):
    """MB of JSON a second: unpacking alone, the same by its processor time, parsing alone."""

    unpacking: float
    unpacking_cpu: float
    parsing: float


def limits(files: dict[str, Path], size: float) -> dict[str, Limits]:
    """Of each packing; `size` is in MB of JSON."""
    parsed = parsing(files["plain"], size)
    return {
        name: Limits(*unpacking(path, size), parsed)
        for name, path in files.items()
        if name != "half"
    }


def rows(known: dict[str, Limits], files: dict[str, Path]) -> Iterator[Row]:
    """The limits, and a reader that is often used, for context."""
    for name, limit in known.items():
        yield Row(f"unpacking alone, {name}", limit.unpacking, "MB/s")
    yield Row("parsing alone, one process", known["plain"].parsing, "MB/s")
    for name in ("plain", "gzip"):
        if (speed := qwikidata(files[name])) is not None:
            yield Row(f"qwikidata reading alone, {name}", speed, "MB/s")


def unpacking(path: Path, size: float) -> tuple[float, float]:
    """MB/s of JSON, by the clock and by processor time."""
    started, used = time.perf_counter(), time.process_time()
    stream = open_compressed(str(path), threads=2)
    while stream.read(1 << 22):
        pass
    stream.close()
    return size / (time.perf_counter() - started), size / (time.process_time() - used)


def parsing(path: Path, size: float) -> float:
    """MB/s of JSON to rows, in one process."""
    parser = Parser(Filter())
    started = time.process_time()
    with path.open("rb") as file:
        for chunk in chunks(file):
            assert isinstance(chunk, Chunk)
            read(parser, chunk)
    return size / (time.process_time() - started)


def qwikidata(path: Path) -> float | None:
    """MB/s of JSON to dictionaries, in one process, of the dump's start; None: not installed.

    There is no wheel of it, so it is not among the locked packages.
    """
    try:
        from qwikidata.json_dump import WikidataJsonDump
    except ImportError:
        say("qwikidata is left out: .venv/bin/pip install qwikidata")
        return None
    size = sum(len(line) for line in _lines(path, CONTEXT))
    started = time.perf_counter()
    for number, _ in enumerate(WikidataJsonDump(str(path))):
        if number == CONTEXT:
            break
    return size / 1e6 / (time.perf_counter() - started)


def one_by_one(server: Server, path: Path) -> float:
    """MB/s of a row an INSERT and two passes, indexes first, as the original did it."""
    with server.connect() as conn:
        conn.execute("create table items (id text primary key, title text, properties jsonb)")
        conn.execute("create index on items using gin (properties)")
        size, started = 0, time.perf_counter()
        names: dict[str, str] = {}
        for inserting in (False, True):
            for line in _lines(path, ONE_BY_ONE):
                made = msgspec.json.decode(line)
                label = made["labels"].get("en", {}).get("value", made["id"])
                if inserting:
                    size += len(line)
                    row = (made["id"], label, Jsonb(naive(made, names)))
                    conn.execute("insert into items values (%s, %s, %s)", row)
                else:
                    names[made["id"]] = label
        conn.commit()
    return size / 1e6 / (time.perf_counter() - started)


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


def _lines(path: Path, count: int) -> Iterator[bytes]:
    """The first entities of a dump."""
    stream = open_compressed(str(path))
    found, rest = 0, b""
    while found < count and (piece := stream.read(1 << 20)):
        *lines, rest = (rest + piece).split(b"\n")
        for line in lines:
            line = line.strip(b" ,")
            if line.startswith(b"{") and found < count:
                found += 1
                yield line
    stream.close()
