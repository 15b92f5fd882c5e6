"""Parses chunks of Wikidata, compares entities with the stored rows, and stages them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg

from loaders.core.db import copy
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import ParsedChunk, Stager, Staging
from loaders.core.entries import bad_entry
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
from loaders.wikidata.readable_ids import readable_ids
from loaders.wikidata.scopes import Scope, read_item_scopes, read_scopes, write_scopes

ITEM_COLUMNS = {
    "wikidata_id": "text",
    "wikipedia_id": "text",
    "title": "text",
    "title_language": "text",
    "description": "text",
    "claims": "jsonb",
    "statement_ids": "jsonb",
    "class_ids": "text[]",
    "labels": "jsonb",
    "descriptions": "jsonb",
    "aliases": "jsonb",
    "sitelinks": "jsonb",
    "badges": "jsonb",
    "modified": "timestamptz",
    "lastrevid": "int8",
    "kept_as": "int4",
    "loaded_by": "int4[]",
    "chunk_id": "int4",
}
# The staging table `seen`, with a row for every entity. kind: kept, seen (a property, or filtered
# out), label (an id with a label only), or redirect. stored_as: kept_as of the stored row. kept_as:
# that of the row after the load. unmarked: the row is kept and unchanged, but its loaded_by lacks
# the filter's number.
SEEN_COLUMNS = {
    "wikidata_id": "text",
    "label": "text",
    "wikipedia_id": "text",
    "datatype": "text",
    "superclass_ids": "text[]",
    "lastrevid": "int8",
    "labels": "jsonb",
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


class StoredRow(NamedTuple):
    """A row before the load. marked: whether its loaded_by has the filter's number."""

    lastrevid: int | None
    kept_as: int
    marked: bool


class StagedEntity(NamedTuple):
    """An entity of a chunk. item: the row to write, None: nothing. Others: see SEEN_COLUMNS."""

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
        if isinstance(parsed, ItemRedirect):
            return parsed.wikidata_id
        return parsed.summary.wikidata_id


def read(parser: Parser, chunk: Chunk, limit: int | None = None) -> ParsedChunk[StagedEntity]:
    """Parse the entities of a chunk, until `limit` items are kept."""
    result: ParsedChunk[StagedEntity] = ParsedChunk()
    for number, line in enumerate(chunk.content.split(b"\n"), start=chunk.first):
        line = line if chunk.unit == "label" else line.strip(FRAMING)
        if not line:
            continue
        if result.kept == limit:
            break
        place = f"{chunk.unit} {number}"
        try:
            parsed = label_of(line) if chunk.unit == "label" else parser.parse(line)
        except UnusableEntity as error:
            result.fail(bad_entry(place, error, line, readable_ids(line)))
            continue
        entity = _staged_entity(parsed, line, chunk.unit)
        result.entities.append((place, entity))
        if isinstance(parsed, Parsed):
            result.kept += entity.kind == "kept"
            for where, reason in parsed.warnings:
                result.bad.append(bad_entry(f"{place}, {where}", reason, line))
    return result


def _staged_entity(parsed: Parsed | ItemRedirect, line: bytes, unit: str) -> StagedEntity:
    if isinstance(parsed, ItemRedirect):
        return StagedEntity(parsed, line, "redirect")
    if parsed.item is not None:
        return StagedEntity(parsed, line, "kept", parsed.item)
    return StagedEntity(parsed, line, "label" if unit == "label" else "seen")


class EntityStager(Stager[StagedEntity]):
    """Stages entities for one filter."""

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
        self.own = Scope.of(filter)
        self.own_number = self.own.number
        self.scopes: dict[int, Scope] = {}  # by kept_as
        self.covering: set[int] = set()  # numbers of scopes that include the load's own scope
        self.parsers: dict[Scope, Parser] = {}

    def read(self, chunk: Chunk, limit: int | None) -> ParsedChunk[StagedEntity]:
        return read(self.parser, chunk, limit)

    def compare(self, parsed: ParsedChunk[StagedEntity]) -> set[str]:
        """Keep only the rows to write: newer revisions, and rows with more languages or wikis.

        A stored item that the filter does not keep is updated within its own languages and wikis.
        """
        stored = self._stored(parsed)
        if not stored:
            return set()
        item_scopes = self._read_item_scopes(stored)
        entities, parsed.entities = parsed.entities, []
        for place, entity in entities:
            row = stored.get(entity.wikidata_id) if entity.kind in ("kept", "seen") else None
            try:
                result = entity if row is None else self._compared(entity, row, item_scopes)
            except UnusableEntity as error:
                parsed.kept -= entity.kind == "kept"
                parsed.fail(bad_entry(place, error, entity.line, (entity.wikidata_id,)))
                continue
            parsed.entities.append((place, result))
        write_scopes(self.conn, self._new_scopes(parsed))
        parsed.outside = sum(e.kind == "seen" and e.item is not None for _, e in parsed.entities)
        return {e.wikidata_id for _, e in parsed.entities if e.kind == "kept" and e.item is None}

    def keeps(self, entry: StagedEntity) -> bool:
        return entry.kind == "kept"

    def key(self, entry: StagedEntity) -> str:
        return entry.wikidata_id

    def copy(
        self, entities: list[tuple[str, StagedEntity]], unchanged: set[str], chunk_id: int
    ) -> None:
        rows = _seen_rows(entities, chunk_id)
        copy(self.conn, self.staging.name("seen"), SEEN_COLUMNS, rows)
        changed = (
            (
                *entity.item,
                self.own_number if entity.kept_as is None else entity.kept_as,
                self.mark if entity.kind == "kept" else [],
                chunk_id,
            )
            for _, entity in entities
            if entity.item is not None
        )
        copy(self.conn, self.staging.name("items"), ITEM_COLUMNS, changed)

    def _stored(self, parsed: ParsedChunk[StagedEntity]) -> dict[str, StoredRow]:
        ids = [e.wikidata_id for _, e in parsed.entities if e.kind in ("kept", "seen")]
        rows = self.conn.execute(STORED, (self.mark, ids), binary=True)
        return {id: StoredRow(revision, number, marked) for id, revision, number, marked in rows}

    def _read_item_scopes(self, stored: dict[str, StoredRow]) -> dict[str, Scope]:
        """Scopes of the rows whose kept_as is not stored; all others are in self.scopes then."""
        if not {row.kept_as for row in stored.values()} <= self.scopes.keys():
            self.scopes = read_scopes(self.conn)
            self.covering = {
                number
                for number, scope in self.scopes.items()
                if scope.number == number and scope.covers(self.own)
            }
        return read_item_scopes(
            self.conn, [id for id, row in stored.items() if row.kept_as not in self.scopes]
        )

    def _compared(
        self, entity: StagedEntity, row: StoredRow, item_scopes: dict[str, Scope]
    ) -> StagedEntity:
        """The entity with the row to write, parsed with the scopes of the load and of the row."""
        parsed, line, kind, number = entity.parsed, entity.line, entity.kind, row.kept_as
        assert isinstance(parsed, Parsed)
        is_kept, covered = kind == "kept", number in self.covering
        if not _changes(parsed.summary.lastrevid, row.lastrevid, is_kept, covered):
            unmarked = is_kept and not row.marked
            return StagedEntity(parsed, line, kind, None, number, number, unmarked)
        stored_scope = self.scopes.get(number) or item_scopes[parsed.summary.wikidata_id]
        scope = stored_scope.union(self.own) if is_kept else stored_scope
        if scope == self.own and is_kept:
            return StagedEntity(parsed, line, kind, parsed.item, self.own_number, number)
        wider = self._parser(scope).parse(line)
        assert isinstance(wider, Parsed)
        return StagedEntity(parsed, line, kind, wider.item, scope.number, number)

    def _parser(self, scope: Scope) -> Parser:
        if scope not in self.parsers:
            self.parsers[scope] = Parser(scope.filter(), all_items=True)
        return self.parsers[scope]

    def _new_scopes(self, parsed: ParsedChunk[StagedEntity]) -> list[Scope]:
        written = {entity.kept_as for _, entity in parsed.entities if entity.item is not None}
        new = [scope for scope in self.parsers if scope.number in written - self.scopes.keys()]
        self.scopes |= {scope.number: scope for scope in new}
        return new


def _changes(new: int | None, old: int | None, is_kept: bool, covered: bool) -> bool:
    """Whether revision `new` of an entity is written over the stored revision `old`.

    covered: the stored row has all languages and wikis of the load.
    """
    if new is None:
        return old is None and is_kept
    if old is None or new > old:
        return True
    return new == old and is_kept and not covered


def _seen_rows(
    entities: list[tuple[str, StagedEntity]], chunk_id: int
) -> Iterator[tuple[Any, ...]]:
    for place, entity in entities:
        parsed, target = entity.parsed, None
        if isinstance(parsed, ItemRedirect):
            summary = EntitySummary(parsed.wikidata_id, None, None, None, None, None)
            target = parsed.target_id
        else:
            summary = parsed.summary
        yield (
            *summary, target, entity.kind, place, entity.kept_as, entity.stored_as,
            entity.unmarked, chunk_id,
        )  # fmt: skip
