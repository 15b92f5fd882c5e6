"""Embed every picture that has no vector of a classifier, in any number of workers.

A batch is one transaction that locks its pictures' rows: a killed worker loses its batch and
releases the rows, and two workers never embed the same picture.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import psycopg
from pgvector import HalfVector

from loaders.core.db import copy
from loaders.core.queries import Queries
from loaders.images.search.embedding import EmbeddingPool, Vector

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
BATCH = 256  # pictures a transaction
TRIES = 3  # failures after which a picture is parked
COLUMNS = {
    "model_id": "int8",
    "image_id": "int8",
    "embedding": "halfvec",
    "label": "int2",
    "probability": "float4",
}
EMBEDDED = "select image_id from muse.image_vectors where model_id = %s and image_id = any(%s)"


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
    after = 0  # a claim from the first picture on would pass all that have a vector
    while True:
        with conn.transaction():
            values = {"model_id": model_id, "batch": BATCH, "after": after}
            claimed = conn.execute(QUERIES.claim, values).fetchall()
            if not claimed and not after:
                return EmbeddingCounts(vectors, parked)
            after = claimed[-1][0] if claimed else 0  # once more, for failures
            claimed = _without_vector(conn, model_id, claimed)
            outcomes = pool.embed([thumbnail for _, thumbnail in claimed])
            results = [(key, outcome) for (key, _), outcome in zip(claimed, outcomes, strict=True)]
            rows = [_row(model_id, key, one) for key, one in results if isinstance(one, Vector)]
            copy(conn, "image_vectors", COLUMNS, rows)
            reasons = [(key, one) for key, one in results if isinstance(one, str)]
            parked += sum(_count_failure(conn, key, reason) for key, reason in reasons)
        vectors += len(rows)
        on_pictures(len(rows))


def delete_orphans(conn: psycopg.Connection, model_id: int) -> int:
    """Delete vectors without a picture, which versions before 0.1.1 left; return their number."""
    return conn.execute(QUERIES.delete_orphans, {"model_id": model_id}).rowcount


def count_missing(conn: psycopg.Connection, model_id: int) -> int:
    """The number of pictures without a vector of that classifier, parked ones excluded."""
    (count,) = conn.execute(QUERIES.count_missing, {"model_id": model_id}).fetchone() or (0,)
    return int(count)


def _without_vector(
    conn: psycopg.Connection, model_id: int, claimed: list[tuple[int, bytes]]
) -> list[tuple[int, bytes]]:
    """Without pictures that another worker embedded before their rows were locked here."""
    ids = [image_id for image_id, _ in claimed]
    embedded = {image_id for (image_id,) in conn.execute(EMBEDDED, (model_id, ids))}
    return [row for row in claimed if row[0] not in embedded]


def _count_failure(conn: psycopg.Connection, image_id: int, reason: str) -> bool:
    """Count a failure of a picture; whether it is parked now."""
    values = {"image_id": image_id, "tries": TRIES, "reason": reason}
    return conn.execute(QUERIES.count_failure, values).fetchone() == (True,)


def _row(model_id: int, image_id: int, vector: Vector) -> tuple[Any, ...]:
    return model_id, image_id, HalfVector(vector.embedding), vector.label, vector.probability
