"""Embed every picture that has no vector of a classifier, in any number of workers.

A batch is one transaction that locks its pictures' rows: a killed worker loses its batch and
releases the rows, and two workers never embed the same picture.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from pgvector import HalfVector

from loaders.core.db import copy
from loaders.core.queries import Queries
from loaders.images.search.embedding import EmbeddingPool, Vector

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
BATCH = 256  # pictures a transaction
PAGE = 4096  # pictures that are looked up together
TRIES = 3  # failures after which a picture is parked
COLUMNS = {
    "model_id": "int8",
    "image_id": "int8",
    "embedding": "halfvec",
    "label": "int2",
    "probability": "float4",
}


class EmbeddingCounts(NamedTuple):
    """Vectors that were stored, and pictures that were parked after three failures."""

    vectors: int
    parked: int


def make_partition(conn: psycopg.Connection, model_id: int) -> None:
    """Create and attach the partition of a classifier's vectors unless it exists."""
    with conn.transaction():
        conn.execute("select muse.create_partition('image_vectors', %s)", (model_id,))
        conn.execute("select muse.attach_partition('image_vectors', %s)", (model_id,))


def fill(
    conn: psycopg.Connection,
    model_id: int,
    pool: EmbeddingPool,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> EmbeddingCounts:
    """Embed until every picture has a vector or is locked by another worker.

    `conn` is in autocommit mode.
    """
    vectors = parked = 0
    is_done = False
    while not is_done:
        is_done = True
        for ids in _find_missing(conn, model_id):
            with conn.transaction():
                claimed = conn.execute(QUERIES.claim, {"ids": ids}).fetchall()
                claimed = _without_vector(conn, model_id, claimed)
                if not claimed:
                    continue
                is_done = False
                outcomes = pool.embed([thumbnail for _, thumbnail in claimed])
                results = [(row[0], one) for row, one in zip(claimed, outcomes, strict=True)]
                rows = [_row(model_id, key, one) for key, one in results if isinstance(one, Vector)]
                copy(conn, "image_vectors", COLUMNS, rows)
                reasons = [(key, one) for key, one in results if isinstance(one, str)]
                parked += sum(_count_failure(conn, key, reason) for key, reason in reasons)
            vectors += len(rows)
            on_pictures(len(rows))
    return EmbeddingCounts(vectors, parked)


def delete_orphans(conn: psycopg.Connection, model_id: int) -> int:
    """Delete vectors without a picture, which versions before 0.1.1 left; return their number."""
    return conn.execute(QUERIES.delete_orphans, {"model_id": model_id}).rowcount


def count_missing(conn: psycopg.Connection, model_id: int) -> int:
    """The number of pictures without a vector of that classifier, parked ones excluded."""
    return sum(map(len, _find_missing(conn, model_id)))


def _find_missing(conn: psycopg.Connection, model_id: int) -> Iterator[list[int]]:
    """Ids of pictures without a vector, ascending, at most BATCH at a time."""
    after: int | None = 0
    while after is not None:
        values = {"after": after, "page": PAGE}
        page = [image_id for (image_id,) in conn.execute(QUERIES.select_unparked, values)]
        after = page[-1] if page else None
        embedded = _embedded(conn, model_id, page)
        missing = [image_id for image_id in page if image_id not in embedded]
        for start in range(0, len(missing), BATCH):
            yield missing[start : start + BATCH]


def _embedded(conn: psycopg.Connection, model_id: int, ids: list[int]) -> set[int]:
    values = {"model_id": model_id, "ids": ids}
    return {image_id for (image_id,) in conn.execute(QUERIES.select_embedded, values)}


def _without_vector(
    conn: psycopg.Connection, model_id: int, claimed: list[tuple[int, bytes]]
) -> list[tuple[int, bytes]]:
    """Without pictures that another worker embedded before their rows were locked here."""
    embedded = _embedded(conn, model_id, [image_id for image_id, _ in claimed])
    return [row for row in claimed if row[0] not in embedded]


def _count_failure(conn: psycopg.Connection, image_id: int, reason: str) -> bool:
    """Count a failure of a picture; whether it is parked now."""
    values = {"image_id": image_id, "tries": TRIES, "reason": reason}
    return conn.execute(QUERIES.count_failure, values).fetchone() == (True,)


def _row(model_id: int, image_id: int, vector: Vector) -> tuple[Any, ...]:
    return model_id, image_id, HalfVector(vector.embedding), vector.label, vector.probability
