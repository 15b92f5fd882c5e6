"""What is staged of an entity of Wikidata, chunk by chunk."""

import hashlib
from collections.abc import Iterator
from typing import Any

import psycopg

from loaders.db import copy
from loaders.dumps.chunks import Chunk
from loaders.dumps.staging import Read, Stager, Staging
from loaders.entries import bad_entry
from loaders.wikidata.dump import FRAMING
from loaders.wikidata.entities import Filter, Parsed, Parser, Redirect, Seen, Unusable, label_of

VERSION = 1  # of what is kept of an entity: another one loads all of them again

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
UNCHANGED = """
    select old.wikidata_id
    from unnest(%s::text[], %s::bigint[]) as new (wikidata_id, lastrevid)
    join muse.wikidata as old on old.wikidata_id = new.wikidata_id
    where old.lastrevid > new.lastrevid
        or old.lastrevid = new.lastrevid and old.kept_as = %s
        or new.lastrevid is null and old.lastrevid is not null
"""


Entities = list[tuple[str, Parsed | Redirect]]  # with their places


def read(parser: Parser, chunk: Chunk, limit: int | None = None) -> Read[Parsed | Redirect]:
    """Parse the entities of a chunk, until `limit` items are kept."""
    found: Read[Parsed | Redirect] = Read()
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


class EntityStager(Stager[Parsed | Redirect]):
    """Parses entities for one filter."""

    def __init__(
        self,
        conn: psycopg.Connection,
        staging: Staging,
        filter: Filter,
        run_id: int,
        *,
        fresh: bool,
    ) -> None:
        super().__init__(conn, staging, run_id, fresh=fresh)
        self.parser = Parser(filter)
        self.kept_as = kept_as(filter)

    def read(self, chunk: Chunk, limit: int | None) -> Read[Parsed | Redirect]:
        return read(self.parser, chunk, limit)

    def unchanged(self, found: Read[Parsed | Redirect]) -> set[str]:
        items = [made.item for _, made in found.entities if isinstance(made, Parsed) and made.item]
        asked = [item.wikidata_id for item in items], [item.lastrevid for item in items]
        return {row[0] for row in self.conn.execute(UNCHANGED, (*asked, self.kept_as))}

    def keeps(self, made: Parsed | Redirect) -> bool:
        return isinstance(made, Parsed) and made.item is not None

    def copy(self, entities: Entities, unchanged: set[str], chunk_id: int) -> None:
        more = (self.kept_as, chunk_id)
        copy(self.conn, self.staging.name("seen"), SEEN, _seen(entities, chunk_id))
        changed = (
            made.item + more
            for _, made in entities
            if isinstance(made, Parsed)
            and made.item is not None
            and made.item.wikidata_id not in unchanged
        )
        copy(self.conn, self.staging.name("items"), ITEM, changed)


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
