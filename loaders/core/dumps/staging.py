"""Staging tables: they hold the parsed chunks of a dump until all of it is read.

The tables are logged copies of those in muse_staging, named after the source and its options. A
chunk's rows and its digest are written in one transaction, so a killed load resumes.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from string import Formatter
from typing import Any, Generic, LiteralString, NamedTuple, TypeVar

import msgspec
import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from loaders.core.db import copy, table_name
from loaders.core.dumps.chunks import Chunk
from loaders.core.entries import BadEntry, bad_entry
from loaders.core.queries import Queries

T = TypeVar("T")

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
KEPT_ERRORS = 1000  # of one chunk; all are counted
# Errors for values that the parser accepted and Postgres rejects.
REJECTED = (psycopg.DataError, errors.ProgramLimitExceeded, errors.StatementTooComplex)
FAILED_COLUMNS = {"key": "text", "chunk_id": "int4"}


class ChunkCounts(NamedTuple):
    """Numbers of entries: parsed, kept, and kept but unchanged.

    outside: stored rows that are updated although the filter does not keep them. unreadable:
    failed entries whose id or title is unknown. bad: errors.
    """

    entities: int = 0
    kept: int = 0
    unchanged: int = 0
    outside: int = 0
    unreadable: int = 0
    bad: int = 0

    @property
    def written(self) -> int:
        """Number of new and updated rows."""
        return self.kept - self.unchanged + self.outside

    def __add__(self, other: object) -> "ChunkCounts":  # type: ignore[override]
        assert isinstance(other, ChunkCounts)
        return ChunkCounts(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Staging:
    """The staging tables of one source and one set of options; key: a hash of the options."""

    topic: str
    source_id: int
    key: str

    @classmethod
    def of(cls, topic: str, source_id: int, options: Any) -> "Staging":
        """Staging tables for options; `options`: all that changes their content, as JSON values."""
        encoded = msgspec.json.encode(options, order="sorted")
        return cls(topic, source_id, hashlib.blake2b(encoded, digest_size=4).hexdigest())

    def name(self, table: str) -> str:
        """The full name of `chunks`, `failed`, a table of the topic, or the sequence `numbers`."""
        return f"muse_staging.{self.topic}_{self.source_id}_{self.key}_{table}"

    def sql(self, text: LiteralString, **parts: LiteralString) -> sql.Composed:
        """A query of psycopg.sql: {seen} stands for the staging table `seen`, and so on.

        parts: SQL for other placeholders; placeholders in it are replaced too.
        """
        names = {name for _, name, _, _ in Formatter().parse(text) if name}
        values: dict[str, sql.Composable] = {
            name: self.sql(parts[name], **parts) if name in parts else table_name(self.name(name))
            for name in names
        }
        return sql.SQL(text).format(**values)

    def create(self, conn: psycopg.Connection) -> bool:
        """Create the tables. Return whether an interrupted load left them."""
        query = "select muse.create_staging(%s, %s, %s)"
        row = conn.execute(query, (self.topic, self.source_id, self.key)).fetchone()
        return row == (False,)

    def drop(self, conn: psycopg.Connection) -> None:
        """Drop all staging tables of the source, with any options."""
        conn.execute("select muse.drop_staging(%s, %s)", (self.topic, self.source_id))

    def analyze(self, conn: psycopg.Connection, table: str) -> None:
        """Collect statistics of one of the tables for the planner."""
        conn.execute("select muse.analyze_tables(%s)", ([self.name(table)],))


@dataclass
class ParsedChunk(Generic[T]):
    """Entries of a chunk as (place, entry), and errors.

    bad: entries that are left out or altered. failed: ids or titles of entries that are left out.
    kept, outside, unreadable: see ChunkCounts. rejected: entries that Postgres rejected.
    """

    entities: list[tuple[str, T]] = field(default_factory=list)
    bad: list[BadEntry] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    kept: int = 0
    outside: int = 0
    unreadable: int = 0
    rejected: int = 0

    def fail(self, entry: BadEntry) -> None:
        """Record an entry that is left out; its keys are the ids or titles in it."""
        self.bad.append(entry)
        self.failed.extend(entry.keys)
        self.unreadable += not entry.keys


def copy_failed(
    conn: psycopg.Connection, staging: Staging, keys: Iterable[str], chunk_id: int | None
) -> None:
    """Store ids or titles of failed entries, whose stored rows stay.

    chunk_id: None for entries that are in no chunk.
    """
    rows = [(key, chunk_id) for key in keys]
    if rows:
        copy(conn, staging.name("failed"), FAILED_COLUMNS, rows)


class Stager(ABC, Generic[T]):
    """Parses chunks and writes them to the staging tables; one in each worker process."""

    def __init__(
        self, conn: psycopg.Connection, staging: Staging, run_id: int, *, fresh: bool
    ) -> None:
        """conn: in autocommit mode. fresh: the table is empty, so no entry can be unchanged."""
        self.conn, self.staging, self.run_id, self.fresh = conn, staging, run_id, fresh
        # A crash that loses a chunk loses its digest too: the next run stages it again.
        conn.execute("set synchronous_commit = off")

    @abstractmethod
    def read(self, chunk: Chunk, limit: int | None) -> ParsedChunk[T]:
        """Parse a chunk, until `limit` entries are kept."""

    @abstractmethod
    def compare(self, parsed: ParsedChunk[T]) -> set[str]:
        """Compare entries with the stored rows. Return the keys of unchanged entries.

        May replace entries by those to be written.
        """

    @abstractmethod
    def keeps(self, entry: T) -> bool:
        """Whether an entry counts as kept."""

    @abstractmethod
    def key(self, entry: T) -> str:
        """The id or title of an entry."""

    @abstractmethod
    def copy(self, entities: list[tuple[str, T]], unchanged: set[str], chunk_id: int) -> None:
        """Append entries to the staging tables."""

    def stage(self, chunk: Chunk, limit: int | None = None) -> ChunkCounts:
        """Parse and write a chunk in one transaction, unless it is staged already."""
        digest = hashlib.blake2b(chunk.content, digest_size=16).digest()
        with self.conn.transaction():
            values = {"run": self.run_id, "digest": digest}
            row = self.conn.execute(self.staging.sql(QUERIES.reuse_chunk), values).fetchone()
            if row is not None:
                return ChunkCounts(*row)
            chunk_id = self._next_chunk_id()
            parsed = self.read(chunk, limit)
            unchanged = set() if self.fresh else self.compare(parsed)
            self._write(parsed.entities, unchanged, chunk_id, parsed)
            copy_failed(self.conn, self.staging, parsed.failed, chunk_id)
            counts = ChunkCounts(
                len(parsed.entities) - parsed.rejected, parsed.kept, len(unchanged),
                parsed.outside, parsed.unreadable, len(parsed.bad),
            )  # fmt: skip
            reasons = Jsonb([entry[:3] for entry in parsed.bad[:KEPT_ERRORS]])
            more = {"chunk_id": chunk_id, "errors": reasons}
            insert = self.staging.sql(QUERIES.insert_chunk)
            self.conn.execute(insert, values | more | counts._asdict())
        return counts

    def _next_chunk_id(self) -> int:
        query = "select nextval(%s::regclass)"
        (chunk_id,) = self.conn.execute(query, (self.staging.name("numbers"),)).fetchone() or (0,)
        return int(chunk_id)

    def _write(
        self,
        entities: list[tuple[str, T]],
        unchanged: set[str],
        chunk_id: int,
        parsed: ParsedChunk[T],
    ) -> None:
        """COPY the entries. If Postgres rejects one, bisect until it is alone and leave it out."""
        try:
            with self.conn.transaction():
                self.copy(entities, unchanged, chunk_id)
        except REJECTED as error:
            if len(entities) == 1:
                ((place, entry),) = entities
                parsed.kept -= self.keeps(entry)
                parsed.rejected += 1
                reason = f"refused: {str(error).splitlines()[0]}"
                parsed.fail(bad_entry(place, reason, entry, (self.key(entry),)))
                return
            middle = len(entities) // 2
            self._write(entities[:middle], unchanged, chunk_id, parsed)
            self._write(entities[middle:], unchanged, chunk_id, parsed)
