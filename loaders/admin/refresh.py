"""`pgmuse refresh`, for cron: reload changed sources, and update what depends on them."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import psycopg

from loaders import topics
from loaders.admin.jobs import JobRun, job
from loaders.core import db
from loaders.core.console import counted, note, say
from loaders.core.errors import Busy, Problem
from loaders.core.models import drop_retired
from loaders.core.queries import Queries
from loaders.core.runs import WouldLoad, planning
from loaders.core.topics import StoredSource, Topic

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)  # raised by malformed stored options
STALE_INDEXES = "select table_name, model_id from muse.stale_indexes"
PRUNE = "select muse.prune_samples(), muse.prune_runs()"
DRAW = "select drawing, samples from muse.draw_samples(%s, drawing => %s)"
SAMPLES = 12  # of each kind, drawn when a topic's rows or models changed


@dataclass
class Refresh:
    """One refresh. wait: for refreshes that run. deadline: of time.monotonic; the rest is left."""

    conn: psycopg.Connection
    wait: bool = False
    deadline: float | None = None
    counts: Counter[str] = field(default_factory=Counter)
    retrained: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)  # of failures

    @property
    def is_late(self) -> bool:
        return self.deadline is not None and time.monotonic() > self.deadline

    def topic_alone(self, topic: Topic) -> None:
        """Refresh a topic; an error is counted and does not stop the others."""
        try:
            self.topic(topic)
        except (Problem, psycopg.Error, *MALFORMED) as error:
            if self.conn.broken:
                raise
            self._fail(f"{topic.name}: {' '.join(str(error).split()) or type(error).__name__}")

    def _fail(self, reason: str) -> None:
        say(reason)
        self.counts["failed"] += 1
        self.reasons.append(reason)

    def topic(self, topic: Topic) -> None:
        """Refresh the sources of a topic, its models and its samples."""
        with self._locked(f"refresh_{topic.name}", topic.name) as is_ours:
            if not is_ours:
                return
            sources = own_sources(self.conn, topic)
            if not sources and not topic.models:
                note(f"{topic.name}: nothing is loaded")
            changed = [self._source(topic, source) for source in sources]
            if self._retrain(topic) or any(changed):
                self._draw(topic)

    def maintain(self, *, measure: bool) -> None:
        """Rebuild stale indexes, delete what is old, and measure the recall of vector indexes."""
        with self._locked("maintenance", "maintenance") as is_ours:
            if not is_ours:
                return
            reindex(self.conn)
            drop_retired(self.conn)
            self.conn.execute(PRUNE)
            if measure and not self.is_late:
                self.conn.execute("select muse.check_recall()")

    @contextmanager
    def _locked(self, lock: str, name: str) -> Iterator[bool]:
        """Whether the lock is ours until the end of the block."""
        with ExitStack() as stack:
            try:
                stack.enter_context(db.lock(self.conn, lock, wait=self.wait))
            except Busy:
                say(f"{name}: a refresh is already running; nothing done")
                self.counts["left to a running refresh"] += 1
                yield False
            else:
                yield True

    def _source(self, topic: Topic, source: StoredSource) -> bool:
        """Reload a source; an error is printed and does not stop the others. Whether it changed."""
        if self.is_late:
            self.counts["left for the next refresh"] += 1
            return False
        try:
            result = topic.refresh(self.conn, source)
        except Busy as error:
            say(str(error))
            self.counts["left for the next refresh"] += 1
            return False
        except (Problem, OSError, *MALFORMED) as error:
            self._fail(_describe(error, source))
            return False
        if result is None:
            note(f"{source.location}: cannot be loaded again without its command, skipped")
            self.counts["skipped"] += 1
            return False
        outcome = (
            "failed" if not result.is_good else "loaded" if result.has_changed else "unchanged"
        )
        self.counts[outcome] += 1
        self.reasons += result.failures[:1]
        return result.has_changed and result.is_good

    def _retrain(self, topic: Topic) -> bool:
        reason = topic.outdated(self.conn)
        if reason is None:
            return False
        if self.is_late:
            self.counts["left for the next refresh"] += 1
            return False
        say(f"{topic.name}: {reason}")
        try:
            topic.retrain(self.conn)
        except Problem as error:
            self._fail(str(error))
            return False
        self.retrained.append(topic.name)
        return True

    def _draw(self, topic: Topic) -> None:
        for kind in topic.samples:
            for drawing, number in self.conn.execute(DRAW, (SAMPLES, kind)).fetchall():
                note(f"{number} samples drawn: {drawing}")

    def write_outcome(self, run: JobRun) -> None:
        """Write the counts of the refresh into the run of the job."""
        run.is_good = not self.counts["failed"]
        run.parts = [f"{count:,} {name}" for name, count in self.counts.items() if count]
        if self.retrained:
            run.parts.append(f"updated: {', '.join(self.retrained)}")
        run.reason = self.reasons[0] if self.reasons else ""
        run.is_void = set(self.counts) == {"left to a running refresh"}


def refresh(
    conn: psycopg.Connection,
    name: str | None = None,
    *,
    wait: bool = False,
    seconds: float | None = None,
) -> bool:
    """Refresh one topic, or all; return whether nothing failed. `conn` is in autocommit mode.

    wait: for another refresh of a topic; else the topic is left to it. seconds: after which no
    further source or training is begun, and no load is waited for. With it each day begins with
    another topic, so that none is always the last.
    """
    selected = topics.TOPICS if name is None else (find_topic(name),)
    if seconds is not None:
        first = date.today().toordinal() % len(selected)
        selected = selected[first:] + selected[:first]
    started = time.monotonic()
    now = Refresh(conn, wait, None if seconds is None else started + seconds)
    with job(conn, "refresh" if name is None else f"refresh {selected[0].name}") as run:
        token = db.waits_until.set(now.deadline)
        try:
            for topic in selected:
                now.topic_alone(topic)
        finally:
            db.waits_until.reset(token)
        now.maintain(measure=name is None)
        now.write_outcome(run)
    is_news = now.counts["loaded"] or now.retrained or not run.is_good
    (say if is_news else note)(f"{run.name}: {run.summary} ({time.monotonic() - started:.0f} s)")
    return run.is_good


def plan(conn: psycopg.Connection, name: str | None = None) -> Iterator[str]:
    """What a refresh would do, a line each; nothing is written."""
    conn.execute("set default_transaction_read_only = on")
    for topic in topics.TOPICS if name is None else (find_topic(name),):
        for source in own_sources(conn, topic):
            if reason := _plan_source(conn, topic, source):
                yield f"{topic.name}: {source.location}: {reason}"
        if reason := topic.outdated(conn):
            yield f"{topic.name}: {reason}"


def _plan_source(conn: psycopg.Connection, topic: Topic, source: StoredSource) -> str | None:
    try:
        with planning():
            result = topic.refresh(conn, source)
    except WouldLoad as reason:
        return str(reason)
    except psycopg.errors.ReadOnlySqlTransaction:
        return "is made again at every refresh"
    except (Problem, OSError, *MALFORMED) as error:
        return f"would fail: {_describe(error, source)}"
    return "cannot be loaded again without its command" if result is None else None


def _describe(error: Exception, source: StoredSource) -> str:
    if isinstance(error, Problem):
        return str(error)
    if isinstance(error, OSError):
        return f"{error.filename}: {error.strerror}"
    return f"the stored options of {source.location} cannot be read ({error!r}): load it again"


def find_topic(name: str) -> Topic:
    """The topic with that name or alias. Errors: Problem."""
    for topic in topics.TOPICS:
        if name == topic.name or name in topic.aliases:
            return topic
    names = ", ".join(topic.name for topic in topics.TOPICS)
    raise Problem(f"there is no topic {name!r}: the topics are {names}")


def own_sources(conn: psycopg.Connection, topic: Topic) -> list[StoredSource]:
    """The sources that this login loaded; prints the logins of the others.

    Those of other logins are skipped. Every loader can write rows that name any file or address,
    and a refresh would read it with the rights of this login.
    """
    rows = conn.execute(QUERIES.select_sources, {"topic": topic.name}).fetchall()
    others = [login or "a login of an earlier version" for *_, login, own in rows if not own]
    if others:
        say(
            f"{topic.name}: left to their login {', '.join(sorted(set(others)))}: "
            f"{counted(len(others), 'sources')} (load again to refresh with this login)"
        )
    return [StoredSource(*row[:3]) for row in rows if row[-1]]


def reindex(conn: psycopg.Connection) -> None:
    """Rebuild vector indexes that contain many deleted rows, without blocking queries."""
    for table, model_id in conn.execute(STALE_INDEXES).fetchall():
        say(f"rebuilding the index of {table}_{model_id}")
        conn.execute("select muse.rebuild_index(%s, %s)", (table, model_id))
