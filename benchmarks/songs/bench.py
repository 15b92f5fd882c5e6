"""The song radio measured: how well it answers, how fast, and what loading takes."""

from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.songs import connect as song_connect
from benchmarks.songs import growth as song_growth
from benchmarks.songs import histories as song_histories
from benchmarks.songs import load as song_load
from benchmarks.songs import quality as song_quality
from benchmarks.songs import search as song_search


def _load(quick: bool) -> Iterator[Row]:
    yield from song_load.rows(quick)
    yield from song_histories.rows(quick)


PARTS: dict[str, Callable[[bool], Iterator[Row]]] = {
    "connect": song_connect.rows,
    "load": _load,
    "search": song_search.rows,
    "growth": song_growth.rows,
    "quality": song_quality.rows,
}


def bench(*, as_json: bool, quick: bool, only: str | None, playlists: Path | None = None) -> None:
    """Run the parts, each on a fresh server that is gone afterwards."""
    check_part(only, PARTS)
    report(_rows(quick, only, playlists), as_json=as_json)


def _rows(quick: bool, only: str | None, playlists: Path | None) -> Iterator[Row]:
    for name, part in PARTS.items():
        if only in (None, name):
            begun(name)
            with fresh_server():
                yield from song_quality.rows(quick, playlists) if playlists else part(quick)
