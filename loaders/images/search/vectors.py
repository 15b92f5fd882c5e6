"""A vector for every picture that has none of a classifier, by any number of workers.

A batch is one transaction that holds its pictures' rows: a worker that is killed loses that batch
and gives its pictures back, and two workers never look at the same one.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import psycopg
from pgvector import HalfVector

from loaders.core.db import copy
from loaders.images.search.embedding import Lookers, Vector

BATCH = 256
TRIES = 3
COLUMNS = {
    "model_id": "int8",
    "image_id": "int8",
    "embedding": "halfvec",
    "label": "int2",
    "probability": "float4",
}
WITHOUT = """
    from muse.images as image
    where image.parked is null and not exists (
        select from muse.image_vectors as vector
        where vector.model_id = %(model_id)s and vector.image_id = image.image_id
    )
"""
COUNT = "select count(*) " + WITHOUT
CLAIM = (
    "select image.image_id, image.thumbnail "
    + WITHOUT
    + """
    order by image.image_id
    limit %(batch)s
    for update of image skip locked
"""
)
# Another worker may have finished some between the look for them and the lock on them.
HAVE_ONE = """
    select image_id from muse.image_vectors where model_id = %s and image_id = any(%s)
"""
ORPHANS = """
    delete from muse.image_vectors as vector
    where vector.model_id = %s and not exists (
        select from muse.images as image where image.image_id = vector.image_id
    )
"""
FAILED = """
    update muse.images set
        attempts = attempts + 1,
        parked = case when attempts + 1 >= %s then %s end
    where image_id = %s
    returning parked is not null
"""


class Done(NamedTuple):
    """What a worker made, and how many pictures it could not look at, for good."""

    vectors: int
    parked: int


def make_partition(conn: psycopg.Connection, model_id: int) -> None:
    """An empty partition for that classifier's vectors, where there is none."""
    with conn.transaction():
        conn.execute("select muse.create_partition('image_vectors', %s)", (model_id,))
        conn.execute("select muse.attach_partition('image_vectors', %s)", (model_id,))


def fill(
    conn: psycopg.Connection,
    model_id: int,
    lookers: Lookers,
    on_pictures: Callable[[int], object] = lambda count: None,
) -> Done:
    """Embed until nothing is left that nobody else has in hand. `conn` is in autocommit mode."""
    vectors = parked = 0
    while True:
        with conn.transaction():
            claimed = conn.execute(CLAIM, {"model_id": model_id, "batch": BATCH}).fetchall()
            if not claimed:
                return Done(vectors, parked)
            ids = [image_id for image_id, _ in claimed]
            done = {image_id for (image_id,) in conn.execute(HAVE_ONE, (model_id, ids))}
            claimed = [one for one in claimed if one[0] not in done]
            made = lookers.look([thumbnail for _, thumbnail in claimed])
            found = list(zip((image_id for image_id, _ in claimed), made, strict=True))
            rows = [_row(model_id, key, one) for key, one in found if isinstance(one, Vector)]
            copy(conn, "image_vectors", COLUMNS, rows)
            for image_id, reason in found:
                if isinstance(reason, str):
                    row = conn.execute(FAILED, (TRIES, reason, image_id)).fetchone()
                    parked += row == (True,)
        vectors += len(rows)
        on_pictures(len(rows))


def delete_orphans(conn: psycopg.Connection, model_id: int) -> int:
    """Delete vectors whose picture is gone, as versions before 0.1.1 left them; how many."""
    return conn.execute(ORPHANS, (model_id,)).rowcount


def count_without(conn: psycopg.Connection, model_id: int) -> int:
    """Pictures that still have no vector of that classifier, and may get one."""
    (count,) = conn.execute(COUNT, {"model_id": model_id}).fetchone() or (0,)
    return int(count)


def _row(model_id: int, image_id: int, vector: Vector) -> tuple[Any, ...]:
    return model_id, image_id, HalfVector(vector.embedding), vector.label, vector.probability
