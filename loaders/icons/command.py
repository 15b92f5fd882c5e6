"""`load icons` and `load hieroglyphs`: what is asked for, one set after the other."""

from collections.abc import Iterator

import psycopg

from loaders.db import lock
from loaders.errors import Problem, say
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
            except (Problem, OSError) as error:
                failures.append(location)
                say(str(error) if isinstance(error, Problem) else f"{location}: {error.strerror}")

    with lock(conn, "icons"):
        good = load_all(conn, SAMPLES[kind](), again=again) if sample else True
        good &= load_all(conn, named(), again=again)
    return good and not failures
