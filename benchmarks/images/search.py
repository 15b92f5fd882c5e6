"""Latency of image search: fresh and warm connections, concurrent clients, many vectors."""

import statistics
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import psycopg
from pgvector import HalfVector
from psycopg import sql

from benchmarks.core.processor import private_megabytes
from benchmarks.core.report import Row
from benchmarks.images.embedding import varied
from benchmarks.songs.search import pgbench, unit
from loaders.core.db import copy
from loaders.core.models import live_model
from loaders.images.search import vectors

Array = np.ndarray[Any, np.dtype[Any]]
QUICK = 3000
INDEX_BYTES = 5000  # a vector in the index, rounded up
A_CLASS = 20  # generated vectors on the average
SMALL = (500, 1000, 2000, 4000, 8000, 16_000)
SEARCH = "select image_id, confidence from muse.similar_images(%s::bytea)"
EMBED = "select muse.embed_image(%s::bytea)"
SETTINGS = "set hnsw.ef_search = 100; set hnsw.iterative_scan = strict_order; set jit = off"
NEAREST = (
    "select image_id from {} order by embedding operator(public.<=>) %s::public.halfvec limit 10"
)
EXACT = """
    select image_id from {}
    order by (embedding operator(public.<=>) %s::public.halfvec) + 0 limit 10
"""
PICTURES = """
    insert into muse.images (sha256, thumbnail, perceptual_hash, width, height)
    select sha256(int8send(i)), '\\xffd8ff', 0::bit(64), 500, 375 from generate_series(1, %s) as i
    returning image_id
"""
REAL = """
    select vector.embedding, coalesce(picture.class, '')
    from muse.image_vectors as vector join muse.pictures as picture using (image_id)
    where vector.model_id = %s
"""


def answers(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """similar_images of a JPEG of 500 px that is not stored, beside embed_image alone."""
    times = 5 if quick else 31
    photos = varied(times)
    with psycopg.connect(autocommit=True) as warm:
        median_ms(warm, SEARCH, photos[:2])
        searching, embedding = (median_ms(warm, query, photos) for query in (SEARCH, EMBED))
    yield Row("similar_images, warm, p50", searching, "ms", "embed_image alone", embedding)
    fresh = [first_row(SEARCH, (photo,)) for photo in photos]
    base = statistics.median(first_row("select 1", ())[0] for _ in photos)
    seconds = statistics.median(seconds for seconds, _ in fresh)
    yield Row("similar_images, fresh connection", seconds * 1000, "ms", "select 1", base * 1000)
    memory = max(megabytes for _, megabytes in fresh)
    yield Row("private memory (RssAnon) after it, the most", memory, "MB")
    yield from at_once(photos, 8, 3 if quick else 20)


def median_ms(conn: psycopg.Connection, query: str, values: list[Any]) -> float:
    """The median time in ms of one query per value."""
    taken = []
    for value in values:
        started = time.perf_counter()
        conn.execute(query.encode(), (value,)).fetchall()
        taken.append(1000 * (time.perf_counter() - started))
    return statistics.median(taken)


def first_row(query: str, values: tuple[bytes, ...]) -> tuple[float, float]:
    """Seconds of a new connection's first query, and its private memory in MB."""
    started = time.perf_counter()
    with psycopg.connect() as conn:
        conn.execute(query.encode(), values).fetchall()
        return time.perf_counter() - started, private_megabytes(conn.info.backend_pid)


def at_once(photos: list[bytes], clients: int, times: int) -> Iterator[Row]:
    """Concurrent connections that each run one query after another."""
    taken: list[float] = []
    errors: list[psycopg.Error] = []

    def work(number: int) -> None:
        try:
            with psycopg.connect(autocommit=True) as conn:
                for turn in range(times):
                    photo = photos[(number + turn) % len(photos)]
                    taken.append(median_ms(conn, SEARCH, [photo]))
        except psycopg.Error as error:
            errors.append(error)

    started = time.perf_counter()
    workers = [threading.Thread(target=work, args=(number,)) for number in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    yield Row(f"errors of {clients} clients at once", len(errors))
    yield Row(f"{clients} clients at once, p50", float(np.median(taken)), "ms")
    yield Row(f"{clients} clients at once", len(taken) / seconds, "answers/s")


def generated(conn: psycopg.Connection, quick: bool, size: int = 100_000) -> Iterator[Row]:
    """Vectors distributed like the sample's: latency, recall, size, break-even with a scan."""
    size, seconds = (QUICK, 2) if quick else (size, 15)
    live = live_model(conn, "classifier")
    assert live is not None
    classifier = live.model_id
    real = conn.execute(REAL, (classifier,)).fetchall()
    embeddings = np.array([row[0].to_numpy() for row in real], dtype=np.float32)
    new_vectors = like(
        embeddings, np.array([row[1] for row in real]), size, np.random.default_rng(0)
    )
    nearest = nearest_distance(new_vectors), nearest_distance(embeddings)
    yield Row("median distance to the nearest", nearest[0], "", "the sample photos", nearest[1])
    yield from store(conn, classifier, new_vectors)
    table = sql.Identifier("muse_partitions", f"image_vectors_{classifier}")
    queries = [HalfVector(vector) for vector in new_vectors[:30]]
    exact = timed(conn, EXACT, table, queries[:9])
    first = max_id(conn) - size + 1
    by_id = f"select * from muse.images_like({first} + :i)"
    for clients in (1, 8):
        middle, slowest = np.percentile(pgbench(by_id, size, clients, seconds), [50, 99])
        name = f"images_like, {clients} client{'s' if clients > 1 else ''}"
        yield Row(f"{name}, p50", middle, "ms", "exact scan", exact)
        yield Row(f"{name}, p99", slowest, "ms")
    by_bytes = f"""
        select * from muse.similar_images((
            select thumbnail from muse.images where image_id < {first}
            order by image_id offset :i limit 1
        ))
    """.replace("\n", " ")
    middle, slowest = np.percentile(pgbench(by_bytes, len(embeddings), 1, seconds), [50, 99])
    yield Row("similar_images of a stored thumbnail, p50", middle, "ms")
    yield Row("similar_images of a stored thumbnail, p99", slowest, "ms")
    query = "select recall from muse.recall('image_vectors', 10, %s)"
    (recall,) = conn.execute(query, (30 if quick else 100,)).fetchone() or (0,)
    yield Row("recall@10 at its settings", recall)
    yield from break_even(conn, table, queries, SMALL[:3] if quick else SMALL)


def like(embeddings: Array, classes: Array, size: int, dice: np.random.Generator) -> Array:
    """Vectors with the means and covariances, between and within classes, of the given ones."""
    _, kinds, counts = np.unique(classes, return_inverse=True, return_counts=True)
    middles = np.array([embeddings[kinds == kind].mean(0) for kind in range(len(counts))])
    several = counts[kinds] > 1  # one alone says nothing of how wide its class is
    among, within = (
        spread(middles - middles.mean(0)),
        spread((embeddings - middles[kinds])[several]),
    )
    normal = dice.standard_normal((size // A_CLASS + 1, len(among)), dtype=np.float32)
    centres = middles.mean(0) + normal @ among
    new_vectors = np.empty((size, embeddings.shape[1]), dtype=np.float32)
    for start in range(0, size, 10_000):
        member = dice.integers(len(centres), size=len(new_vectors[start : start + 10_000]))
        normal = dice.standard_normal((len(member), len(within)), dtype=np.float32)
        new_vectors[start : start + 10_000] = np.maximum(centres[member] + normal @ within, 0)
    return unit(new_vectors)


def spread(rows: Array) -> Array:
    """Axes that turn standard normal numbers into rows of the same covariance."""
    _, lengths, axes = np.linalg.svd(rows / np.sqrt(len(rows)), full_matrices=False)
    scaled: Array = (lengths[:, None] * axes).astype(np.float32)
    return scaled


def nearest_distance(rows: Array) -> float:
    """The median over some of them, exact."""
    near = rows[:200] @ rows.T
    near[np.arange(len(near)), np.arange(len(near))] = -1
    return float(np.median(1 - near.max(1)))


def store(conn: psycopg.Connection, classifier: int, new_vectors: Array) -> Iterator[Row]:
    """Store pictures that have a vector only, and build the index."""
    started = time.perf_counter()
    ids = [image_id for (image_id,) in conn.execute(PICTURES, (len(new_vectors),))]
    pairs = zip(ids, new_vectors, strict=True)
    rows = ((classifier, key, HalfVector(vector), 0, 0.5) for key, vector in pairs)
    copy(conn, "image_vectors", vectors.COLUMNS, rows)
    yield Row(f"{len(new_vectors):,} vectors stored", time.perf_counter() - started, "s")
    memory = max(
        len(new_vectors) * INDEX_BYTES >> 20, 512
    )  # an index that does not fit takes hours
    conn.execute(f"set maintenance_work_mem = '{memory}MB'".encode())
    started = time.perf_counter()
    conn.execute("select muse.index_partition('image_vectors', %s)", (classifier,))
    yield Row(f"{len(new_vectors):,} vectors indexed", time.perf_counter() - started, "s")
    conn.execute("vacuum analyze muse.images, muse.image_vectors")
    name = f"muse_partitions.image_vectors_{classifier}"
    query = "select pg_relation_size(%s) / 1e6::float8, pg_relation_size(%s) / 1e6::float8"
    index, table = conn.execute(query, (f"{name}_vector", name)).fetchone() or (0, 0)
    yield Row("size of the index", index, "MB", "its table", table)


def break_even(
    conn: psycopg.Connection,
    table: sql.Identifier,
    queries: list[HalfVector],
    sizes: tuple[int, ...],
) -> Iterator[Row]:
    """Latency of index and scan by number of rows, and the number where they are equal."""
    rows, gaps = [], []
    for size in sizes:
        conn.execute("drop table if exists pg_temp.few")
        make = sql.SQL("create temporary table few as select image_id, embedding from {} limit {}")
        conn.execute(make.format(table, sql.Literal(size)))
        conn.execute("alter table pg_temp.few alter column embedding set storage plain")
        conn.execute("vacuum analyze pg_temp.few")
        exact = timed(conn, EXACT, sql.Identifier("pg_temp", "few"), queries)
        conn.execute("create index on pg_temp.few using hnsw (embedding public.halfvec_cosine_ops)")
        conn.execute("set enable_seqscan = off")
        index = timed(conn, NEAREST, sql.Identifier("pg_temp", "few"), queries)
        conn.execute("reset enable_seqscan")
        rows.append(Row(f"index, {size:,} rows", index, "ms", "exact scan", exact))
        gaps.append(exact - index)
    conn.execute("drop table pg_temp.few")
    yield from rows
    if gaps[0] < 0 < gaps[-1]:
        yield Row("rows below which an exact scan wins", float(np.interp(0, gaps, sizes)), "rows")


def timed(
    conn: psycopg.Connection, query: str, table: sql.Identifier, queries: list[HalfVector]
) -> float:
    """The median in ms, in one process, after a warm-up."""
    conn.execute("set max_parallel_workers_per_gather = 0; " + SETTINGS)
    text = sql.SQL(query).format(table).as_string(conn)  # type: ignore[arg-type]
    median_ms(conn, text, queries[:3])
    median = median_ms(conn, text, queries)
    conn.execute("reset max_parallel_workers_per_gather")
    return median


def max_id(conn: psycopg.Connection) -> int:
    """The largest image_id."""
    (image_id,) = conn.execute("select max(image_id) from muse.images").fetchone() or (0,)
    return int(image_id)
