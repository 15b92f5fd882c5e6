"""One load of a dump: all of it is staged first, so that a bad one changes nothing.

Then it is brought in. What a topic does by itself is a subclass of Load and one of Stager.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

from loaders import runs
from loaders.compressed import BadArchive
from loaders.db import lock
from loaders.dumps.chunks import Chunk, Unreadable
from loaders.dumps.merging import forget_stale
from loaders.dumps.staging import Counts, Staging
from loaders.dumps.workers import MakeStager, staged
from loaders.entries import bad_entry
from loaders.errors import Problem, say

MAX_BAD = 1000

Source = Iterable[Chunk | Unreadable]
OnChunk = Callable[[Counts], None]
OnStep = Callable[[str], object]


@dataclass(frozen=True)
class Options:
    """How a source is loaded, apart from what is kept of it.

    limit: entries to keep. prune: what the source does not hold goes. max_bad: entries that may be
    unusable. again: also where the source has not changed. workers: processes that parse, and
    connections that merge; 0: this process alone. request: what `refresh` asks for to load the
    same again. on_step: told the name of each step when it begins.
    """

    limit: int | None = None
    prune: bool = False
    max_bad: int = MAX_BAD
    again: bool = False
    workers: int = 2
    request: dict[str, Any] | None = None
    on_step: OnStep = lambda name: None


@dataclass
class Loaded:
    """What became of a source."""

    counts: Counts = field(default_factory=Counts)
    bad: int = 0
    renamed: int = 0
    pruned: int = 0
    seen_before: bool = False
    failures: list[str] = field(default_factory=list)


class Load(ABC):
    """The steps of one run. `tables`: the staging tables, the one of all entries is `seen`."""

    topic: str  # also the table whose rows it loads
    tables: tuple[str, ...]

    def __init__(self, run: runs.Run, staging: Staging, options: Options) -> None:
        self.run, self.conn = run, run.conn
        self.staging, self.options = staging, options
        self.loaded = Loaded(failures=run.failures)
        self.counts = Counts()
        query = f"select from muse.{self.topic} limit 1"
        self.fresh = self.conn.execute(query.encode()).fetchone() is None

    @abstractmethod
    def stager(self) -> MakeStager:
        """What gives a process its stager."""

    @abstractmethod
    def duplicates(self) -> Iterator[tuple[str, list[str]]]:
        """Take out all but one copy of an entry; what it is, and where the others stand."""

    @abstractmethod
    def merge(self) -> None:
        """Bring in what is staged."""

    def all(self, source: Source, on_chunk: OnChunk) -> Loaded:
        """Stage, and where that is good bring it in."""
        if self.staging.create(self.conn):
            say("going on with the load that was interrupted")
        self.options.on_step("staging")
        try:
            self.stage(source, on_chunk)
            self.check()
        finally:
            if not self.conn.broken:
                self.report()
        self.merge()
        self.staging.drop(self.conn)
        self.loaded.counts, self.loaded.bad = self.counts, self.run.bad
        self.run.loaded = self.counts.kept - self.counts.unchanged
        self.run.unchanged = self.counts.unchanged
        return self.loaded

    def stage(self, source: Source, on_chunk: OnChunk) -> None:
        """Everything into staging; what a pass that was cut off left there of another file, out."""
        options, chunks, make = self.options, self._chunks(source), self.stager()
        if options.limit is not None or options.workers == 0:
            results = self._one_by_one(chunks, make)
        else:
            results = staged(chunks, make, options.workers)
        with closing(results):
            for counts in results:
                self.counts += counts
                on_chunk(self.counts)
                self.check()
        forget_stale(self.conn, self.staging, self.tables, self.run.run_id)
        for name, places in self.duplicates():
            for place in places:
                self.leave_out(place, f"{name} is there more than once", name)

    def leave_out(self, place: str, reason: str, start: str) -> None:
        """Note what is wrong outside of a chunk."""
        self.run.leave_out(*bad_entry(place, reason, start))

    def check(self) -> None:
        """A Problem where too much cannot be used; nothing was changed then."""
        if self.counts.bad + self.run.bad > self.options.max_bad:
            raise Problem(
                f"more than {self.options.max_bad:,} entries cannot be used, so nothing was "
                "changed: see load_errors, and give --max-bad where that is right"
            )

    def report(self) -> None:
        """What is wrong within chunks, those of an interrupted run too."""
        query = "select errors, bad from {chunks} where run_id = %s and bad > 0 order by chunk_id"
        with self.conn.cursor() as cursor:
            for found, bad in cursor.execute(self.staging.sql(query), (self.run.run_id,)):
                for entry in found:
                    self.run.leave_out(*entry)
                self.run.bad += bad - len(found)

    def _chunks(self, source: Source) -> Iterator[Chunk]:
        """The chunks; what cannot be read is noted, and an archive's end where it was cut off."""
        try:
            for made in source:
                if isinstance(made, Chunk):
                    yield made
                else:
                    self.leave_out(*made)
        except BadArchive as error:
            self.leave_out("end", str(error), "")
            self.run.failures.append(f"{error}: what came before it is loaded")

    def _one_by_one(
        self, chunks: Iterable[Chunk], make: MakeStager
    ) -> Generator[Counts, None, None]:
        stager, left = make(self.conn), self.options.limit
        for chunk in chunks:
            counts = stager.stage(chunk, left)
            yield counts
            if left is not None:
                left -= counts.kept
                if left <= 0:
                    return


def load(
    conn: psycopg.Connection,
    where: str,
    source: Source,
    kind: Callable[[runs.Run, Staging], Load],
    *,
    topic: str,
    version: int,
    kept: dict[str, Any],
    request: dict[str, Any] | None = None,
    fingerprint: str | None = None,
    again: bool = False,
    on_chunk: OnChunk = lambda counts: None,
) -> Loaded:
    """Load the chunks of a source under a name for it; `conn` is in autocommit mode.

    version and kept: of how entries are parsed and what is kept; where one differs from the last
    load, the source is read again.
    """
    with lock(conn, topic):
        key = Staging.of(topic, 0, [version, kept]).key
        known = f"{fingerprint}, {key}" if fingerprint else None
        told = kept | ({"request": request} if request else {})
        with runs.run(conn, topic, where, options=told, fingerprint=known, again=again) as run:
            if run is None:
                return Loaded(seen_before=True)
            staging = Staging.of(topic, run.source_id, [version, kept])
            return kind(run, staging).all(source, on_chunk)
