"""The parts of `bench sounds`, each on a fresh server with the tagger."""

from collections.abc import Callable, Iterator

import psycopg

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.sounds import composers, fuzz, labels, loading, port, radio, search
from loaders.core.db import connect_to_load
from loaders.sounds.tagger.train import train

PARTS: dict[str, Callable[[psycopg.Connection, bool], Iterator[Row]]] = {
    "port": port.rows,
    "load": loading.rows,
    "search": search.rows,
    "fuzz": fuzz.rows,
    "composers": composers.rows,
    "radio": radio.rows,
    "labels": labels.rows,
}
FULL_ONLY = ("composers", "radio", "labels")  # they download, or need the shared playlists


def bench(*, as_json: bool, quick: bool, only: str | None, dataset: str) -> None:
    """Run the parts."""
    check_part(only, PARTS)
    report(_rows(quick, only, dataset), as_json=as_json)


def _rows(quick: bool, only: str | None, dataset: str) -> Iterator[Row]:
    for name, part in PARTS.items():
        if only not in (None, name) or (quick and only is None and name in FULL_ONLY):
            continue
        begun(name)
        with fresh_server(), connect_to_load(autocommit=True) as conn:
            train(conn, dataset)
            yield from part(conn, quick)
