"""From a fresh connection to its first row, and what that connection keeps in memory."""

import statistics
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psycopg
from pgvector.psycopg import register_vector

from benchmarks.core.backends import run_at_once
from benchmarks.core.processor import private_megabytes
from benchmarks.core.report import Row
from benchmarks.songs.search import fill
from loaders.core.models import publish

NETWORK = Path(__file__).resolve().parents[2] / "tests" / "data" / "tiny.tflite"
FUNCTION = """
    create function muse.bench_network(x real[]) returns real[] language plpython3u as $$
        import numpy
        from udfs import runtime
        array = numpy.array([x], dtype=numpy.float32)
        return runtime.run(runtime.model(plpy, GD, 'tiny'), array)[0][0].tolist()
    $$;
"""
ASK = {
    "similar_songs": "select * from similar_songs('t1')",
    "a LiteRT function": "select muse.bench_network(array[1, 2, 3, 4])",
    "select 1": "select 1",
}


def rows(quick: bool) -> Iterator[Row]:
    """Medians over fresh connections, one after another; then 32 at once."""
    prepare()
    times = 5 if quick else 31
    base = statistics.median(first_row(ASK["select 1"])[0] for _ in range(times))
    for name in ("similar_songs", "a LiteRT function"):
        taken = [first_row(ASK[name]) for _ in range(times)]
        middle = statistics.median(seconds for seconds, _ in taken)
        yield Row(
            f"fresh connection to first row, {name}", middle * 1000, "ms", "select 1", base * 1000
        )
        memory = statistics.median(megabytes for _, megabytes in taken)
        yield Row(f"private memory (RssAnon) after it, {name}", memory, "MB")
    backends = 4 if quick else 32
    seconds, megabytes = run_at_once(backends, ASK["a LiteRT function"].encode())
    yield Row(f"{backends} fresh connections at once, each a LiteRT function", seconds * 1000, "ms")
    yield Row("their private memory together", megabytes, "MB")


def prepare() -> None:
    """A small song model and a tiny network."""
    content = NETWORK.read_bytes()
    with psycopg.connect(autocommit=True) as conn:
        register_vector(conn)
        fill(conn, 10_000, np.random.default_rng(0))
        conn.execute(FUNCTION)
        publish(conn, "tiny", {}, {}, content=content)


def first_row(query: str) -> tuple[float, float]:
    """Seconds until the first row of a connection's life, and its private memory in MB."""
    started = time.perf_counter()
    with psycopg.connect() as conn:
        conn.execute(query.encode()).fetchone()
        return time.perf_counter() - started, private_megabytes(conn.info.backend_pid)
