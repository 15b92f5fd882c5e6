"""Bring a set of icons in: drawn, deduplicated by bitmap, and merged with what is there."""

import os
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress
from loaders.core.db import analyze, copy, lock
from loaders.core.entries import BadEntry, printable
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.core.sources import Source, digest
from loaders.icons import prune, samples
from loaders.icons.formats.shapes import BadIcon, IconBitmap, Shape, bitmaps
from loaders.icons.sources import IconSource, hand, icon_source

ICON = {
    "place": "int8",
    "family": "text",
    "name": "text",
    "codepoint": "int4",
    "size": "int4",
    "bits": "text",
}
CODES = "select codepoint, code from muse.hieroglyph_signs"
TOPIC, NOUN = "icons", "icons"
SAMPLES = {"icon": samples.icon_fonts, "hieroglyph": samples.hieroglyphs}
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


@dataclass(frozen=True)
class IconOptions(LoadOptions):
    """Options of `load icons` and `load hieroglyphs`.

    kind: icon or hieroglyph. sources: fonts, folders, zips, pictures. icon_set and licence: None
    takes them from the source. sample: load the sample package too.
    """

    kind: str = "icon"
    sources: tuple[str, ...] = ()
    icon_set: str | None = None
    licence: str | None = None
    sample: bool = False


def load_all(conn: psycopg.Connection, options: IconOptions) -> list[LoadResult]:
    """Load the samples, then the sources, each a set in one transaction; report each.

    `conn` is in autocommit mode. A source that fails does not stop the others.
    """
    with lock(conn, TOPIC):
        sets = list(SAMPLES[options.kind]()) if options.sample else []
        results = [_load_and_report(conn, one, options) for one in sets]
        return results + [_load_path(conn, location, options) for location in options.sources]


def load(
    conn: psycopg.Connection, source: IconSource, options: IconOptions = IconOptions()
) -> LoadResult:
    """Load a set in one transaction; `conn` is in autocommit mode. Counts are icons of 32 pixels.

    Icons that are gone from the source are removed, at most `max_prune` of its names; one that
    cannot be used keeps its row. A source that was loaded and has not changed is skipped, unless
    `again`. Errors: Problem where no icon can be used.
    """
    about = (source.kind, source.icon_set, source.licence)
    stored = dict(zip(("kind", "set", "licence"), about, strict=True))
    fingerprint = source.fingerprint and digest([source.fingerprint, *about])
    with runs.run(
        conn, TOPIC, source.location, options=stored | {"max_prune": options.max_prune},
        fingerprint=fingerprint, again=options.again,
    ) as run:  # fmt: skip
        if run is not None:
            shapes, bad_names = _read(run, source)
            seems = "a set of which no icon can be drawn" if run.bad else "a set without icons"
            check_usable(source.location, Coverage(len(shapes)), seems=seems)
            conn.execute(STAGING)
            with conn.transaction():
                _merge(run, source, shapes, bad_names, options.max_prune)
            analyze(conn, "icons")
    return runs.result_of(run, source.icon_set, NOUN)


def _load_path(conn: psycopg.Connection, location: str, options: IconOptions) -> LoadResult:
    """Load the set at a path; one that cannot be opened is a failed run."""
    try:
        source = _open(conn, location, options)
    except Problem as error:
        return _note(conn, location, str(error))
    except OSError as error:
        return _note(conn, location, f"{location}: {error.strerror}")
    return _load_and_report(conn, source, options)


def _open(conn: psycopg.Connection, location: str, options: IconOptions) -> IconSource:
    if options.kind == "hieroglyph":
        codes: dict[int, str] = dict(conn.execute(CODES).fetchall())
        return hand(location, codes, options.icon_set, options.licence)
    return icon_source(location, options.icon_set, options.licence)


def _load_and_report(
    conn: psycopg.Connection, source: IconSource, options: IconOptions
) -> LoadResult:
    try:
        result = load(conn, source, options)
    except Problem as error:
        result = LoadResult.failure(source.icon_set, NOUN, str(error))
    result.report()
    return result


def _note(conn: psycopg.Connection, location: str, reason: str) -> LoadResult:
    result = LoadResult.failure(location, NOUN, reason)
    result.report()
    if os.path.exists(location):
        runs.note_failure(conn, TOPIC, Source(location).name, reason)
    return result


def _read(run: runs.Run, source: IconSource) -> tuple[list[Shape], list[str]]:
    """Shapes, and names of icons that cannot be used; folders that cannot be read fail the run."""
    entries: list[Shape | BadEntry] = []
    try:
        entries.extend(source.shapes())
    except BadIcon as error:
        raise Problem(f"{source.location}: {error}") from None
    shapes = list(run.accept(entries))
    for folder in source.unreadable:
        run.leave_out(folder._replace(place=folder.keys[0]))
    if source.unreadable:
        first = printable(source.unreadable[0].keys[0])
        run.failures.append(
            f"{source.location}: {len(source.unreadable):,} folders in it cannot be read, {first} "
            "the first (see load_errors): nothing below them is removed, the rest is loaded"
        )
    return shapes, [name for entry in entries if isinstance(entry, BadEntry) for name in entry.keys]


def _merge(
    run: runs.Run, source: IconSource, shapes: list[Shape], bad_names: list[str], max_prune: float
) -> None:
    """Merge a set, in the caller's transaction."""
    conn = run.conn
    with closing(progress("icons", len(shapes), source.icon_set)) as bar:
        copy(conn, "pg_temp.new_icons", ICON, _rows(bitmaps(shapes), bar))
    copy(conn, "pg_temp.new_signs", SIGN, source.signs())
    conn.execute(MERGE_SIGNS)
    folders = [printable(folder.keys[0]) for folder in source.unreadable]
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
    run.details["gone"] = gone


def _rows(drawn: Iterable[IconBitmap], bar: Any) -> Iterator[tuple[Any, ...]]:
    for place, (shape, size, bits) in enumerate(drawn):
        bar.update(size == 32)
        yield place, shape.family, shape.name, shape.codepoint, size, bits
