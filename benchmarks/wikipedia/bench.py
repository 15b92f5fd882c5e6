"""The benchmark of Wikipedia: loads beside limits, first images beside a full parse."""

import os
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter, process_time

import msgspec

from benchmarks.core import processor
from benchmarks.core.report import Row, report
from benchmarks.core.running import fresh_server
from benchmarks.wikidata.load import Spent, Steps
from benchmarks.wikipedia import dump as wikipedia_dump
from benchmarks.wikipedia import first_images as wikipedia_images
from loaders.core.db import connect_to_muse
from loaders.core.dumps.chunks import Chunk
from loaders.core.server.cluster import Server
from loaders.core.streams import open_compressed
from loaders.wikipedia import wikitext
from loaders.wikipedia.dump import chunks
from loaders.wikipedia.load import WikipediaOptions, load_dump
from loaders.wikipedia.sites import ENWIKI
from loaders.wikipedia.staging import read

COPIES, QUICK = 100, 4  # copies of 206 pages: 600 MB of XML, or a short run
LINE = 500  # pages per second and core that must be reached


def bench(*, as_json: bool, quick: bool) -> None:
    """Write a dump, and load it on new servers."""
    with tempfile.TemporaryDirectory(prefix="pgmuse-bench-") as folder:
        report(_rows(Path(folder), QUICK if quick else COPIES), as_json=as_json)


def _rows(folder: Path, copies: int) -> Iterator[Row]:
    yield from images()
    files = {"plain": folder / "dump.xml", "bzip2": folder / "dump.xml.bz2"}
    pages, size = wikipedia_dump.write(files["plain"], files["bzip2"], copies)
    yield Row("size of the dump", size, "MB")
    yield Row("pages of it, redirects too", pages, "pages")
    parsed = parsing(files["plain"], pages)
    yield Row("cutting and parsing alone, one process", parsed, "pages/s", "the line", LINE)
    for name, path in files.items():
        unpacked = unpacking(path, pages)
        yield Row(f"unpacking alone, {name}", unpacked, "pages/s")
        spent = load(path)
        assert spent.items == pages - pages // 206, "a page is of another namespace"
        which, floor = min(
            ("unpacking alone", unpacked), ("parsing alone, two processes", 2 * parsed),
            key=lambda one: one[1],
        )  # fmt: skip
        yield Row(f"loading, {name}", pages / spent.seconds, "pages/s", which, floor)
        cost = spent.workers + sum(own + server for _, own, server in spent.steps.values())
        yield Row(
            f"loading, {name}: a second of a processor, the server's too", pages / cost, "pages",
            "the line", LINE,
        )  # fmt: skip
        yield Row(f"peak memory of all processes, {name}", spent.megabytes, "MB")
        for step, (seconds, own, server) in spent.steps.items():
            more = spent.workers if step == "staging" else 0
            yield Row(
                f"processor time, {name}: {step}", (own + server + more) / pages * 1e6, "us/page",
                "seconds of it", seconds / pages * 1e6,
            )  # fmt: skip


def images() -> Iterator[Row]:
    """First images of the sample, compared with a full parse of every article."""
    articles = list(_articles())
    started = process_time()
    ours = [wikitext.extract(text).image for text in articles]
    fast = len(articles) / (process_time() - started)
    started = process_time()
    theirs = [wikipedia_images.first(text) for text in articles]
    slow = len(articles) / (process_time() - started)
    yield Row("articles read, one process", fast, "pages/s", "mwparserfromhell alone", slow)
    pairs = [(one, other) for one, other in zip(ours, theirs, strict=True) if other]
    count = sum(one is not None for one, _ in pairs)
    yield Row("articles with an image", count, "", "by mwparserfromhell alone", len(pairs))
    yield Row(
        "of these the very same image", sum(one == other for one, other in pairs), "",
        "by mwparserfromhell alone", len(pairs),
    )  # fmt: skip
    all_images = [wikipedia_images.all_of(text) for text in articles]
    real = sum(one in names for one, names in zip(ours, all_images, strict=True) if one)
    yield Row("images that a full parse finds too", real, "", "all", sum(map(bool, ours)))


def _articles() -> Iterator[str]:
    for page in wikipedia_dump.PAGE.findall(wikipedia_dump.sample()):
        element = ET.fromstring(page)
        if element.find("redirect") is None:
            yield element.findtext("revision/text") or ""


def parsing(path: Path, pages: int) -> float:
    """Pages per second of one process, from XML to rows."""
    started = process_time()
    with path.open("rb") as file:
        for chunk in chunks(file):
            assert isinstance(chunk, Chunk)
            read(chunk, ENWIKI)
    return pages / (process_time() - started)


def unpacking(path: Path, pages: int) -> float:
    """Pages per second of unpacking, on two processors."""
    started = perf_counter()
    stream = open_compressed(str(path), threads=2)
    while stream.read(1 << 22):
        pass
    stream.close()
    return pages / (perf_counter() - started)


def load(path: Path) -> Spent:
    """Load a dump on a new server, in its own process, so that the memory is that of the load."""
    with fresh_server() as server:
        program = f"from benchmarks.wikipedia.bench import measure; measure({str(path)!r})"
        command = [sys.executable, "-c", program, str(server.folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=dict(os.environ))
    return msgspec.json.decode(done.stdout, type=Spent)


def measure(path: str) -> None:
    """Load a dump and print Spent as JSON; argument 1 of the process is the server's folder."""
    measured = Steps(Server(Path(sys.argv[1])))
    with connect_to_muse(autocommit=True) as conn:
        started = perf_counter()
        result = load_dump(conn, WikipediaOptions(source=path, on_step=measured.begin))
        measured.spent.seconds = perf_counter() - started
        measured.begin("")
    measured.spent.items = result.written + result.unchanged
    own, child = processor.peak_megabytes()
    measured.spent.megabytes = own + 2 * child
    measured.spent.workers = processor.of_children()
    sys.stdout.buffer.write(msgspec.json.encode(measured.spent))
