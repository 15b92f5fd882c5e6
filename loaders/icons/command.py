"""`load icons` and `load hieroglyphs`: what is asked for, one set after the other."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg

from loaders.core import runs
from loaders.core.console import say
from loaders.core.db import lock
from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.pruning import MAX_PRUNE
from loaders.icons import samples
from loaders.icons.load import load_all
from loaders.icons.sources import Source, hand, source

SAMPLES = {"icon": samples.icon_fonts, "hieroglyph": samples.hieroglyphs}
CODES = "select codepoint, code from muse.hieroglyph_signs"


def load(
    conn: psycopg.Connection,
    kind: str,
    locations: list[str],
    icon_set: str | None = None,
    licence: str | None = None,
    *,
    sample: bool = False,
    max_prune: float = MAX_PRUNE,
    again: bool = False,
) -> bool:
    """Load the samples, then the sources named; False where one failed."""
    failures: list[str] = []

    def named() -> Iterator[Source]:
        for location in locations:
            try:
                if kind == "hieroglyph":
                    codes: dict[int, str] = dict(conn.execute(CODES).fetchall())
                    yield hand(location, codes, icon_set, licence)
                else:
                    yield source(location, icon_set, licence)
            except Problem as error:
                failures.append(location)
                _note(conn, location, str(error))
            except OSError as error:
                failures.append(location)
                _note(conn, location, f"{location}: {error.strerror}")

    with lock(conn, "icons"):
        shipped = SAMPLES[kind]() if sample else ()
        good = load_all(conn, shipped, max_prune=max_prune, again=again)
        good &= load_all(conn, named(), max_prune=max_prune, again=again)
    return good and not failures


def _note(conn: psycopg.Connection, location: str, reason: str) -> None:
    """Say why a source could not be opened; where it is there, it is a failed run too."""
    say(reason)
    if os.path.exists(location):
        where = printable(str(Path(location).resolve()))
        runs.note_failure(conn, "icons", where, reason)
