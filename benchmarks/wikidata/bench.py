"""The benchmark of Wikidata: loads beside limits and other loaders, and queries."""

import bz2
import gzip
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.wikidata import dump as wikidata_dump
from benchmarks.wikidata import limits as wikidata_limits
from benchmarks.wikidata import load as wikidata_load
from benchmarks.wikidata import queries as wikidata_queries
from benchmarks.wikidata import questions as wikidata_questions
from benchmarks.wikidata import tables as wikidata_tables

PARTS = ("load", "inserts", "queries", "questions", "tables")
ITEM = 9_500  # bytes of JSON, on the average
QUICK, MILLION, INSERTED, IN_TABLE = 20, 1_000_000, 20_000, 100_000


def bench(*, as_json: bool, quick: bool, only: str | None, megabytes: int) -> None:
    """Write a dump, compress it, and run the parts, each on new servers."""
    check_part(only, PARTS)
    with tempfile.TemporaryDirectory(prefix="pgmuse-bench-") as folder:
        items = (QUICK if quick else megabytes) * 1_000_000 // ITEM
        report(
            _rows(Path(folder), items, MILLION if not quick else 2 * items, only), as_json=as_json
        )


def _rows(folder: Path, items: int, queried: int, only: str | None) -> Iterator[Row]:
    plain = folder / "dump.json"
    size = wikidata_dump.write(plain, items) / 1e6
    yield Row("size of the dump", size, "MB")
    files = {"plain": plain}
    if only in (None, "load"):
        files |= packed(folder, plain)
        files["half"] = folder / "half.json"
        wikidata_dump.write(files["half"], items // 2)
        begun("limits")
        limits = wikidata_limits.limits(files, size)
        yield from wikidata_limits.rows(limits, files, size)
        begun("load")
        yield from wikidata_load.rows(limits, files, size)
    if only in (None, "inserts"):
        begun("inserts")
        yield from inserts(folder, min(items, INSERTED))
    if only in (None, "queries"):
        begun("queries")
        with fresh_server():
            yield from wikidata_queries.rows(plain, queried)
    if only in (None, "questions"):
        begun("questions")
        with fresh_server() as server:
            yield from wikidata_questions.rows(server, folder, min(items, IN_TABLE), queried)
    if only in (None, "tables"):
        begun("tables")
        small = folder / "table.json"
        wikidata_dump.write(small, min(items, IN_TABLE))
        with fresh_server() as server:
            yield from wikidata_tables.rows(server, small)


def inserts(folder: Path, items: int) -> Iterator[Row]:
    """Our load of a small dump, beside one INSERT per row as in the original loader."""
    plain = folder / "small.json"
    size = wikidata_dump.write(plain, items) / 1e6
    small = plain.with_suffix(".bz2")
    small.write_bytes(bz2.compress(plain.read_bytes()))
    with fresh_server() as server:
        slow = size / wikidata_limits.one_by_one(server, small)
    for name, path in (("bzip2", small), ("plain", plain)):
        ours = size / wikidata_load.load(path).seconds
        about = f"loading {items:,} items, {name}"
        yield Row(about, ours, "MB/s", "one row an INSERT, bzip2", slow)


def packed(folder: Path, plain: Path) -> dict[str, Path]:
    """Compress the file with gzip and bzip2."""
    begun("packing")
    files = {"gzip": folder / "dump.json.gz", "bzip2": folder / "dump.json.bz2"}
    with plain.open("rb") as file, gzip.open(files["gzip"], "wb", 6) as out:
        shutil.copyfileobj(file, out, 1 << 20)
    with plain.open("rb") as file, bz2.open(files["bzip2"], "wb") as out:
        shutil.copyfileobj(file, out, 1 << 20)
    return files
