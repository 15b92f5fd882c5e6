"""Image search measured: embedding, answers, and how well confidence tells what fits."""

from collections.abc import Callable, Iterator
from functools import partial

import psycopg

from benchmarks.core.report import Row, report
from benchmarks.core.running import begun, check_part, fresh_server
from benchmarks.images import confidence as image_confidence
from benchmarks.images import copies, crawl
from benchmarks.images import embedding as image_embedding
from benchmarks.images import quality as image_quality
from benchmarks.images import search as image_search
from loaders.core.db import connect_to_muse
from loaders.images import train
from loaders.images.classifier import train as classifier
from loaders.images.load import load_samples as load_all_samples
from loaders.images.options import ImageOptions

# In this order: the first has the tables to itself, the last leaves rows in them.
PARTS: dict[str, Callable[[psycopg.Connection, bool], Iterator[Row]]] = {
    "embedding": image_embedding.rows,
    "quality": image_quality.rows,
    "copies": copies.rows,
    "search": image_search.answers,
    "strangers": image_confidence.strangers,
    "crawl": crawl.rows,
    "generated": image_search.generated,
}


def bench(*, as_json: bool, quick: bool, only: str | None, vectors: int) -> None:
    """Run the parts on a fresh server with the photos of the sample packages.

    vectors: how many are generated.
    """
    check_part(only, PARTS)
    report(_rows(quick, only, vectors), as_json=as_json)


def _rows(quick: bool, only: str | None, vectors: int) -> Iterator[Row]:
    parts = PARTS | {"generated": partial(image_search.generated, size=vectors)}
    with fresh_server(), connect_to_muse(autocommit=True) as conn:
        classifier.train(conn, 0)
        loaded = False
        for name, part in parts.items():
            if only not in (None, name):
                continue
            if name not in ("embedding", "crawl") and not loaded:
                load_samples(conn)
                loaded = True
            begun(name)
            yield from part(conn, quick)


def load_samples(conn: psycopg.Connection) -> None:
    """The photos of the sample packages, searchable."""
    load_all_samples(conn, ImageOptions(again=True, workers=2))
    train.train(conn, workers=2)
