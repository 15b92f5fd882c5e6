"""Image search measured: embedding, answers, and how well confidence tells what fits."""

import os
import sys
from collections.abc import Callable, Iterator

import psycopg

from benchmarks import image_confidence, image_embedding, image_quality, image_search
from benchmarks.report import Row, report
from loaders import classifier
from loaders.db import connect_to_muse
from loaders.errors import Problem
from loaders.images import sources, train
from loaders.migrate import migrate
from loaders.server import DATABASE, SUPERUSER, throw_away

# In this order: the first has the tables to itself, the last leaves rows in them.
PARTS: dict[str, Callable[[psycopg.Connection, bool], Iterator[Row]]] = {
    "embedding": image_embedding.rows,
    "quality": image_quality.rows,
    "search": image_search.answers,
    "strangers": image_confidence.strangers,
    "generated": image_search.generated,
}


def bench(*, as_json: bool, quick: bool, only: str | None) -> None:
    """Run the parts on a fresh server with the photos of the sample packages."""
    if only is not None and only not in PARTS:
        raise Problem(f"no part {only!r}: {', '.join(PARTS)}")
    report(_rows(quick, only), as_json=as_json)


def _rows(quick: bool, only: str | None) -> Iterator[Row]:
    with throw_away(settings="") as server:
        host = str(server.socket)
        os.environ |= {"PGHOST": host, "PGUSER": SUPERUSER, "PGDATABASE": DATABASE}
        migrate()
        with connect_to_muse(autocommit=True) as conn:
            classifier.train(conn, 0)
            loaded = False
            for name, part in PARTS.items():
                if only not in (None, name):
                    continue
                if name != "embedding" and not loaded:
                    load_samples(conn)
                    loaded = True
                print(f"-- {name}", file=sys.stderr)
                yield from part(conn, quick)


def load_samples(conn: psycopg.Connection) -> None:
    """The photos of the sample packages, searchable."""
    sources.load_samples(conn, again=True, workers=2)
    train.train(conn, workers=2)
