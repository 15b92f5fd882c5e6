"""Staging: what was read of a dump, chunk by chunk, until all of it is there.

The tables are copies of those in muse_staging, logged, and named after the source and its options,
so that a load that was killed resumes: a chunk and its digest are written in one transaction.
"""

import hashlib
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Generic, LiteralString, NamedTuple, TypeVar, cast

import msgspec
import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from loaders.core.db import copy, table_name
from loaders.core.dumps.chunks import Chunk
from loaders.core.entries import BadEntry, bad_entry

Made = TypeVar("Made")

KEPT_ERRORS = 1000  # of one chunk; all are counted
# What Postgres may refuse in an entry that looked good.
REFUSED = (psycopg.DataError, errors.ProgramLimitExceeded, errors.StatementTooComplex)
KNOWN = """
    update {chunks} set run_id = %s where digest = %s
    returning entities, kept, unchanged, outside, unreadable, bad
"""
ADD = """
    insert into {chunks} values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""
# Ids or titles of entries that failed: what is stored of them stays.
FAILED = {"key": "text", "chunk_id": "int4"}
NUMBER = "select nextval(%s::regclass)"


class ChunkCounts(NamedTuple):
    """Of entries: those parsed, those kept, and those of the kept that did not change.

    outside: stored rows that are updated although the filter does not keep them. unreadable:
    entries that failed and whose id or title is unknown. bad: faults.
    """

    entities: int = 0
    kept: int = 0
    unchanged: int = 0
    outside: int = 0
    unreadable: int = 0
    bad: int = 0

    @property
    def written(self) -> int:
        """Rows that are new or updated."""
        return self.kept - self.unchanged + self.outside

    def __add__(self, other: object) -> "ChunkCounts":  # type: ignore[override]
        assert isinstance(other, ChunkCounts)
        return ChunkCounts(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Staging:
    """The staging tables of one source and what is asked of it."""

    topic: str
    source_id: int
    key: str

    @classmethod
    def of(cls, topic: str, source_id: int, options: Any) -> "Staging":
        """`options`: everything that changes what is staged; as JSON."""
        told = msgspec.json.encode(options, order="sorted")
        return cls(topic, source_id, hashlib.blake2b(told, digest_size=4).hexdigest())

    def name(self, table: str) -> str:
        """Of `chunks`, of the topic's own tables, or of the sequence `numbers`."""
        return f"muse_staging.{self.topic}_{self.source_id}_{self.key}_{table}"

    def sql(self, text: str, **parts: str) -> sql.Composed:
        """A query in which {chunks}, {seen} and so on stand for the tables, others for `parts`."""
        pieces = re.split(r"\{(\w+)\}", text)
        made: list[sql.Composable] = []
        for literal, name in zip(pieces[::2], [*pieces[1::2], ""], strict=True):
            made.append(sql.SQL(cast(LiteralString, literal)))
            if name in parts:
                made.append(self.sql(parts[name], **parts))
            elif name:
                made.append(table_name(self.name(name)))
        return sql.Composed(made)

    def exists(self, conn: psycopg.Connection) -> bool:
        """Whether an earlier run left them."""
        query = "select to_regclass(%s) is not null"
        return conn.execute(query, (self.name("chunks"),)).fetchone() == (True,)

    def create(self, conn: psycopg.Connection) -> bool:
        """Create the tables; whether an interrupted load left them already."""
        query = "select muse.create_staging(%s, %s, %s)"
        row = conn.execute(query, (self.topic, self.source_id, self.key)).fetchone()
        return row == (False,)

    def drop(self, conn: psycopg.Connection) -> None:
        """Drop the tables of the source, whatever was asked of it."""
        conn.execute("select muse.drop_staging(%s, %s)", (self.topic, self.source_id))

    def analyze(self, conn: psycopg.Connection, table: str) -> None:
        """Collect statistics of one of the tables."""
        conn.execute("select muse.analyze_tables(%s)", ([self.name(table)],))


@dataclass
class Read(Generic[Made]):
    """What a chunk holds, by place, and what is not used of it or not as it came.

    failed: ids or titles of entries that cannot be used. refused: entities that Postgres refused.
    """

    entities: list[tuple[str, Made]] = field(default_factory=list)
    bad: list[BadEntry] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    kept: int = 0
    outside: int = 0
    unreadable: int = 0
    refused: int = 0

    def fail(self, entry: BadEntry) -> None:
        """Record an entry that cannot be used; its keys are the ids or titles in it."""
        self.bad.append(entry)
        self.failed.extend(entry.keys)
        self.unreadable += not entry.keys


def copy_failed(
    conn: psycopg.Connection, staging: Staging, keys: Iterable[str], chunk_id: int | None
) -> None:
    """Note ids or titles of entries that failed; chunk_id None: they stand in no chunk."""
    rows = [(key, chunk_id) for key in keys]
    if rows:
        copy(conn, staging.name("failed"), FAILED, rows)


class Stager(ABC, Generic[Made]):
    """Writes chunks; one a process, each with a connection of its own in autocommit mode."""

    def __init__(
        self, conn: psycopg.Connection, staging: Staging, run_id: int, *, fresh: bool
    ) -> None:
        """fresh: nothing is loaded yet, so nothing can be unchanged."""
        self.conn, self.staging, self.run_id, self.fresh = conn, staging, run_id, fresh
        conn.execute("set synchronous_commit = off")  # a chunk lost in a crash is not known either

    @abstractmethod
    def read(self, chunk: Chunk, limit: int | None) -> Read[Made]:
        """Parse a chunk, until `limit` entries are kept."""

    @abstractmethod
    def compare(self, found: Read[Made]) -> set[str]:
        """Compare entries with the stored rows; the ids or titles of those that do not change.

        May replace entries by what is to be written of them.
        """

    @abstractmethod
    def keeps(self, made: Made) -> bool:
        """Whether an entry is one of those that are kept and counted as such."""

    @abstractmethod
    def key(self, made: Made) -> str:
        """Its id or title."""

    @abstractmethod
    def copy(self, entities: list[tuple[str, Made]], unchanged: set[str], chunk_id: int) -> None:
        """Append entries to the staging tables."""

    def stage(self, chunk: Chunk, limit: int | None = None) -> ChunkCounts:
        """Parse and write a chunk, in one transaction, unless it was already."""
        digest = hashlib.blake2b(chunk.content, digest_size=16).digest()
        with self.conn.transaction():
            known = self.conn.execute(self.staging.sql(KNOWN), (self.run_id, digest)).fetchone()
            if known is not None:
                return ChunkCounts(*known)
            (chunk_id,) = (
                self.conn.execute(NUMBER, (self.staging.name("numbers"),)).fetchone() or ()
            )
            found = self.read(chunk, limit)
            unchanged = set() if self.fresh else self.compare(found)
            self._write(found.entities, unchanged, chunk_id, found)
            copy_failed(self.conn, self.staging, found.failed, chunk_id)
            counts = ChunkCounts(
                len(found.entities) - found.refused, found.kept, len(unchanged), found.outside,
                found.unreadable, len(found.bad),
            )  # fmt: skip
            row = (
                digest,
                chunk_id,
                self.run_id,
                *counts,
                Jsonb([entry[:3] for entry in found.bad[:KEPT_ERRORS]]),
            )
            self.conn.execute(self.staging.sql(ADD), row)
        return counts

    def _write(
        self,
        entities: list[tuple[str, Made]],
        unchanged: set[str],
        chunk_id: int,
        found: Read[Made],
    ) -> None:
        """COPY; where Postgres refuses something, the halves, until it is found."""
        try:
            with self.conn.transaction():
                self.copy(entities, unchanged, chunk_id)
        except REFUSED as error:
            if len(entities) == 1:
                ((place, made),) = entities
                found.kept -= self.keeps(made)
                found.refused += 1
                reason = f"refused: {str(error).splitlines()[0]}"
                found.fail(bad_entry(place, reason, made, (self.key(made),)))
                return
            middle = len(entities) // 2
            self._write(entities[:middle], unchanged, chunk_id, found)
            self._write(entities[middle:], unchanged, chunk_id, found)
