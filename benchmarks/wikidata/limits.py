"""Upper limits for the speed of a load, and other readers of the same dump."""

import bz2
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from psycopg.types.json import Jsonb

from benchmarks.core.report import Row
from loaders.core.console import say
from loaders.core.dumps.chunks import Chunk
from loaders.core.server.cluster import Server
from loaders.core.streams import open_compressed
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import EntityFilter, Parser
from loaders.wikidata.staging import read

ORIGINAL = """
    create table items (
        wikipedia_id text primary key, title text, wikidata_id text, description text,
        properties jsonb
    );
    create index on items using gin (properties);
    create index on items (wikidata_id)
"""


class Limits(NamedTuple):
    """MB of JSON per second: of unpacking by clock and by processor time, and of parsing."""

    unpacking: float
    unpacking_cpu: float
    parsing: float


def limits(files: dict[str, Path], size: float) -> dict[str, Limits]:
    """The limits of each compression; `size` is in MB of JSON."""
    parsed = parsing(files["plain"], size)
    return {
        name: Limits(*unpacking(path, size), parsed)
        for name, path in files.items()
        if name != "half"
    }


def rows(limits: dict[str, Limits], files: dict[str, Path], size: float) -> Iterator[Row]:
    """The limits, and the speed of qwikidata for comparison."""
    for name, limit in limits.items():
        yield Row(f"unpacking alone, {name}", limit.unpacking, "MB/s")
    yield Row("parsing alone, one process", limits["plain"].parsing, "MB/s")
    for name in ("plain", "gzip"):
        if (speed := qwikidata(files[name], size)) is not None:
            yield Row(f"qwikidata reading alone, {name}", speed, "MB/s")


def unpacking(path: Path, size: float) -> tuple[float, float]:
    """MB/s of JSON by clock and by processor time."""
    started, used = time.perf_counter(), time.process_time()
    stream = open_compressed(str(path), threads=2)
    while stream.read(1 << 22):
        pass
    stream.close()
    return size / (time.perf_counter() - started), size / (time.process_time() - used)


def parsing(path: Path, size: float) -> float:
    """MB/s of JSON to rows, in one process."""
    parser = Parser(EntityFilter())
    started = time.process_time()
    with path.open("rb") as file:
        for chunk in chunks(file):
            assert isinstance(chunk, Chunk)
            read(parser, chunk)
    return size / (time.process_time() - started)


def qwikidata(path: Path, size: float) -> float | None:
    """MB/s of JSON to dictionaries, in one process; None: not installed.

    There is no wheel of it, so it is not among the locked packages.
    """
    try:
        from qwikidata.json_dump import WikidataJsonDump
    except ImportError:
        say("qwikidata is not installed, left out: .venv/bin/pip install qwikidata")
        return None
    started = time.perf_counter()
    for _ in WikidataJsonDump(str(path)):
        pass
    return size / (time.perf_counter() - started)


def one_by_one(server: Server, path: Path) -> float:
    """Seconds of the original loader: two passes, one INSERT per row into an indexed table."""
    with server.connect() as conn:
        conn.execute(ORIGINAL)
        started = time.perf_counter()
        names: dict[str, str] = {}
        for entity in _entities(path):
            names[entity["id"]] = entity["labels"].get("en", {}).get("value", entity["id"])
        for entity in _entities(path):
            description = entity.get("descriptions", {}).get("en", {}).get("value")
            key = f"{names[entity['id']]} ({entity['id']})"  # few varied items have an article
            row = (key, key, entity["id"], description, Jsonb(naive(entity, names)))
            conn.execute("insert into items values (%s, %s, %s, %s, %s)", row, prepare=False)
        conn.commit()
        return time.perf_counter() - started


def naive(entity: dict[str, Any], names: dict[str, str]) -> dict[str, object]:
    """Properties as in the original loader: all names, but only the last of other values."""
    properties: dict[str, object] = {}
    for property_id, statements in entity.get("claims", {}).items():
        values = [one["mainsnak"].get("datavalue", {}).get("value") for one in statements]
        ids = [
            names.get(value["id"], value["id"])
            for value in values
            if isinstance(value, dict) and "id" in value
        ]
        properties[names.get(property_id, property_id)] = ids or values[-1]
    return properties


def _entities(path: Path) -> Iterator[dict[str, Any]]:
    with bz2.open(path) as file:
        for line in file:
            line = line.strip(b" ,\n")
            if line.startswith(b"{"):
                yield json.loads(line)
