"""Load a set of icons: draw its bitmaps, deduplicate them, and merge them into the tables."""

import os
import shlex
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress
from loaders.core.db import analyze, copy, lock
from loaders.core.entries import BadEntry, printable
from loaders.core.errors import Problem
from loaders.core.options import LoadOptions
from loaders.core.pruning import Coverage, check_usable
from loaders.core.queries import Queries
from loaders.core.runs import LoadResult
from loaders.core.sources import Source, digest
from loaders.icons import prune, samples
from loaders.icons.formats.shapes import BadIcon, IconBitmap, Shape, bitmaps
from loaders.icons.sources import IconSource, hand, icon_source

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
ICON = {
    "place": "int8",
    "family": "text",
    "name": "text",
    "codepoint": "int4",
    "size": "int4",
    "bits": "text",
}
LONGEST_NAME = 200
TOPIC, NOUN = "icons", "icons"
SAMPLES = {"icon": samples.icon_fonts, "hieroglyph": samples.hieroglyphs}
SIGN = {"codepoint": "int4", "code": "text", "meaning": "text", "keywords": "text[]"}


@dataclass(frozen=True)
class IconOptions(LoadOptions):
    """Options of `load icons` and `load hieroglyphs`.

    kind: icon or hieroglyph. sources: fonts, folders, zips, pictures. icon_set and licence: None
    takes them from the source. sample: also load the sample package. invert: of pictures, ink is
    what else would be paper.
    """

    kind: str = "icon"
    sources: tuple[str, ...] = ()
    icon_set: str | None = None
    licence: str | None = None
    sample: bool = False
    invert: bool = False


def load_all(conn: psycopg.Connection, options: IconOptions) -> list[LoadResult]:
    """Load the samples, then the sources, each a set in one transaction; report each.

    `conn` is in autocommit mode. A source that fails does not stop the others.
    """
    if options.icon_set is not None and not 0 < len(options.icon_set) <= LONGEST_NAME:
        raise Problem(f"the name of a set has 1 to {LONGEST_NAME} letters")
    with lock(conn, TOPIC):
        sets = list(SAMPLES[options.kind]()) if options.sample else []
        results = [_load_and_report(conn, one, options) for one in sets]
        return results + [_load_path(conn, location, options) for location in options.sources]


def load(
    conn: psycopg.Connection, source: IconSource, options: IconOptions = IconOptions()
) -> LoadResult:
    """Load a set in one transaction; `conn` is in autocommit mode. Counts are icons of 32 pixels.

    Icons that are no longer in the source are removed, at most the share `max_prune` of its names;
    an unusable icon keeps its row. A source that was loaded and has not changed is skipped, unless
    `again`. Errors: Problem where no icon can be used.
    """
    about = (source.kind, source.icon_set, source.licence)
    stored: dict[str, Any] = dict(zip(("kind", "set", "licence"), about, strict=True))
    if options.invert:
        stored["invert"] = True
    fingerprint = source.fingerprint and digest(
        [source.fingerprint, *about, *(["inverted"] if options.invert else [])]
    )
    scope = ""
    with runs.run(
        conn, TOPIC, source.location, options=stored | {"max_prune": options.max_prune},
        fingerprint=fingerprint, again=options.again,
    ) as run:  # fmt: skip
        if run is not None:
            shapes, bad_names = _read(run, source)
            conn.execute(QUERIES.create_staging)
            with conn.transaction():
                equal = _merge(run, source, shapes, bad_names, options.max_prune)
            analyze(conn, "icons")
            scope = f"({equal:,} more have the bitmap of another one)" if equal else ""
    return runs.result_of(run, source.icon_set, NOUN, scope=scope)


def _load_path(conn: psycopg.Connection, location: str, options: IconOptions) -> LoadResult:
    """Load the set at a path; an unreadable one is recorded as a failed run."""
    try:
        source = _open(conn, location, options)
        if options.icon_set is None:
            _check_name(conn, source)
    except Problem as error:
        return _record_failure(conn, location, str(error))
    except OSError as error:
        return _record_failure(conn, location, f"{location}: {error.strerror}")
    return _load_and_report(conn, source, options)


def _check_name(conn: psycopg.Connection, source: IconSource) -> None:
    """Errors: Problem where another source gave the set its name: no set is mixed unnoticed."""
    values = {"kind": source.kind, "set": source.icon_set, "location": source.location}
    if row := conn.execute(QUERIES.same_name, values).fetchone():
        raise Problem(
            f"{source.location}: {row[0]} has a set of the same name, {source.icon_set}: give this "
            f"one a name with --set, or run ./pgmuse forget source {shlex.quote(row[0])}"
        )


def _open(conn: psycopg.Connection, location: str, options: IconOptions) -> IconSource:
    if options.kind == "hieroglyph":
        codes: dict[int, str] = dict(
            conn.execute("select codepoint, code from muse.hieroglyph_signs").fetchall()
        )
        return hand(location, codes, options.icon_set, options.licence)
    return icon_source(location, options.icon_set, options.licence, invert=options.invert)


def _load_and_report(
    conn: psycopg.Connection, source: IconSource, options: IconOptions
) -> LoadResult:
    try:
        result = load(conn, source, options)
    except Problem as error:
        result = LoadResult.failure(source.icon_set, NOUN, str(error))
    result.report()
    return result


def _record_failure(conn: psycopg.Connection, location: str, reason: str) -> LoadResult:
    result = LoadResult.failure(location, NOUN, reason)
    result.report()
    if os.path.exists(location):
        runs.note_failure(conn, TOPIC, Source(location).name, reason)
    return result


def _read(run: runs.Run, source: IconSource) -> tuple[list[Shape], list[str]]:
    """Shapes, and names of unusable icons; unreadable folders fail the run. Errors: Problem."""
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
    bad = [entry for entry in entries if isinstance(entry, BadEntry)]
    seems = (
        f"a set of which no icon can be drawn ({bad[0].reason})" if bad else "a set without icons"
    )
    check_usable(source.location, Coverage(len(shapes)), seems=seems)
    return shapes, [name for entry in bad for name in entry.keys]


def _merge(
    run: runs.Run, source: IconSource, shapes: list[Shape], bad_names: list[str], max_prune: float
) -> int:
    """Merge a set, in the caller's transaction; return the number of names without a row."""
    conn = run.conn
    with closing(progress("icons", len(shapes), source.icon_set)) as bar:
        copy(conn, "pg_temp.new_icons", ICON, _rows(bitmaps(shapes), bar))
    copy(conn, "pg_temp.new_signs", SIGN, source.signs())
    conn.execute(QUERIES.merge_signs)
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
    row = conn.execute(QUERIES.merge_icons, values).fetchone()
    written, stored, gone, equal = row or (0, 0, 0, 0)
    run.loaded, run.unchanged = written, stored - written
    run.details["gone"] = gone
    return int(equal)


def _rows(bitmaps: Iterable[IconBitmap], bar: Any) -> Iterator[tuple[Any, ...]]:
    for place, (shape, size, bits) in enumerate(bitmaps):
        bar.update(size == 32)
        yield place, shape.family, shape.name, shape.codepoint, size, bits
