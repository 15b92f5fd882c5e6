"""Bring a set of icons in: drawn, deduplicated by bitmap, and merged with what is there."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from loaders import runs
from loaders.db import analyze, copy
from loaders.entries import BadEntry
from loaders.errors import Problem, say
from loaders.icons.shapes import Drawn, Shape, bitmaps
from loaders.icons.sources import Source

ICON = {
    "place": "int8",
    "family": "text",
    "name": "text",
    "codepoint": "int4",
    "size": "int4",
    "bits": "text",
}
SIGN = {"codepoint": "int4", "code": "text", "meaning": "text", "keywords": "text[]"}

STAGING = """
    set client_min_messages = warning;
    create temporary table if not exists new_icons (
        place bigint, family text, name text, codepoint integer, size integer, bits text
    ) on commit delete rows;
    create temporary table if not exists new_signs (
        codepoint integer, code text, meaning text, keywords text[]
    ) on commit delete rows;
    reset client_min_messages
"""
# The first glyph of a bitmap names it, the others stand beside.
MERGE = """
    with new as (
        select
            size,
            bits::bit varying as bitmap,
            (array_agg(family order by place))[1] as family,
            (array_agg(name order by place))[1] as name,
            (array_agg(name order by place))[2:] as also,
            coalesce(array_agg(codepoint order by place) filter (where codepoint is not null), '{}')
                as codepoints
        from pg_temp.new_icons
        group by size, bits
    ),
    gone as (
        delete from muse.icons as icon
        where source_id = %(source)s and not exists (
            select from new where new.size = icon.size and new.bitmap = icon.bitmap
        )
        returning size
    ),
    written as (
        insert into muse.icons as icon (
            source_id, kind, icon_set, licence, family, name, also, codepoints, size, bitmap
        )
        select %(source)s, %(kind)s, %(set)s, %(licence)s, family, name, also, codepoints, size,
            bitmap
        from new
        order by size desc, name
        on conflict (source_id, size, bitmap) do update set
            kind = excluded.kind, icon_set = excluded.icon_set, licence = excluded.licence,
            family = excluded.family, name = excluded.name, also = excluded.also,
            codepoints = excluded.codepoints
        where (icon.kind, icon.icon_set, icon.licence, icon.family, icon.name, icon.also,
            icon.codepoints) is distinct from (excluded.kind, excluded.icon_set, excluded.licence,
            excluded.family, excluded.name, excluded.also, excluded.codepoints)
        returning size
    )
    select
        (select count(*) from written where size = 32),
        (select count(*) from new where size = 32),
        (select count(*) from gone where size = 32)
"""
MERGE_SIGNS = """
    insert into muse.hieroglyph_signs as sign (codepoint, code, meaning, keywords)
    select codepoint, code, meaning, keywords from pg_temp.new_signs
    on conflict (codepoint) do update set
        code = excluded.code, meaning = excluded.meaning, keywords = excluded.keywords
    where (sign.code, sign.meaning, sign.keywords)
        is distinct from (excluded.code, excluded.meaning, excluded.keywords)
"""


@dataclass
class Loaded:
    """What became of a source, in icons of 32 pixels."""

    written: int = 0
    unchanged: int = 0
    gone: int = 0
    bad: int = 0
    seen_before: bool = False


def load(conn: psycopg.Connection, source: Source, *, again: bool = False) -> Loaded:
    """Load a set whole or not at all; `conn` is in autocommit mode.

    What is in the database of this source and not in it any more is removed. A source that was
    loaded and has not changed is skipped, unless `again`.
    """
    options = {"kind": source.kind, "set": source.icon_set, "licence": source.licence}
    with runs.run(
        conn, "icons", source.location, options=options, fingerprint=source.fingerprint, again=again
    ) as run:
        if run is None:
            return Loaded(seen_before=True)
        conn.execute(STAGING)
        with conn.transaction():
            shapes = list(_good(run, source.shapes()))
            if not shapes:
                run.write_errors()
                raise Problem(f"{source.location}: no icon in it that can be used")
            with closing(runs.progress("icons", len(shapes), source.icon_set)) as bar:
                copy(conn, "pg_temp.new_icons", ICON, _rows(bitmaps(shapes), bar))
            copy(conn, "pg_temp.new_signs", SIGN, source.signs())
            conn.execute(MERGE_SIGNS)
            values = {
                "source": run.source_id,
                "kind": source.kind,
                "set": source.icon_set,
                "licence": source.licence,
            }
            written, there, gone = conn.execute(MERGE, values).fetchone() or (0, 0, 0)
            run.loaded, run.unchanged = written, there - written
            run.write_errors()
        analyze(conn, "icons")
    return Loaded(run.loaded, run.unchanged, gone, run.bad)


def load_all(conn: psycopg.Connection, sources: Iterable[Source], *, again: bool = False) -> bool:
    """Load sets one after the other, and say what became of each; False where one failed."""
    good = True
    for source in sources:
        try:
            tell(source.icon_set, load(conn, source, again=again))
        except Problem as error:
            say(str(error))
            good = False
    return good


def tell(name: str, loaded: Loaded) -> None:
    """One line a set."""
    if loaded.seen_before:
        say(f"{name}: unchanged since it was loaded (--again reads it all the same)")
        return
    more = f", {loaded.unchanged:,} unchanged" if loaded.unchanged else ""
    more += f", {loaded.gone:,} gone" if loaded.gone else ""
    more += f", {loaded.bad:,} left out (see load_errors)" if loaded.bad else ""
    say(f"{name}: {loaded.written:,} icons{more}")


def _good(run: runs.Run, entries: Iterable[Shape | BadEntry]) -> Iterator[Shape]:
    for entry in entries:
        if isinstance(entry, BadEntry):
            run.leave_out(*entry)
        else:
            yield entry


def _rows(drawn: Iterable[Drawn], bar: Any) -> Iterator[tuple[Any, ...]]:
    for place, (shape, size, bits) in enumerate(drawn):
        bar.update(size == 32)
        yield place, shape.family, shape.name, shape.codepoint, size, bits
