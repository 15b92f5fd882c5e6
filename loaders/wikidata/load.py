"""Load Wikidata: a dump, entities from the API, labels from a file, or the sample.

All of a source is staged first, so that a bad one changes nothing; then it is brought in.
"""

import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from loaders import runs
from loaders.compressed import BadArchive
from loaders.entries import bad_entry
from loaders.errors import Problem, say
from loaders.wikidata import classes, indexes, merge, names
from loaders.wikidata.dump import Chunk, Unreadable
from loaders.wikidata.entities import Filter
from loaders.wikidata.staging import Counts, Stager, Staging, drop
from loaders.wikidata.workers import staged

MAX_BAD = 1000
LOCK = "select pg_try_advisory_lock('muse.wikidata'::regclass::int, 0)"
UNLOCK = "select pg_advisory_unlock('muse.wikidata'::regclass::int, 0)"


OnChunk = Callable[[Counts], None]
OnStep = Callable[[str], object]


@dataclass(frozen=True)
class Options:
    """How a source is loaded, apart from what is kept of it.

    limit: items to keep. prune: what the source does not hold goes. max_bad: entries that may be
    unusable. again: also where the source has not changed. only_missing: labels that are known
    stay. workers: processes that parse, and connections that merge. request: what
    `refresh` asks for to load the same again. on_step: told the name of each step when it begins.
    """

    limit: int | None = None
    prune: bool = False
    max_bad: int = MAX_BAD
    again: bool = False
    only_missing: bool = False
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


def load(
    conn: psycopg.Connection,
    where: str,
    source: Iterable[Chunk | Unreadable],
    filter: Filter,
    options: Options,
    *,
    fingerprint: str | None = None,
    on_chunk: OnChunk = lambda counts: None,
) -> Loaded:
    """Load the chunks of a source under a name for it; `conn` is in autocommit mode."""
    with _alone(conn):
        kept = _described(filter, options)
        key = Staging.of(0, kept).key
        known = f"{fingerprint}, {key}" if fingerprint else None
        told = kept | {"request": options.request} if options.request else kept
        with runs.run(
            conn, "wikidata", where, options=told, fingerprint=known, again=options.again
        ) as run:
            if run is None:
                return Loaded(seen_before=True)
            return _Load(run, Staging.of(run.source_id, kept), filter, options).all(
                source, on_chunk
            )


class _Load:
    """The steps of one run."""

    def __init__(self, run: runs.Run, staging: Staging, filter: Filter, options: Options) -> None:
        self.run, self.conn = run, run.conn
        self.staging, self.filter, self.options = staging, filter, options
        self.loaded = Loaded(failures=run.failures)
        self.counts = Counts()
        self.unreadable: list[Unreadable] = []
        self.fresh = self.conn.execute("select from muse.wikidata limit 1").fetchone() is None

    def all(self, source: Iterable[Chunk | Unreadable], on_chunk: OnChunk) -> Loaded:
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
        self.loaded.counts, self.loaded.bad = self.counts, self.run.bad
        self.run.loaded = self.counts.kept - self.counts.unchanged
        self.run.unchanged = self.counts.unchanged
        return self.loaded

    def stage(self, source: Iterable[Chunk | Unreadable], on_chunk: OnChunk) -> None:
        """Everything into staging; what a pass that was cut off left there of another file, out."""
        of_run = (self.staging, self.filter, self.run.run_id)
        options, chunks = self.options, self._chunks(source)
        if options.limit is not None or options.workers == 0:
            results = self._one_by_one(chunks, Stager(self.conn, *of_run, fresh=self.fresh))
        else:
            results = staged(chunks, *of_run, fresh=self.fresh, workers=options.workers)
        with closing(results):
            for counts in results:
                self.counts += counts
                on_chunk(self.counts)
                self.check()
        for step in merge.STALE:
            self.conn.execute(self.staging.sql(step), (self.run.run_id,))
        for wikidata_id, places in merge.duplicates(self.conn, self.staging):
            for place in places:
                self.leave_out(place, f"{wikidata_id} is there more than once", wikidata_id)

    def _chunks(self, source: Iterable[Chunk | Unreadable]) -> Iterator[Chunk]:
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

    def _one_by_one(self, chunks: Iterable[Chunk], stager: Stager) -> Generator[Counts, None, None]:
        left = self.options.limit
        for chunk in chunks:
            counts = stager.stage(chunk, left)
            yield counts
            if left is not None:
                left -= counts.kept
                if left <= 0:
                    return

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

    def merge(self) -> None:
        """Labels first, since properties hold names; then items, and what follows from both."""
        conn, staging, on_step = self.conn, self.staging, self.options.on_step
        on_step("labels")
        conn.execute(staging.sql("analyze {seen}"))
        with conn.transaction():
            names.merge_labels(
                conn, staging, fresh=self.fresh, only_missing=self.options.only_missing
            )
        on_step("items")
        if self.fresh:
            indexes.drop(conn)
        with closing(runs.progress("items", self.counts.kept, "merging")) as bar:
            merge.merge_items(
                conn,
                staging,
                fresh=self.fresh,
                workers=max(self.options.workers, 1),
                on_items=bar.update,
            )
        conn.execute(staging.sql(merge.GONE))
        if self.options.prune and not self.run.failures:
            self.loaded.pruned = conn.execute(staging.sql(merge.PRUNE)).rowcount
        on_step("names that changed")
        self.loaded.renamed = names.rename(conn, staging)
        on_step("classes")
        classes.settle(conn, staging)
        on_step("indexes")
        indexes.make(conn, max(self.options.workers, 1))
        conn.execute("analyze muse.wikidata, muse.wikidata_labels, muse.wikidata_classes")
        drop(conn, staging.source_id)


@contextmanager
def _alone(conn: psycopg.Connection) -> Iterator[None]:
    """One load of Wikidata at a time, whatever its source."""
    if conn.execute(LOCK).fetchone() != (True,):
        raise Problem("another load of wikidata runs: wait for that one")
    try:
        yield
    finally:
        if not conn.broken:
            conn.execute(UNLOCK)


def _described(filter: Filter, options: Options) -> dict[str, Any]:
    """What was asked of a source, for the table sources; sets are told by their hash."""
    told: dict[str, Any] = {"languages": filter.languages, "sitelinks": filter.sitelinks}
    for name in ("class_ids", "ids"):
        ids = getattr(filter, name)
        if ids is not None and len(ids) > 50:
            text = ",".join(sorted(ids)).encode()
            told[name] = f"{len(ids)} ids, {hashlib.blake2b(text, digest_size=8).hexdigest()}"
        elif ids is not None:
            told[name] = sorted(ids)
    if options.limit is not None:
        told["limit"] = options.limit
    return {key: value for key, value in told.items() if value}
