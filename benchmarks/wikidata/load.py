"""Speed, processor time and memory of a load, from the file to committed rows."""

import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import msgspec

from benchmarks.core import processor
from benchmarks.core.report import Row
from benchmarks.core.running import fresh_server
from benchmarks.wikidata.limits import Limits
from loaders.core.db import connect_to_muse
from loaders.core.server.cluster import Server
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_dump
from loaders.wikidata.options import WikidataOptions


@dataclass
class Spent:
    """The time and memory of one load.

    seconds: from start to end. steps: (seconds, processor seconds of the loader, of the server) by
    name. workers: processor seconds of worker processes. megabytes: peak memory of all processes.
    """

    items: int = 0
    seconds: float = 0
    steps: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    workers: float = 0
    megabytes: float = 0


def rows(limits: dict[str, Limits], files: dict[str, Path], size: float) -> Iterator[Row]:
    """Each compression, and a dump of half the size; `size` is in MB of JSON."""
    for name, path in files.items():
        if name == "half":
            continue
        spent = load(path)
        yield from _speeds(name, spent, limits[name], size)
        if name == "plain":
            half = load(files["half"])
            yield Row(
                "peak memory of all processes", spent.megabytes, "MB",
                "with half of the dump", half.megabytes,
            )  # fmt: skip
        yield from _stages(name, spent, limits[name], size)


def _speeds(name: str, spent: Spent, limit: Limits, size: float) -> Iterator[Row]:
    floor = min(limit.unpacking, limit.parsing)
    which = "unpacking alone" if floor == limit.unpacking else "parsing alone, one process"
    yield Row(f"loading, {name}", size / spent.seconds, "MB/s", which, floor)
    yield Row(f"items, {name}", spent.items / spent.seconds, "items/s")


def _stages(name: str, spent: Spent, limit: Limits, size: float) -> Iterator[Row]:
    """Processor time per GB of JSON, by stage."""
    gigabytes = size / 1000
    unpacking, parsing = 1000 / limit.unpacking_cpu, 1000 / limit.parsing
    staged = spent.steps.get("staging", (0, 0, 0))
    copying = max(spent.workers / gigabytes - parsing, 0)
    yield Row(f"processor time, {name}: unpacking", unpacking, "s/GB")
    yield Row(f"processor time, {name}: parsing", parsing, "s/GB")
    yield Row(f"processor time, {name}: COPY, loader's side", copying, "s/GB")
    yield Row(f"processor time, {name}: COPY, server's side", staged[2] / gigabytes, "s/GB")
    for step, (seconds, own, server) in spent.steps.items():
        if step != "staging":
            yield Row(
                f"processor time, {name}: {step}", (own + server) / gigabytes, "s/GB",
                "seconds of it", seconds / gigabytes,
            )  # fmt: skip
    total = spent.workers + sum(own + server for _, own, server in spent.steps.values())
    yield Row(
        f"processor time, {name}: all", total / gigabytes, "s/GB",
        "of both processors", 2 * spent.seconds / gigabytes,
    )  # fmt: skip


def load(path: Path) -> Spent:
    """Load a dump on a new server, in its own process, so that the memory is that of the load."""
    with fresh_server() as server:
        program = f"from benchmarks.wikidata.load import measure; measure({str(path)!r})"
        command = [sys.executable, "-c", program, str(server.folder)]
        done = subprocess.run(command, stdout=subprocess.PIPE, check=True, env=dict(os.environ))
    return msgspec.json.decode(done.stdout, type=Spent)


def measure(path: str) -> None:
    """Load a dump and print Spent as JSON; argument 1 of the process is the server's folder."""
    server = Server(Path(sys.argv[1]))
    measured = Steps(server)
    with connect_to_muse(autocommit=True) as conn:
        started = perf_counter()
        load_dump(conn, EntityFilter(), WikidataOptions(source=path, on_step=measured.begin))
        measured.spent.seconds = perf_counter() - started
        measured.begin("")
        query = "select count(*) from muse.wikidata"
        (measured.spent.items,) = conn.execute(query).fetchone() or (0,)
    own, child = processor.peak_megabytes()
    measured.spent.megabytes = own + 2 * child
    measured.spent.workers = processor.of_children()
    sys.stdout.buffer.write(msgspec.json.encode(measured.spent))


class Steps:
    """Measures the time of each step."""

    def __init__(self, server: Server) -> None:
        self.server, self.spent = server, Spent()
        self.name, self.before = "", self._now()

    def begin(self, name: str) -> None:
        """End the previous step and begin this one."""
        now = self._now()
        if self.name:
            a, b, c = (after - before for after, before in zip(now, self.before, strict=True))
            self.spent.steps[self.name] = (a, b, c)
        self.name, self.before = name, now

    def _now(self) -> tuple[float, float, float]:
        return perf_counter(), processor.of_self(), processor.of_server(self.server)
