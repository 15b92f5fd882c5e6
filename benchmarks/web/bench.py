"""The pages measured: a radio and an image search beside their SQL, errors, and memory."""

import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.images.bench import load_samples
from benchmarks.songs.search import fill
from benchmarks.web import clients
from benchmarks.web.clients import HTML, JSON, Limit, Times, load_pages, load_sql
from benchmarks.web.pages import Pages, served, write_photos
from loaders.core.db import connect_to_muse
from loaders.core.workers import Pool
from loaders.images.classifier import train as classifier
from loaders.images.decoding import prepare, sha256
from web.images import MATCHES
from web.images import QUERIES as IMAGES
from web.songs import QUERIES as SONGS

CLIENTS = (1, 16)
SECONDS = 6  # of a round
SHARES = (50, 95, 99)  # percent of the requests
SEARCH = (IMAGES.matches, IMAGES.classes_of_picture, IMAGES.labels, IMAGES.duplicates)
SIZES = {"3": (2048, 1536), "12": (4032, 3024)}  # megapixels; phones make 12


Ask = tuple[Any, ...]  # a function of benchmarks/web/clients.py and its first arguments


class Measure(NamedTuple):
    """figures: milliseconds by SHARES, then processor time of a request: pages, backends."""

    figures: list[float]
    errors: list[str]


class Bench(NamedTuple):
    """What the parts share. tracks: t0, t1, ... of the live model. run: in the clients' process."""

    pages: Pages
    run: Callable[..., Times]
    folder: Path
    connections: int
    tracks: int
    quick: bool

    def radios(self) -> list[dict[str, Any]]:
        """The values of radios of two seeds."""
        numbers = np.random.default_rng(0).integers(self.tracks, size=(500, 2))
        return [
            {"seeds": [f"t{a}", f"t{b}"], "unlike": [], "n": 25, "per_artist": 3}
            for a, b in numbers
        ]


def bench(*, as_json: bool, quick: bool, only: str | None, connections: int) -> None:
    """Run the parts on a fresh server with sample pictures and generated songs."""
    check_part(only, PARTS)
    report(_rows(quick, only, connections), as_json=as_json)


def _rows(quick: bool, only: str | None, connections: int) -> Iterator[Row]:
    tracks = 5000 if quick else 100_000
    with fresh_server(), connect_to_muse(autocommit=True) as conn:
        begun("songs and pictures")
        _fill(conn, tracks)
        with (
            tempfile.TemporaryDirectory() as folder,
            served(connections) as pages,
            Pool(1, clients.start) as pool,
        ):
            run = partial(_run, pool)
            parts = Bench(pages, run, Path(folder), connections, tracks, quick)
            for name, part in PARTS.items():
                if only in (None, name):
                    begun(name)
                    yield from part(parts)


def _fill(conn: psycopg.Connection, tracks: int) -> None:
    fill(conn, tracks, np.random.default_rng(0))
    classifier.train(conn, 0)
    load_samples(conn)
    conn.execute("vacuum analyze")


def _run(pool: Pool, function: Callable[..., Times], *arguments: Any) -> Times:
    return pool.submit(function, *arguments).result()


def radio(parts: Bench) -> Iterator[Row]:
    """A radio of two seeds among the generated tracks, as JSON and as a page."""
    values = parts.radios()
    seeds = [f"?seed={one['seeds'][0]}&seed={one['seeds'][1]}" for one in values]
    for number in CLIENTS:
        asks: dict[str, Ask] = {
            "radio, JSON": (
                load_pages,
                _port(parts),
                [f"/songs/radio{s}" for s in seeds],
                [],
                JSON,
            ),
            "radio, page": (load_pages, _port(parts), [f"/songs{s}" for s in seeds], [], HTML),
            "SQL": (load_sql, [SONGS.radio], values, min(number, parts.connections)),
        }
        yield from _beside(parts, asks, number)


def images(parts: Bench) -> Iterator[Row]:
    """A search by photos that are not stored; its SQL gets them reduced."""
    for megapixels, size in SIZES.items():
        files = write_photos(parts.folder, *size, 4 if parts.quick else 24)
        values = [_search(file.read_bytes()) for file in files]
        for number in CLIENTS:
            name = f"image search, {megapixels} megapixels"
            asks: dict[str, Ask] = {
                name: (load_pages, _port(parts), ["/images/search"], files, JSON),
                "SQL": (load_sql, SEARCH, values, min(number, parts.connections)),
            }
            yield from _beside(parts, asks, number)


def memory(parts: Bench) -> Iterator[Row]:
    """Growth of the processes' memory over many requests, after as many as fill every cache."""
    radios, searches = (200, 20) if parts.quick else (10_000, 1000)
    files = write_photos(parts.folder, *SIZES["3"], 4 if parts.quick else 24)
    seeds = [f"/songs/radio?seed={one['seeds'][0]}" for one in parts.radios()]

    def load(radios: int, searches: int) -> list[str]:
        songs = parts.run(load_pages, _port(parts), seeds, [], JSON, 16, Limit(radios))
        pictures = parts.run(
            load_pages, _port(parts), ["/images/search"], files, JSON, 16, Limit(searches)
        )
        return songs.errors + pictures.errors

    load(radios // 10, searches // 10)
    before = parts.pages.megabytes()
    errors = load(radios, searches)
    after = parts.pages.megabytes()
    name = f"after {radios:,} radios and {searches:,} searches"
    for whose, old, new in zip(("the pages", "their backends"), before, after, strict=True):
        yield Row(f"private memory of {whose} {name}", new, "MB", "before", old)
        yield Row(f"growth of {whose}", new - old, "MB")
    yield Row(f"errors of {radios + searches:,} requests", len(errors))
    _show(errors)


def _port(parts: Bench) -> int:
    return parts.pages.port


def _search(content: bytes) -> dict[str, Any]:
    """The values of the queries of a search."""
    picture = prepare(content).thumbnail
    return {"picture": picture, "sha256": sha256(content), "n": MATCHES, "min_confidence": 0}


def _beside(parts: Bench, asks: dict[str, Ask], number: int) -> Iterator[Row]:
    """Rows of all asks but the last, beside the last, which is the SQL alone.

    Rounds alternate, so that other load of the machine meets all; rows are medians of the rounds.
    """
    for ask in asks.values():
        parts.run(*ask, number, Limit(2 * number))
    rounds, limit = (1, Limit(20)) if parts.quick else (3, Limit(seconds=SECONDS))
    measured = [
        {name: _measure(parts, ask, number, limit) for name, ask in asks.items()}
        for _ in range(rounds)
    ]
    *pages, sql = asks
    peer = f"{sql}, {min(number, parts.connections)} at once"
    for name in pages:
        title = f"{name}, {number} client{'s' if number > 1 else ''}"
        ours, theirs = (
            np.median([one[key].figures for one in measured], axis=0) for key in (name, sql)
        )
        for share, figure, alone in zip(SHARES, ours, theirs, strict=False):
            yield Row(f"{title}, p{share}", figure, "ms", peer, alone)
        yield Row(f"{title}, processor time", sum(ours[3:]), "ms", "its backends", ours[4])
        errors = [error for one in measured for error in one[name].errors]
        yield Row(f"{title}, errors", len(errors))
        _show(errors)


def _measure(parts: Bench, ask: Ask, number: int, limit: Limit) -> Measure:
    before = parts.pages.seconds()
    times = parts.run(*ask, number, limit)
    spent = np.subtract(parts.pages.seconds(), before)
    requests = len(times.taken) + len(times.errors)
    return Measure([*np.percentile(times.taken, SHARES), *(1000 * spent / requests)], times.errors)


def _show(errors: list[str]) -> None:
    for error in sorted(set(errors))[:5]:
        begun(error)


PARTS: dict[str, Callable[[Bench], Iterator[Row]]] = {
    "radio": radio,
    "images": images,
    "memory": memory,
}
