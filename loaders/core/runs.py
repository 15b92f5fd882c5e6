"""Runs of loads: rows of the tables sources, load_runs and load_errors."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, TypeVar

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.console import counted, note, say
from loaders.core.db import QUERIES, is_usable, takes_locks
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.errors import Problem
from loaders.core.pruning import Coverage, refusal

T = TypeVar("T")
_is_planning = ContextVar("is_planning", default=False)

KEPT_ERRORS = 10_000  # rows of load_errors per run; further errors are only counted
REFUSED_ROWS = "rows_before_refusal"  # in a source's options

BEGIN = "insert into muse.load_runs (source_id) values (%s) returning run_id"
CLEAR_FINGERPRINT = "update muse.sources set fingerprint = null where source_id = %s"
LOADED = """
    update muse.sources as source set
        options = %s,
        fingerprint = %s,
        loaded_at = now(),
        version = coalesce((
            select current.version from muse.topics as current
            where current.topic = source.topic
        ), source.version)
    where source.source_id = %s
"""
ERROR = """
    insert into muse.load_errors (run_id, number, place, reason, start) values (%s, %s, %s, %s, %s)
"""


@dataclass
class LoadResult:
    """The counts of one load of a source.

    noun: the kind of its entries ("playlists"). details: further counts by label ("pruned").
    scope: text after the noun, such as "with 1,200 places". is_unchanged: the source was skipped
    because it has not changed. bad_label: the label of the count of bad entries.
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
        """Print the failures and a line with the counts."""
        for failure in self.failures:
            say(failure)
        if self.is_unchanged:
            note(f"{self.source}: unchanged, skipped (--again reloads it)")
        elif self.written or self.unchanged or self.is_good:
            (say if self.has_changed else note)(self._counts())

    def add(self, other: "LoadResult") -> None:
        """Add the counts of another part of the same load."""
        self.written += other.written
        self.unchanged += other.unchanged
        self.bad += other.bad
        self.details.update(other.details)
        self.failures += other.failures

    @property
    def has_changed(self) -> bool:
        """Whether rows were written or deleted, or entries left out."""
        return bool(self.written or self.bad or any(self.details.values()))

    def _counts(self) -> str:
        counts = {"unchanged": self.unchanged, **self.details, self.bad_label: self.bad}
        more = [f"{count:,} {label}" for label, count in counts.items() if count]
        first = " ".join(filter(None, (counted(self.written, self.noun), self.scope)))
        return f"{self.source}: " + ", ".join([first, *more])

    @classmethod
    def failure(cls, source: str, noun: str, reason: str) -> "LoadResult":
        """The result of a load that could not begin."""
        return cls(source, noun, failures=[reason])


@dataclass
class Run:
    """One run over one source, with its counts and the entries that were left out.

    details: further counts by label ("pruned"). earlier_rows, refused_rows: see `refusal`.
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
    _remarks: int = 0

    def accept(self, entries: Iterable[T | BadEntry]) -> Iterator[T]:
        """Yield the usable entries, and leave out the others."""
        for entry in entries:
            if isinstance(entry, BadEntry):
                self.leave_out(entry)
            else:
                yield entry

    def leave_out(self, entry: BadEntry) -> None:
        """Count an unusable entry, and keep its reason for load_errors."""
        self.bad += 1
        self.remark(entry)

    def remark(self, entry: BadEntry) -> None:
        """Keep the reason of an entry for load_errors; it may be loaded all the same."""
        self._remarks += 1
        if self._remarks <= KEPT_ERRORS:
            self._errors.append((self.run_id, self._remarks, *entry[:3]))

    def fail(self, reason: str) -> None:
        """Record a part of the source that could not be loaded; the run ends as failed."""
        self.bad += 1
        self.failures.append(reason)
        self._remarks += 1
        self._errors.append((self.run_id, self._remarks, *bad_entry("file", reason, "")[:3]))

    def refusal(
        self, coverage: Coverage, table: str, *, stored: int, gone: int, max_prune: float
    ) -> str | None:
        """The reason why no row of a table may be deleted, else None; see pruning.refusal.

        stored: rows before the load. The number before a refused load is kept with the source until
        pruning is allowed. Otherwise the rows that the refused load added would raise the limit,
        and a second load would be allowed to prune.
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
        """Insert the collected errors into load_errors. `finish` calls it."""
        with self.conn.cursor() as cursor:
            cursor.executemany(ERROR, self._errors)
        self._errors.clear()


def result_of(run: Run | None, source: str, noun: str, **options: Any) -> LoadResult:
    """The counts of a run as a LoadResult. run: None where the source was unchanged."""
    if run is None:
        return LoadResult(source, noun, is_unchanged=True)
    return LoadResult(
        source, noun, run.loaded, run.unchanged, run.bad, run.details, failures=run.failures,
        **options,
    )  # fmt: skip


class WouldLoad(Exception):
    """Raised instead of a load inside of `planning`; its text is the reason."""


@contextmanager
def planning() -> Iterator[None]:
    """Raise WouldLoad where a source would be loaded; unchanged sources are reported as always."""
    token, locks = _is_planning.set(True), takes_locks.set(False)
    try:
        yield
    finally:
        _is_planning.reset(token)
        takes_locks.reset(locks)


def _plan(conn: psycopg.Connection, values: dict[str, Any], fingerprint: str | None) -> None:
    row = conn.execute(QUERIES.select_fingerprint, values).fetchone()
    if row is None or row[0] is None:
        raise WouldLoad("never loaded")
    loaded_at, loaded, is_current = row
    if not is_current:
        raise WouldLoad("loaded by an earlier version of its loader")
    if fingerprint is None:
        raise WouldLoad("whether it changed is unknown before it is read")
    if loaded is None:
        raise WouldLoad("its last load failed in part")
    if fingerprint != loaded:
        raise WouldLoad(f"changed since {loaded_at:%Y-%m-%d %H:%M}")


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
    """A run of a loader over a source; None where the source is unchanged since its last load.

    `conn` is in autocommit mode. The caller opens transactions, and has the topic's lock (db.lock).
    An error is stored in the run and raised again; errors of entries are stored in any case. The
    run of a killed process is marked as failed by the next one. A source keeps the options of its
    last load that stored a row, and the fingerprint of its last load without a failure.
    """
    values = {"topic": topic, "location": location, "options": Jsonb(options or {})}
    if _is_planning.get():
        _plan(conn, values, fingerprint)
        yield None
        return
    row = conn.execute(QUERIES.upsert_source, values).fetchone()
    assert row is not None
    source_id, loaded, earlier = row
    conn.execute(QUERIES.fail_interrupted_runs, {"source_id": source_id})
    if fingerprint is not None and fingerprint == loaded and not again:
        conn.execute(QUERIES.note_recovery, {"source_id": source_id})
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
        if now.loaded and is_usable(conn):
            conn.execute(CLEAR_FINGERPRINT, (source_id,))
        raise
    with conn.transaction():
        finish(now, "; ".join(now.failures) or None)
        if now.usable or not now.failures:
            loaded = None if now.failures else fingerprint
            # A load that did not prune keeps the counts of the refused load before it.
            rows = now.earlier_rows | now.refused_rows
            kept = {REFUSED_ROWS: rows} if rows else {}
            conn.execute(LOADED, (Jsonb((options or {}) | kept), loaded, source_id))


def note_failure(conn: psycopg.Connection, topic: str, location: str, reason: str) -> None:
    """Store a failed run of a source that could not be opened; its options are kept."""
    with run(conn, topic, location, again=True) as failed:
        assert failed is not None
        failed.fail(reason)


def begin(conn: psycopg.Connection, source_id: int) -> Run:
    """Begin a run without `run`, for workers that share a source; call `finish` at its end."""
    (run_id,) = conn.execute(BEGIN, (source_id,)).fetchone() or (0,)
    return Run(conn, source_id, run_id)


def finish(run: Run, failure: str | None = None) -> None:
    """Store the outcome of a run. Where that is impossible, the next run marks it as failed."""
    if not is_usable(run.conn):
        return
    status, message = ("failed", failure[:1000]) if failure else ("done", None)
    values = {
        "run_id": run.run_id,
        "status": status,
        "message": message,
        "loaded": run.loaded,
        "unchanged": run.unchanged,
        "bad": run.bad,
    }
    run.conn.execute(QUERIES.finish_run, values)
    run.write_errors()
