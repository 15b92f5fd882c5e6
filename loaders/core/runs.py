"""Runs: the rows of sources, load_runs and load_errors that every load writes."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.console import say
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.errors import Problem
from loaders.core.pruning import Coverage, refusal

T = TypeVar("T")

KEPT_ERRORS = 10_000  # of one run; all are counted
REFUSED_ROWS = "rows_before_refusal"  # in a source's options

SOURCE = """
    insert into muse.sources as source (topic, location, options) values (%s, %s, %s)
    on conflict (topic, location) do update set
        topic = excluded.topic,
        -- Of another login's source nothing is taken over: its options may ask for anything.
        options = case source.added_by when session_user then source.options else '{}' end,
        loaded_at = case source.added_by when session_user then source.loaded_at end,
        fingerprint = case source.added_by when session_user then source.fingerprint end
    returning source_id, fingerprint, options
"""
INTERRUPTED = """
    update muse.load_runs
    set status = 'failed', finished_at = now(), message = 'interrupted'
    where source_id = %s and status = 'running' and not exists (
        select from pg_stat_activity as activity
        where activity.pid = load_runs.backend_pid and activity.pid <> pg_backend_pid()
    )
"""
BEGIN = "insert into muse.load_runs (source_id) values (%s) returning run_id"
FINISH = """
    update muse.load_runs
    set status = %s, finished_at = clock_timestamp(), loaded = %s, unchanged = %s, bad = %s,
        message = %s
    where run_id = %s
"""
LOADED = """
    update muse.sources set options = %s, fingerprint = %s, loaded_at = now() where source_id = %s
"""
UNFINISHED = "update muse.sources set fingerprint = null where source_id = %s"
ERROR = """
    insert into muse.load_errors (run_id, number, place, reason, start)
    values (%s, %s, %s, %s, %s)
"""


@dataclass
class LoadResult:
    """Counts of one load of a source.

    noun: the entries ("playlists"). details: further counts by what they are ("pruned"). scope:
    follows the noun, such as "with 1,200 places". is_unchanged: the source was not read, because
    it had not changed. bad_label: says what became of bad entries.
    """

    source: str
    noun: str
    written: int = 0
    unchanged: int = 0
    bad: int = 0
    details: Counter[str] = field(default_factory=Counter)
    scope: str = ""
    is_unchanged: bool = False
    failures: list[str] = field(default_factory=list)
    bad_label: str = "left out (see load_errors)"

    @property
    def is_good(self) -> bool:
        """Whether no part of the load failed."""
        return not self.failures

    def report(self) -> None:
        """Print the failures, and a line with the counts."""
        for failure in self.failures:
            say(failure)
        if self.is_unchanged:
            say(f"{self.source}: unchanged, skipped (--again reloads it)")
        elif self.written or self.unchanged or self.bad or self.is_good:
            say(self._counts())

    def _counts(self) -> str:
        counts = {"unchanged": self.unchanged, **self.details, self.bad_label: self.bad}
        more = [f"{count:,} {label}" for label, count in counts.items() if count]
        first = " ".join(filter(None, (f"{self.written:,}", self.noun, self.scope)))
        return f"{self.source}: " + ", ".join([first, *more])

    @classmethod
    def failure(cls, source: str, noun: str, reason: str) -> "LoadResult":
        """The result of a load that could not begin."""
        return cls(source, noun, failures=[reason])


@dataclass
class Run:
    """One run over one source: its counts, and the entries that were left out.

    details: further counts by what they are ("pruned").
    """

    conn: psycopg.Connection
    source_id: int
    run_id: int
    loaded: int = 0
    unchanged: int = 0
    bad: int = 0
    failures: list[str] = field(default_factory=list)
    details: Counter[str] = field(default_factory=Counter)
    earlier_rows: dict[str, int] = field(default_factory=dict)
    refused_rows: dict[str, int] = field(default_factory=dict)
    _errors: list[tuple[int, int, str, str, str]] = field(default_factory=list)

    def accept(self, entries: Iterable[T | BadEntry]) -> Iterator[T]:
        """Yield the entries that can be used, and leave out the others."""
        for entry in entries:
            if isinstance(entry, BadEntry):
                self.leave_out(entry)
            else:
                yield entry

    def leave_out(self, entry: BadEntry) -> None:
        """Count an entry that cannot be used, and keep the reason for load_errors."""
        self.bad += 1
        if self.bad <= KEPT_ERRORS:
            self._errors.append((self.run_id, self.bad, *entry[:3]))

    def fail(self, reason: str) -> None:
        """Note a part of the source that could not be loaded: the run ends as failed."""
        self.bad += 1
        self.failures.append(reason)
        self._errors.append((self.run_id, self.bad, *bad_entry("file", reason, "")[:3]))

    def refusal(
        self, coverage: Coverage, table: str, *, stored: int, gone: int, max_prune: float
    ) -> str | None:
        """Why nothing of a table may be deleted, None where it may; see pruning.refusal.

        stored: rows before the load. A refused load may have added many, so the count from before
        it is kept with the source until a pruning is allowed: a second run must not pass.
        """
        rows = min(stored, self.earlier_rows.pop(table, stored))
        reason = refusal(coverage, stored=rows, gone=gone, max_prune=max_prune)
        if reason is not None:
            self.refused_rows[table] = rows
        return reason

    @property
    def usable(self) -> int:
        """Entries of the source that are stored, changed or not."""
        return self.loaded + self.unchanged

    def write_errors(self) -> None:
        """Store what was left out. `finish` calls it; inside a transaction it may be undone."""
        with self.conn.cursor() as cursor:
            cursor.executemany(ERROR, self._errors)
        self._errors.clear()


def result_of(run: Run | None, source: str, noun: str, **options: Any) -> LoadResult:
    """The counts of a run; None: the source was unchanged."""
    if run is None:
        return LoadResult(source, noun, is_unchanged=True)
    return LoadResult(
        source, noun, run.loaded, run.unchanged, run.bad, run.details, failures=run.failures,
        **options,
    )  # fmt: skip


@contextmanager
def run(
    conn: psycopg.Connection,
    topic: str,
    location: str,
    *,
    options: dict[str, Any] | None = None,
    fingerprint: str | None = None,
    again: bool = False,
) -> Iterator[Run | None]:
    """One run of a loader over a source; None where the source is unchanged since it was loaded.

    `conn` is in autocommit mode and the caller opens its own transactions, and holds the topic's
    lock (db.lock). An error is written into the run and raised again; a run whose server process
    is gone is marked as failed by the next one. What was left out is written when the run ends,
    however it ends. The options of a source are those of its last load that stored something; its
    fingerprint is that of its last load without a failure.
    """
    row = conn.execute(SOURCE, (topic, location, Jsonb(options or {}))).fetchone()
    assert row is not None
    source_id, loaded, earlier = row
    conn.execute(INTERRUPTED, (source_id,))
    if fingerprint is not None and fingerprint == loaded and not again:
        yield None
        return
    now = begin(conn, source_id)
    now.earlier_rows = dict(earlier.get(REFUSED_ROWS, {}))
    try:
        yield now
    except BaseException as error:
        if isinstance(error, Problem) and not now.bad:
            now.fail(str(error))
        finish(now, str(error) or type(error).__name__)
        if now.loaded and not conn.broken:
            conn.execute(UNFINISHED, (source_id,))
        raise
    with conn.transaction():
        finish(now, "; ".join(now.failures) or None)
        if now.usable or not now.failures:
            loaded = None if now.failures else fingerprint
            # Counts of a load that did not prune are those of the refused one before it.
            rows = now.earlier_rows | now.refused_rows
            kept = {REFUSED_ROWS: rows} if rows else {}
            conn.execute(LOADED, (Jsonb((options or {}) | kept), loaded, source_id))


def note_failure(conn: psycopg.Connection, topic: str, location: str, reason: str) -> None:
    """A failed run over a source that could not be opened; the options of its loads stay."""
    with run(conn, topic, location, again=True) as failed:
        assert failed is not None
        failed.fail(reason)


def begin(conn: psycopg.Connection, source_id: int) -> Run:
    """A run of its own, for workers that share a source; `finish` ends it."""
    (run_id,) = conn.execute(BEGIN, (source_id,)).fetchone() or (0,)
    return Run(conn, source_id, run_id)


def finish(run: Run, failure: str | None = None) -> None:
    """Write the outcome; a lost connection is left for the next run to see."""
    if run.conn.broken:
        return
    status, message = ("failed", failure[:1000]) if failure else ("done", None)
    counts = (status, run.loaded, run.unchanged, run.bad, message, run.run_id)
    run.conn.execute(FINISH, counts)
    run.write_errors()
