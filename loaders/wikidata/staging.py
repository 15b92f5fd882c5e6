"""Staging: what was read of a dump, chunk by chunk, until all of it is there.

The tables are logged and are named after the source and what was asked of it, so that a load that
was killed goes on: a chunk and what tells it from others are written in one transaction.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, LiteralString, NamedTuple, cast

import msgspec
import psycopg
from psycopg import errors, sql
from psycopg.types.json import Jsonb

from loaders.db import copy, table_name
from loaders.entries import BadEntry, bad_entry
from loaders.wikidata.dump import FRAMING, Chunk
from loaders.wikidata.entities import Filter, Parsed, Parser, Redirect, Seen, Unusable, label_of

VERSION = 1  # of what is kept of an entity: another one loads all of them again
KEPT_ERRORS = 1000  # of one chunk; all are counted
# What Postgres may refuse in an entity that looked good.
REFUSED = (psycopg.DataError, errors.ProgramLimitExceeded, errors.StatementTooComplex)

ITEM = {
    "wikidata_id": "text",
    "wikipedia_id": "text",
    "title": "text",
    "description": "text",
    "claims": "jsonb",
    "statement_ids": "jsonb",
    "class_ids": "text[]",
    "labels": "jsonb",
    "descriptions": "jsonb",
    "aliases": "jsonb",
    "sitelinks": "jsonb",
    "lastrevid": "int8",
    "kept_as": "int4",
    "chunk_id": "int4",
}
# kind: kept, seen (a property, or filtered out), label (all that is known), or redirect.
SEEN = {
    "wikidata_id": "text",
    "label": "text",
    "wikipedia_id": "text",
    "datatype": "text",
    "superclass_ids": "text[]",
    "lastrevid": "int8",
    "target_id": "text",
    "kind": "text",
    "place": "text",
    "chunk_id": "int4",
}
CREATE = """
    create table {items} (
        wikidata_id text collate "C", wikipedia_id text, title text, description text,
        claims jsonb, statement_ids jsonb, class_ids text[] collate "C", labels jsonb,
        descriptions jsonb, aliases jsonb, sitelinks jsonb, lastrevid bigint, kept_as integer,
        chunk_id integer
    );
    create table {seen} (
        wikidata_id text collate "C", label text, wikipedia_id text, datatype text,
        superclass_ids text[] collate "C", lastrevid bigint, target_id text,
        kind text, place text,
        chunk_id integer
    );
    create table {chunks} (
        digest bytea primary key, chunk_id integer not null, run_id bigint not null,
        entities integer not null, kept integer not null, unchanged integer not null,
        bad integer not null, errors jsonb not null
    );
    create table {renamed} (wikidata_id text collate "C" primary key);
    create sequence {numbers} as integer owned by {chunks}.chunk_id;
"""
TABLES = ("items", "seen", "chunks", "renamed")
LZ4 = """
    alter table {items} alter claims set compression lz4,
    alter statement_ids set compression lz4
"""
KNOWN = """
    update {chunks} set run_id = %s where digest = %s
    returning entities, kept, unchanged, bad
"""
ADD = """
    insert into {chunks} values (%s, %s, %s, %s, %s, %s, %s, %s)
"""
NUMBER = "select nextval(%s::regclass)"
UNCHANGED = """
    select old.wikidata_id
    from unnest(%s::text[], %s::bigint[]) as new (wikidata_id, lastrevid)
    join muse.wikidata as old on old.wikidata_id = new.wikidata_id
    where old.lastrevid > new.lastrevid
        or old.lastrevid = new.lastrevid and old.kept_as = %s
        or new.lastrevid is null and old.lastrevid is not null
"""


class Counts(NamedTuple):
    """Of entities: all, those kept of which some did not change, and lines that are none."""

    entities: int = 0
    kept: int = 0
    unchanged: int = 0
    bad: int = 0

    def __add__(self, other: object) -> "Counts":  # type: ignore[override]
        assert isinstance(other, Counts)
        return Counts(*map(sum, zip(self, other, strict=True)))


@dataclass(frozen=True)
class Staging:
    """The staging tables of one source and what is asked of it."""

    source_id: int
    key: str

    @classmethod
    def of(cls, source_id: int, options: Any) -> "Staging":
        """`options`: everything that changes what is staged; as JSON."""
        told = msgspec.json.encode([VERSION, options], order="sorted")
        return cls(source_id, hashlib.blake2b(told, digest_size=4).hexdigest())

    def name(self, table: str) -> str:
        """Of `items`, `seen`, `chunks`, `renamed`, or of the sequence `numbers`."""
        return f"muse_partitions.wikidata_{self.source_id}_{self.key}_{table}"

    def sql(self, text: str, **parts: str) -> sql.Composed:
        """A query in which {items}, {seen} and so on stand for the tables, others for `parts`."""
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
        """Make the tables where they are not there; whether they were."""
        if self.exists(conn):
            return True
        drop(conn, self.source_id)
        with conn.transaction():
            conn.execute(self.sql(CREATE))
        with suppress(errors.FeatureNotSupported):  # the server may be built without it
            conn.execute(self.sql(LZ4))
        return False


def drop(conn: psycopg.Connection, source_id: int) -> None:
    """The tables of a source, whatever was asked of it."""
    query = """
        select relname from pg_class
        where relnamespace = 'muse_partitions'::regnamespace and relkind = 'r'
          and starts_with(relname, %s)
    """
    found = conn.execute(query, (f"wikidata_{source_id}_",)).fetchall()
    for (name,) in found:
        conn.execute(sql.SQL("drop table {}").format(table_name(f"muse_partitions.{name}")))


Entities = list[tuple[str, Parsed | Redirect]]  # with their places


@dataclass
class Read:
    """What a chunk holds, and what is not used of it or not as it came."""

    entities: Entities = field(default_factory=list)
    bad: list[BadEntry] = field(default_factory=list)
    kept: int = 0


def read(parser: Parser, chunk: Chunk, limit: int | None = None) -> Read:
    """Parse the entities of a chunk, until `limit` items are kept."""
    found = Read()
    for number, line in enumerate(chunk.content.split(b"\n"), start=chunk.first):
        line = line if chunk.unit == "label" else line.strip(FRAMING)
        if not line:
            continue
        if found.kept == limit:
            break
        place = f"{chunk.unit} {number}"
        try:
            made = label_of(line) if chunk.unit == "label" else parser.parse(line)
        except Unusable as error:
            found.bad.append(bad_entry(place, error, line))
            continue
        found.entities.append((place, made))
        if isinstance(made, Parsed):
            found.kept += made.item is not None
            for where, why in made.odd:
                found.bad.append(bad_entry(f"{place}, {where}", why, line))
    return found


class Stager:
    """Writes chunks; one a process, each with a connection of its own in autocommit mode."""

    def __init__(
        self,
        conn: psycopg.Connection,
        staging: Staging,
        filter: Filter,
        run_id: int,
        *,
        fresh: bool,
    ) -> None:
        """fresh: nothing is loaded yet, so nothing can be unchanged."""
        self.conn, self.staging, self.run_id, self.fresh = conn, staging, run_id, fresh
        self.parser = Parser(filter)
        self.kept_as = kept_as(filter)
        conn.execute("set synchronous_commit = off")  # a chunk lost in a crash is not known either

    def stage(self, chunk: Chunk, limit: int | None = None) -> Counts:
        """Parse and write a chunk, in one transaction, unless it was already."""
        digest = hashlib.blake2b(chunk.content, digest_size=16).digest()
        with self.conn.transaction():
            known = self.conn.execute(self.staging.sql(KNOWN), (self.run_id, digest)).fetchone()
            if known is not None:
                return Counts(*known)
            (chunk_id,) = (
                self.conn.execute(NUMBER, (self.staging.name("numbers"),)).fetchone() or ()
            )
            found = read(self.parser, chunk, limit)
            unchanged = self._unchanged(found)
            self._write(found.entities, unchanged, chunk_id, found)
            counts = Counts(len(found.entities), found.kept, len(unchanged), len(found.bad))
            row = (digest, chunk_id, self.run_id, *counts, Jsonb(found.bad[:KEPT_ERRORS]))
            self.conn.execute(self.staging.sql(ADD), row)
        return counts

    def _unchanged(self, found: Read) -> set[str]:
        """Ids of the items that are stored in this revision or a later one."""
        if self.fresh:
            return set()
        items = [made.item for _, made in found.entities if isinstance(made, Parsed) and made.item]
        asked = [item.wikidata_id for item in items], [item.lastrevid for item in items]
        return {row[0] for row in self.conn.execute(UNCHANGED, (*asked, self.kept_as))}

    def _write(
        self,
        entities: Entities,
        unchanged: set[str],
        chunk_id: int,
        found: Read,
    ) -> None:
        """COPY; where Postgres refuses something, the halves, until it is found."""
        more = (self.kept_as, chunk_id)
        try:
            with self.conn.transaction():
                copy(self.conn, self.staging.name("seen"), SEEN, _seen(entities, chunk_id))
                changed = (
                    made.item + more
                    for _, made in entities
                    if isinstance(made, Parsed)
                    and made.item is not None
                    and made.item.wikidata_id not in unchanged
                )
                copy(self.conn, self.staging.name("items"), ITEM, changed)
        except REFUSED as error:
            if len(entities) == 1:
                ((place, made),) = entities
                found.kept -= isinstance(made, Parsed) and made.item is not None
                reason = f"refused: {str(error).splitlines()[0]}"
                found.bad.append(bad_entry(place, reason, made))
                return
            middle = len(entities) // 2
            self._write(entities[:middle], unchanged, chunk_id, found)
            self._write(entities[middle:], unchanged, chunk_id, found)


def _seen(entities: Entities, chunk_id: int) -> Iterator[tuple[Any, ...]]:
    for place, made in entities:
        if isinstance(made, Redirect):
            row = Seen(made.wikidata_id, None, None, None, None, None)
            yield (*row, made.target_id, "redirect", place, chunk_id)
        else:
            kind = "kept" if made.item else "label" if place.startswith("label") else "seen"
            yield (*made.seen, None, kind, place, chunk_id)


def kept_as(filter: Filter) -> int:
    """A number that differs where something else would be kept of the same item."""
    told = repr((VERSION, sorted(filter.languages), sorted(filter.wikis)))
    return int.from_bytes(hashlib.blake2b(told.encode(), digest_size=4).digest(), signed=True)
