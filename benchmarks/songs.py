"""The song radio measured: how well it answers, how fast, and what loading takes."""

import os
import sys
from collections.abc import Callable, Iterator

from benchmarks import song_connect, song_load, song_quality, song_search
from benchmarks.report import Row, report
from loaders.errors import Problem
from loaders.migrate import migrate
from loaders.server import DATABASE, SUPERUSER, throw_away

PARTS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "connect": song_connect.rows,
    "load": song_load.rows,
    "search": song_search.rows,
    "quality": song_quality.rows,
}


def bench(*, as_json: bool, quick: bool, only: str | None) -> None:
    """Run the parts, each on a fresh server that is gone afterwards."""
    if only is not None and only not in PARTS:
        raise Problem(f"no part {only!r}: {', '.join(PARTS)}")
    report(_rows(quick, only), as_json=as_json)


def _rows(quick: bool, only: str | None) -> Iterator[Row]:
    for name, part in PARTS.items():
        if only in (None, name):
            print(f"-- {name}", file=sys.stderr)
            with throw_away(settings="") as server:
                host = str(server.socket)
                os.environ |= {"PGHOST": host, "PGUSER": SUPERUSER, "PGDATABASE": DATABASE}
                migrate()
                yield from part(quick)
