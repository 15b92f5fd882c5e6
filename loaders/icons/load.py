"""Bring a set of icons in: drawn, deduplicated by bitmap, and merged with what is there."""

from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress, say
from loaders.core.db import analyze, copy
from loaders.core.entries import bad_entry, printable
from loaders.core.errors import Problem
from loaders.core.pruning import MAX_PRUNE, Coverage, check_usable
from loaders.icons import prune
from loaders.icons.formats.shapes import BadIcon, BadShape, Drawn, Shape, bitmaps
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
# The first glyph of a bitmap names it, the others stand beside. What may not be pruned is staged
# again before, so that a bitmap goes that no name has any more.
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
    failures: list[str] = field(default_factory=list)


def load(
    conn: psycopg.Connection,
    source: Source,
    *,
    max_prune: float = MAX_PRUNE,
    again: bool = False,
) -> Loaded:
    """Load a set in one transaction; `conn` is in autocommit mode.

    Icons that are gone from the source are removed, at most `max_prune` of its names; one that
    cannot be used keeps its row. A source that was loaded and has not changed is skipped, unless
    `again`. Errors: Problem where no icon can be used.
    """
    options = {
        "kind": source.kind, "set": source.icon_set, "licence": source.licence,
        "max_prune": max_prune,
    }  # fmt: skip
    known = source.fingerprint and runs.fingerprint_of(
        [source.fingerprint, source.kind, source.icon_set, source.licence]
    )
    with runs.run(
        conn, "icons", source.location, options=options, fingerprint=known, again=again
    ) as run:
        if run is None:
            return Loaded(seen_before=True)
        shapes, bad_names = _read(run, source)
        seems = "a set of which no icon can be drawn" if run.bad else "a set without icons"
        check_usable(source.location, Coverage(len(shapes)), seems=seems)
        conn.execute(STAGING)
        with conn.transaction():
            gone = _merge(run, source, shapes, bad_names, max_prune)
        analyze(conn, "icons")
    return Loaded(run.loaded, run.unchanged, gone, run.bad, failures=run.failures)


def _read(run: runs.Run, source: Source) -> tuple[list[Shape], list[str]]:
    """Shapes, and names of icons that cannot be used; folders that cannot be read fail the run."""
    entries: list[Shape | BadShape] = []
    try:
        entries.extend(source.shapes())
    except BadIcon as error:
        raise Problem(f"{source.location}: {error}") from None
    bad = [entry for entry in entries if isinstance(entry, BadShape)]
    for entry in bad:
        run.leave_out(*entry.entry)
    for path, reason in source.unreadable:
        run.leave_out(*bad_entry(str(path), f"a folder that cannot be read: {reason}", ""))
    if source.unreadable:
        first = printable(str(source.unreadable[0].path))
        run.failures.append(
            f"{source.location}: {len(source.unreadable):,} folders in it cannot be read, {first} "
            "the first (see load_errors): nothing below them is removed, the rest is loaded"
        )
    shapes = [entry for entry in entries if isinstance(entry, Shape)]
    return shapes, [entry.name for entry in bad]


def _merge(
    run: runs.Run, source: Source, shapes: list[Shape], bad_names: list[str], max_prune: float
) -> int:
    """Bring a set in, in the caller's transaction; how many icons are gone."""
    conn = run.conn
    with closing(progress("icons", len(shapes), source.icon_set)) as bar:
        copy(conn, "pg_temp.new_icons", ICON, _rows(bitmaps(shapes), bar))
    copy(conn, "pg_temp.new_signs", SIGN, source.signs())
    conn.execute(MERGE_SIGNS)
    folders = [printable(path.as_posix()) for path, _ in source.unreadable]
    reason = prune.stage_kept(run, bad_names, folders, Coverage(len(shapes)), max_prune)
    if reason is not None:
        run.fail(f"{source.location}: {reason}")
    values = {
        "source": run.source_id,
        "kind": source.kind,
        "set": source.icon_set,
        "licence": source.licence,
    }
    written, there, gone = conn.execute(MERGE, values).fetchone() or (0, 0, 0)
    run.loaded, run.unchanged = written, there - written
    return int(gone)


def load_all(
    conn: psycopg.Connection,
    sources: Iterable[Source],
    *,
    max_prune: float = MAX_PRUNE,
    again: bool = False,
) -> bool:
    """Load sets one after the other, and say what became of each; False where one failed."""
    good = True
    for source in sources:
        try:
            loaded = load(conn, source, max_prune=max_prune, again=again)
        except Problem as error:
            say(str(error))
            good = False
            continue
        tell(source.icon_set, loaded)
        good &= not loaded.failures
    return good


def tell(name: str, loaded: Loaded) -> None:
    """One line a set, and one a failure."""
    for failure in loaded.failures:
        say(failure)
    if loaded.seen_before:
        say(f"{name}: unchanged since it was loaded (--again reads it all the same)")
        return
    more = f", {loaded.unchanged:,} unchanged" if loaded.unchanged else ""
    more += f", {loaded.gone:,} gone" if loaded.gone else ""
    more += f", {loaded.bad:,} left out (see load_errors)" if loaded.bad else ""
    say(f"{name}: {loaded.written:,} icons{more}")


def _rows(drawn: Iterable[Drawn], bar: Any) -> Iterator[tuple[Any, ...]]:
    for place, (shape, size, bits) in enumerate(drawn):
        bar.update(size == 32)
        yield place, shape.family, shape.name, shape.codepoint, size, bits
