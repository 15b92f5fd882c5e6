"""One load of a dump: all of it is staged and checked, then merged into the tables.

An unusable dump therefore changes nothing. A topic subclasses DumpLoad and Stager.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any, ClassVar

import psycopg

from loaders.core import runs
from loaders.core.console import say
from loaders.core.db import is_usable, lock
from loaders.core.dumps.chunks import Chunk, UnconfirmedEnd
from loaders.core.dumps.merging import delete_outdated_chunks, delete_stale_chunks
from loaders.core.dumps.sources import DumpSource
from loaders.core.dumps.staging import ChunkCounts, Staging, copy_failed
from loaders.core.dumps.workers import MakeStager, staged
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.core.streams import BadArchive

# Errors of staged rows that the tables refuse: merging the same rows again would end in them again.
REFUSED = (psycopg.DataError, psycopg.errors.ProgramLimitExceeded)
BAD_LABEL = "entries with errors (see load_errors)"

OnStep = Callable[[str], object]


@dataclass(frozen=True)
class DumpOptions(LoadOptions):
    """on_step: called with the name of each step when it begins."""

    on_step: OnStep = lambda name: None

    OF_THE_CALL: ClassVar[frozenset[str]] = LoadOptions.OF_THE_CALL | {"on_step"}


class DumpLoad(ABC):
    """The steps of one run.

    topic: also the name of the table that it loads. noun: the entries, for messages. tables: the
    topic's staging tables; `seen` has a row for every entry. outdated: a query for the chunk_ids
    whose comparison with the stored rows is out of date because of loads in between; values: its
    values. nothing: the beginning of the message for a source without usable entries.
    """

    topic: str
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
        self.failed: list[str] = []  # ids or titles of failed entries that are in no chunk
        self.unreadable = 0
        self.values: dict[str, Any] = {}
        self.incomplete: str | None = None
        self.stored: dict[str, int] = {}
        query = f"select from muse.{self.topic} limit 1"
        self.fresh = self.conn.execute(query.encode()).fetchone() is None

    @abstractmethod
    def stager(self) -> MakeStager:
        """Return a picklable function that builds the stager of a worker process."""

    @abstractmethod
    def delete_duplicates(self) -> Iterator[tuple[str, list[str]]]:
        """Delete all but one copy of each entry; yield its name and the places of the others."""

    @abstractmethod
    def count_stored(self) -> dict[str, int]:
        """Count the rows that pruning may delete, by table, before the merge."""

    @abstractmethod
    def merge(self) -> None:
        """Merge the staging tables into the tables."""

    def execute(self) -> None:
        """Stage the source; if it is usable, merge it into the tables."""
        if self.staging.create(self.conn):
            say("resuming the interrupted load")
            delete_outdated_chunks(
                self.conn, self.staging, self._tables, self.outdated, self.values
            )
        self.options.on_step("staging")
        try:
            self.stage()
            self.check()
        finally:
            if is_usable(self.conn):
                self.report()
        if not self.counts.entities:
            self.staging.drop(self.conn)
        self.check_usable()
        if self.options.prune:
            self.stored = self.count_stored()
        try:
            self.merge()
        except REFUSED:
            if is_usable(self.conn):
                self.staging.drop(self.conn)
            raise
        self.staging.drop(self.conn)
        self.run.loaded = self.counts.written
        self.run.unchanged = self.counts.unchanged

    def stage(self) -> None:
        """Stage every chunk, and delete those that an interrupted run staged of another file."""
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
        delete_stale_chunks(self.conn, self.staging, self._tables, self.run.run_id)
        copy_failed(self.conn, self.staging, self.failed, None)
        for name, places in self.delete_duplicates():
            for place in places:
                self.leave_out(place, f"{name} is there more than once", name)

    def leave_out(self, place: str, reason: str, start: str) -> None:
        """Record an error outside of a chunk."""
        self.run.leave_out(bad_entry(place, reason, start))

    def check(self) -> None:
        """Raise a Problem if there are more than max_bad errors; nothing is changed then."""
        if self.counts.bad + self.run.bad > self.options.max_bad:
            self.check_usable()
            raise Problem(
                f"more than {self.options.max_bad:,} entries cannot be used, so nothing was "
                "changed: see load_errors; --max-bad raises the limit"
            )

    def check_usable(self) -> None:
        """Raise a Problem if no entry is usable; nothing is changed then."""
        if not self.counts.entities:
            for failure in self.run.failures:
                say(failure)
        prefix = self.source.prefix
        check_usable(self.source.name, self.coverage(), prefix and prefix(), nothing=self.nothing)

    def coverage(self) -> Coverage:
        """How much of the source was read, by this run and the interrupted one that it resumes."""
        unreadable = self.counts.unreadable + self.unreadable
        return Coverage(self.counts.entities, unreadable, self.incomplete)

    def may_prune(self, table: str, stored: int, gone: int) -> bool:
        """Whether the rows may be deleted; if not, record the reason: the run ends as failed.

        stored: rows of this source, or filter, before the load. gone: those not in it any more.
        """
        line = self.run.refusal(
            self.coverage(), table, stored=stored, gone=gone, max_prune=self.options.max_prune
        )
        if line is not None:
            self.run.failures.append(line)
        return line is None

    def refuse_beside(self, query: str, values: dict[str, Any]) -> None:
        """Let nothing be pruned if the query names another source that may have loaded the rows."""
        other = self.conn.execute(query, values | {"source": self.run.source_id}).fetchone()
        if other is not None and self.incomplete is None:
            self.incomplete = (
                f"rows may also come from {other[0]}: if this source replaces it, forget it with "
                "./pgmuse forget source, which keeps these rows, and load again"
            )

    def report(self) -> None:
        """Record the errors within chunks, also those of the interrupted run."""
        query = "select errors, bad from {chunks} where run_id = %s and bad > 0 order by chunk_id"
        with self.conn.cursor() as cursor:
            for entries, bad in cursor.execute(self.staging.sql(query), (self.run.run_id,)):
                for entry in entries:
                    self.run.leave_out(BadEntry(*entry))
                self.run.bad += bad - len(entries)

    @property
    def _tables(self) -> tuple[str, ...]:
        return (*self.tables, "failed")

    def _chunks(self) -> Iterator[Chunk]:
        """Yield the chunks; record unreadable entries, and where an archive is cut off."""
        try:
            for piece in self.source.chunks:
                match piece:
                    case Chunk():
                        yield piece
                    case UnconfirmedEnd(reason):
                        self.incomplete = reason
                    case BadEntry():
                        self.run.leave_out(bad_entry(*piece))
                        self.failed += piece.keys
                        self.unreadable += not piece.keys
        except BadArchive as error:
            self.incomplete = str(error)
            self.leave_out("end", str(error), "")
            self.run.failures.append(f"{error}: what came before it is loaded")

    def _one_by_one(
        self, chunks: Iterable[Chunk], make: MakeStager
    ) -> Generator[ChunkCounts, None, None]:
        """Stage in this process, until options.limit entries are kept."""
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
    kind: type[DumpLoad] | Callable[..., DumpLoad],
    options: DumpOptions,
    *,
    topic: str,
    noun: str,
    version: int,
    kept: dict[str, Any],
) -> LoadResult:
    """Load a source; `conn` is in autocommit mode.

    kind: builds the topic's DumpLoad from a run, its staging tables, the source and the options.
    version: of the parser. kept: the settings that decide which entries are kept, as JSON values.
    An unchanged source is skipped unless one of the two differs from its last load, or pruning is
    new. Errors: Problem, and nothing was changed.
    """
    with lock(conn, topic):
        settings = [version, kept]
        key = Staging.of(topic, 0, [settings, options.prune]).key
        fingerprint = f"{source.fingerprint}, {key}" if source.fingerprint else None
        stored = kept | ({"request": source.request} if source.request else {})
        with runs.run(
            conn, topic, source.name, options=stored, fingerprint=fingerprint, again=options.again
        ) as run:
            if run is None:
                return runs.result_of(None, source.name, noun)
            staging = Staging.of(topic, run.source_id, settings)
            dump = kind(run, staging, source, options)
            dump.execute()
    return runs.result_of(
        run, source.name, noun, bad_label=BAD_LABEL,
        scope=f"written of {dump.counts.entities:,} entities",
    )  # fmt: skip
