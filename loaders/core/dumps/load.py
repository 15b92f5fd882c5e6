"""One load of a dump: all of it is staged first, so that a bad one changes nothing.

Then it is brought in. What a topic does by itself is a subclass of Load and one of Stager.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg

from loaders.core import runs
from loaders.core.console import say
from loaders.core.db import lock
from loaders.core.dumps.chunks import Chunk, OpenEnd
from loaders.core.dumps.merging import forget_outdated, forget_stale
from loaders.core.dumps.sources import DumpSource
from loaders.core.dumps.staging import ChunkCounts, Staging, copy_failed
from loaders.core.dumps.workers import MakeStager, staged
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.core.streams import BadArchive

BAD_LABEL = "entries with faults (see load_errors)"

OnStep = Callable[[str], object]


@dataclass(frozen=True)
class DumpOptions(LoadOptions):
    """on_step: called with the name of each step when it begins."""

    on_step: OnStep = lambda name: None

    OF_THE_CALL: ClassVar[frozenset[str]] = LoadOptions.OF_THE_CALL | {"on_step"}


class Load(ABC):
    """The steps of one run. `tables`: the staging tables, the one of all entries is `seen`.

    outdated: selects chunk_ids whose comparison with the stored rows is no longer true, because
    other loads ran since; parts: of that query. nothing: the beginning of the error where no entry
    can be used.
    """

    topic: str  # also the table whose rows it loads
    noun: str
    tables: tuple[str, ...]
    outdated: str
    nothing: str

    def __init__(
        self, run: runs.Run, staging: Staging, source: DumpSource, options: DumpOptions
    ) -> None:
        self.run, self.conn = run, run.conn
        self.staging, self.source, self.options = staging, source, options
        self.counts = ChunkCounts()
        self.failed: list[str] = []  # ids or titles of entries that stand in no chunk
        self.unreadable = 0
        self.parts: dict[str, str] = {}
        self.incomplete: str | None = None
        self.stored: dict[str, int] = {}
        query = f"select from muse.{self.topic} limit 1"
        self.fresh = self.conn.execute(query.encode()).fetchone() is None

    @abstractmethod
    def stager(self) -> MakeStager:
        """What gives a process its stager."""

    @abstractmethod
    def duplicates(self) -> Iterator[tuple[str, list[str]]]:
        """Take out all but one copy of an entry; what it is, and where the others stand."""

    @abstractmethod
    def count_stored(self) -> dict[str, int]:
        """Rows that pruning may concern, by table, before the merge."""

    @abstractmethod
    def merge(self) -> None:
        """Bring in what is staged."""

    def all(self) -> None:
        """Stage all of the source, and where that is good merge it into the tables."""
        if self.staging.create(self.conn):
            say("going on with the load that was interrupted")
            forget_outdated(self.conn, self.staging, self._tables, self.outdated, self.parts)
        self.options.on_step("staging")
        try:
            self.stage()
            self.check()
        finally:
            if not self.conn.broken:
                self.report()
        if not self.counts.entities:
            self.staging.drop(self.conn)
        self.check_usable()
        if self.options.prune:
            self.stored = self.count_stored()
        self.merge()
        self.staging.drop(self.conn)
        self.run.loaded = self.counts.written
        self.run.unchanged = self.counts.unchanged

    def stage(self) -> None:
        """Stage every chunk, and delete what an interrupted load staged of another file."""
        options, chunks, make = self.options, self._chunks(), self.stager()
        if options.limit is not None or options.workers == 0:
            results = self._one_by_one(chunks, make)
        else:
            results = staged(chunks, make, options.workers)
        with closing(results):
            for counts in results:
                self.counts += counts
                self.source.on_chunk(self.counts)
                self.check()
        forget_stale(self.conn, self.staging, self._tables, self.run.run_id)
        copy_failed(self.conn, self.staging, self.failed, None)
        for name, places in self.duplicates():
            for place in places:
                self.leave_out(place, f"{name} is there more than once", name)

    def leave_out(self, place: str, reason: str, start: str) -> None:
        """Note what is wrong outside of a chunk."""
        self.run.leave_out(bad_entry(place, reason, start))

    def check(self) -> None:
        """A Problem where too much cannot be used; nothing was changed then."""
        if self.counts.bad + self.run.bad > self.options.max_bad:
            self.check_usable()
            raise Problem(
                f"more than {self.options.max_bad:,} entries cannot be used, so nothing was "
                "changed: see load_errors, and give --max-bad where that is right"
            )

    def check_usable(self) -> None:
        """A Problem where no entry can be used; nothing was changed then."""
        if not self.counts.entities:
            for failure in self.run.failures:
                say(failure)
        start = self.source.start
        check_usable(self.source.name, self.coverage(), start and start(), nothing=self.nothing)

    def coverage(self) -> Coverage:
        """How much of the source was read, by this run and by the one that it goes on with."""
        unreadable = self.counts.unreadable + self.unreadable
        return Coverage(self.counts.entities, unreadable, self.incomplete)

    def may_prune(self, table: str, stored: int, gone: int) -> bool:
        """Whether so many of the stored rows may be deleted; if not, the run fails with the line.

        stored: rows that this source, or filter, had before the load. gone: those not in it now.
        """
        line = self.run.refusal(
            self.coverage(), table, stored=stored, gone=gone, max_prune=self.options.max_prune
        )
        if line is not None:
            self.run.failures.append(line)
        return line is None

    def report(self) -> None:
        """What is wrong within chunks, those of an interrupted run too."""
        query = "select errors, bad from {chunks} where run_id = %s and bad > 0 order by chunk_id"
        with self.conn.cursor() as cursor:
            for found, bad in cursor.execute(self.staging.sql(query), (self.run.run_id,)):
                for entry in found:
                    self.run.leave_out(BadEntry(*entry))
                self.run.bad += bad - len(found)

    @property
    def _tables(self) -> tuple[str, ...]:
        return (*self.tables, "failed")

    def _chunks(self) -> Iterator[Chunk]:
        """The chunks; what cannot be read is noted, and an archive's end where it was cut off."""
        try:
            for made in self.source.chunks:
                match made:
                    case Chunk():
                        yield made
                    case OpenEnd(reason):
                        self.incomplete = reason
                    case BadEntry():
                        self.run.leave_out(bad_entry(*made))
                        self.failed += made.keys
                        self.unreadable += not made.keys
        except BadArchive as error:
            self.incomplete = str(error)
            self.leave_out("end", str(error), "")
            self.run.failures.append(f"{error}: what came before it is loaded")

    def _one_by_one(
        self, chunks: Iterable[Chunk], make: MakeStager
    ) -> Generator[ChunkCounts, None, None]:
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
    source: DumpSource,
    kind: type[Load] | Callable[..., Load],
    options: DumpOptions,
    *,
    topic: str,
    noun: str,
    version: int,
    kept: dict[str, Any],
) -> LoadResult:
    """Load the chunks of a source; `conn` is in autocommit mode.

    kind: makes the topic's Load of a run, its staging tables, the source and the options. version
    and kept: of how entries are parsed and what is kept; where one differs from the last load, or
    that did not prune, the source is read again. Errors: Problem, and nothing was changed.
    """
    with lock(conn, topic):
        form = [version, kept]
        key = Staging.of(topic, 0, [form, options.prune]).key
        fingerprint = f"{source.fingerprint}, {key}" if source.fingerprint else None
        stored = kept | ({"request": source.request} if source.request else {})
        with runs.run(
            conn, topic, source.name, options=stored, fingerprint=fingerprint, again=options.again
        ) as run:
            if run is None:
                return runs.result_of(None, source.name, noun)
            dump = kind(run, Staging.of(topic, run.source_id, form), source, options)
            dump.all()
    return runs.result_of(
        run, source.name, noun, bad_label=BAD_LABEL,
        scope=f"written of {dump.counts.entities:,} entities",
    )  # fmt: skip
