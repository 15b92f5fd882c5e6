"""What is staged of an entity of Wikidata, chunk by chunk."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from loaders.core.db import copy
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import Read, Stager, Staging
from loaders.core.entries import bad_entry
from loaders.wikidata import kept
from loaders.wikidata.dump import FRAMING
from loaders.wikidata.entities import (
    EntityFilter,
    EntitySummary,
    Item,
    ItemRedirect,
    Parsed,
    Parser,
    UnusableEntity,
    label_of,
)
from loaders.wikidata.failed import readable_ids
from loaders.wikidata.kept import Kept

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
    "loaded_by": "int4[]",
    "chunk_id": "int4",
}
# kind: kept, seen (a property, or filtered out), label (all that is known), or redirect. stored_as:
# kept_as of the stored row. kept_as: that of the row after the load. unmarked: the row is kept and
# does not change, but lacks the filter's number.
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
    "kept_as": "int4",
    "stored_as": "int4",
    "unmarked": "bool",
    "chunk_id": "int4",
}
STORED = """
    select wikidata_id, lastrevid, kept_as, loaded_by @> %s::integer[]
    from muse.wikidata where wikidata_id = any(%s)
"""


class Stored(NamedTuple):
    """What a row has before the load. marked: whether it has the filter's number."""

    lastrevid: int | None
    kept_as: int
    marked: bool


class StagedEntity(NamedTuple):
    """An entity of a chunk. item: what is to be written, with the number kept_as."""

    parsed: Parsed | ItemRedirect
    line: bytes
    kind: str
    item: Item | None = None
    kept_as: int | None = None
    stored_as: int | None = None
    unmarked: bool = False

    @property
    def wikidata_id(self) -> str:
        parsed = self.parsed
        return parsed.wikidata_id if isinstance(parsed, ItemRedirect) else parsed.seen.wikidata_id


def read(parser: Parser, chunk: Chunk, limit: int | None = None) -> Read[StagedEntity]:
    """Parse the entities of a chunk, until `limit` items are kept."""
    found: Read[StagedEntity] = Read()
    for number, line in enumerate(chunk.content.split(b"\n"), start=chunk.first):
        line = line if chunk.unit == "label" else line.strip(FRAMING)
        if not line:
            continue
        if found.kept == limit:
            break
        place = f"{chunk.unit} {number}"
        try:
            made = label_of(line) if chunk.unit == "label" else parser.parse(line)
        except UnusableEntity as error:
            found.fail(bad_entry(place, error, line, readable_ids(line)))
            continue
        entry = _entry(made, line, chunk.unit)
        found.entities.append((place, entry))
        if isinstance(made, Parsed):
            found.kept += entry.kind == "kept"
            for where, why in made.odd:
                found.bad.append(bad_entry(f"{place}, {where}", why, line))
    return found


def _entry(parsed: Parsed | ItemRedirect, line: bytes, unit: str) -> StagedEntity:
    if isinstance(parsed, ItemRedirect):
        return StagedEntity(parsed, line, "redirect")
    if parsed.item is not None:
        return StagedEntity(parsed, line, "kept", parsed.item)
    return StagedEntity(parsed, line, "label" if unit == "label" else "seen")


class EntityStager(Stager[StagedEntity]):
    """Parses entities for one filter."""

    def __init__(
        self,
        conn: psycopg.Connection,
        staging: Staging,
        filter: EntityFilter,
        run_id: int,
        *,
        fresh: bool,
    ) -> None:
        super().__init__(conn, staging, run_id, fresh=fresh)
        self.parser, self.mark = Parser(filter), [filter.number]
        self.own = Kept.of(filter)
        self.number = self.own.number
        self.numbers: dict[int, Kept] = {}  # what kept_as stands for
        self.covering: set[int] = set()  # those of them that hold all that the load asks for
        self.parsers: dict[Kept, Parser] = {}

    def read(self, chunk: Chunk, limit: int | None) -> Read[StagedEntity]:
        return read(self.parser, chunk, limit)

    def compare(self, found: Read[StagedEntity]) -> set[str]:
        """Of a stored item only a newer revision, or more languages and wikis, are written.

        An item that the filter does not keep is updated with those that it was loaded with.
        """
        stored = self._stored(found)
        if not stored:
            return set()
        unclear = self._unclear(stored)
        entities, found.entities = found.entities, []
        for place, entry in entities:
            row = stored.get(entry.wikidata_id) if entry.kind in ("kept", "seen") else None
            try:
                after = entry if row is None else self._compared(entry, row, unclear)
            except UnusableEntity as error:
                found.kept -= entry.kind == "kept"
                found.fail(bad_entry(place, error, entry.line, (entry.wikidata_id,)))
                continue
            found.entities.append((place, after))
        kept.write(self.conn, self._new_numbers(found))
        found.outside = sum(e.kind == "seen" and e.item is not None for _, e in found.entities)
        return {e.wikidata_id for _, e in found.entities if e.kind == "kept" and e.item is None}

    def keeps(self, made: StagedEntity) -> bool:
        return made.kind == "kept"

    def key(self, made: StagedEntity) -> str:
        return made.wikidata_id

    def copy(
        self, entities: list[tuple[str, StagedEntity]], unchanged: set[str], chunk_id: int
    ) -> None:
        copy(self.conn, self.staging.name("seen"), SEEN, _seen(entities, chunk_id))
        changed = (
            (
                *entry.item,
                self.number if entry.kept_as is None else entry.kept_as,
                self.mark if entry.kind == "kept" else [],
                chunk_id,
            )
            for _, entry in entities
            if entry.item is not None
        )
        copy(self.conn, self.staging.name("items"), ITEM, changed)

    def _stored(self, found: Read[StagedEntity]) -> dict[str, Stored]:
        ids = [entry.wikidata_id for _, entry in found.entities if entry.kind in ("kept", "seen")]
        rows = self.conn.execute(STORED, (self.mark, ids), binary=True)
        return {id: Stored(revision, number, marked) for id, revision, number, marked in rows}

    def _unclear(self, stored: dict[str, Stored]) -> dict[str, Kept]:
        """What rows hold whose number stands for nothing; those of all others are in numbers."""
        if not {row.kept_as for row in stored.values()} <= self.numbers.keys():
            self.numbers = kept.read_all(self.conn)
            self.covering = {
                number
                for number, before in self.numbers.items()
                if before.number == number and before.covers(self.own)
            }
        return kept.of_rows(
            self.conn, [id for id, row in stored.items() if row.kept_as not in self.numbers]
        )

    def _compared(self, entry: StagedEntity, row: Stored, unclear: dict[str, Kept]) -> StagedEntity:
        """The entry with what is to be written of it; no item: nothing."""
        parsed, line, kind, number = entry.parsed, entry.line, entry.kind, row.kept_as
        assert isinstance(parsed, Parsed)
        is_kept, covered = kind == "kept", number in self.covering
        if not _changes(parsed.seen.lastrevid, row.lastrevid, is_kept, covered):
            unmarked = is_kept and not row.marked
            return StagedEntity(parsed, line, kind, None, number, number, unmarked)
        before = self.numbers.get(number) or unclear[parsed.seen.wikidata_id]
        after = before.union(self.own) if is_kept else before
        if after == self.own and is_kept:
            return StagedEntity(parsed, line, kind, parsed.item, self.number, number)
        again = self._parser(after).parse(line)
        assert isinstance(again, Parsed)
        return StagedEntity(parsed, line, kind, again.item, after.number, number)

    def _parser(self, after: Kept) -> Parser:
        if after not in self.parsers:
            self.parsers[after] = Parser(after.filter(), all_items=True)
        return self.parsers[after]

    def _new_numbers(self, found: Read[StagedEntity]) -> list[Kept]:
        written = {entry.kept_as for _, entry in found.entities if entry.item is not None}
        new = [after for after in self.parsers if after.number in written - self.numbers.keys()]
        self.numbers |= {after.number: after for after in new}
        return new


def _changes(new: int | None, old: int | None, is_kept: bool, covered: bool) -> bool:
    """Whether an entity of revision `new` is written over a stored one of revision `old`.

    covered: what the load asks for is stored already.
    """
    if new is None:
        return old is None and is_kept
    if old is None or new > old:
        return True
    return new == old and is_kept and not covered


def _seen(entities: list[tuple[str, StagedEntity]], chunk_id: int) -> Iterator[tuple[Any, ...]]:
    for place, entry in entities:
        parsed, target = entry.parsed, None
        if isinstance(parsed, ItemRedirect):
            what, target = (
                EntitySummary(parsed.wikidata_id, None, None, None, None, None),
                parsed.target_id,
            )
        else:
            what = parsed.seen
        yield (
            *what, target, entry.kind, place, entry.kept_as, entry.stored_as, entry.unmarked,
            chunk_id,
        )  # fmt: skip
