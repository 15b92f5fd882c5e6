"""Search among a million tracks, beside an exact scan and the first song radio's query."""

import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from pgvector.psycopg import register_vector

from benchmarks.core.report import Row
from loaders.core.db import copy
from loaders.core.models import Part, publish
from loaders.core.server.cluster import bindir
from loaders.songs.train import VECTORS

TRACKS = {"track_id": "text", "name": "text", "artist": "text", "places": "int8"}
CLUSTERS, SPREAD = 5000, 0.5
EXACT = """
    select track_id from muse.song_vectors
    where model_id = (select model_id from muse.deployments where name = 'songs')
    order by -(context_vector <#> (
        select input_vector from muse.song_vectors where track_id = %s limit 1)) desc
    limit 10
"""
CUBE = """
    select track_id from cubes
    order by cube_distance(place, (select place from cubes where track_id = %s)) limit 10
"""


def rows(quick: bool) -> Iterator[Row]:
    """Latency from one client and from eight, recall, and the peers on the same rows."""
    size = 20_000 if quick else 1_000_000
    with psycopg.connect(autocommit=True) as conn:
        register_vector(conn)
        started = time.perf_counter()
        fill(conn, size, np.random.default_rng(0))
        yield Row(
            f"{size:,} tracks stored, indexed and published", time.perf_counter() - started, "s"
        )
        conn.execute("vacuum analyze muse.tracks")
        make_cubes(conn)
        exact = median_ms(conn, EXACT, size, 5 if quick else 15)
        cube = median_ms(conn, CUBE, size, 3 if quick else 9)
        seconds = 3 if quick else 30
        for clients in (1, 8):
            times = pgbench("select * from similar_songs('t' || :i)", size, clients, seconds)
            middle, slowest = np.percentile(times, [50, 99])
            name = f"similar_songs, {clients} client{'s' if clients > 1 else ''}"
            yield Row(f"{name}, p50", middle, "ms", "exact scan", exact)
            yield Row(f"{name}, p50", middle, "ms", "cube_distance", cube)
            yield Row(f"{name}, p99", slowest, "ms")
        inner = (
            "select * from similar_songs((select track_id from tracks where track_id = 't' || :i))"
        )
        middle, slowest = np.percentile(pgbench(inner, size, 1, seconds), [50, 99])
        yield Row("similar_songs of a sub-select, p50", middle, "ms", "cube_distance", cube)
        yield Row("similar_songs of a sub-select, p99", slowest, "ms")
        radio = "select * from song_radio(array['t' || :i, 't' || (:i + 1) % 1000])"
        middle, slowest = np.percentile(pgbench(radio, size, 1, seconds), [50, 99])
        yield Row("song_radio of two seeds, p50", middle, "ms")
        yield Row("song_radio of two seeds, p99", slowest, "ms")
        sample = 50 if quick else 200
        recall = conn.execute(
            "select recall from recall('song_vectors', 10, %s)", (sample,)
        ).fetchone()
        yield Row("recall@10 of similar_songs at its settings", recall[0] if recall else 0)


def fill(conn: psycopg.Connection, size: int, dice: np.random.Generator) -> None:
    """Publish tracks t0, t1, ... whose vectors stand in clusters, as those of songs do."""
    names = [f"t{number}" for number in range(size)]
    copy(conn, "tracks", TRACKS, ((name, name, f"of {name[:-1]}", 1) for name in names))
    centres = unit(dice.standard_normal((CLUSTERS, 64)))
    member = dice.integers(CLUSTERS, size=size)
    inputs, contexts = (
        unit(centres[member] + SPREAD * unit(dice.standard_normal((size, 64)))) for _ in range(2)
    )

    def fill_vectors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        rows = zip(names, inputs, contexts, strict=True)
        copy(conn, part, VECTORS, ((model_id, *row) for row in rows))

    def fill_neighbors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        """None: the radio's other half is a look-up by key."""

    parts = Part("song_vectors", fill_vectors), Part("song_neighbors", fill_neighbors)
    publish(conn, "songs", {}, {}, parts=parts)


def unit(rows: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Rows of length one, in the four bytes that pgvector keeps."""
    scaled: np.ndarray[Any, Any] = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    return scaled.astype(np.float32)


def make_cubes(conn: psycopg.Connection) -> None:
    """The same vectors as the first song radio kept them."""
    conn.execute("create extension cube")
    conn.execute(
        "create table cubes as select track_id, cube(context_vector::real[]::float8[]) as place "
        "from muse.song_vectors"
    )
    conn.execute("alter table cubes add primary key (track_id)")
    conn.execute("vacuum analyze cubes")


def median_ms(conn: psycopg.Connection, query: str, size: int, times: int) -> float:
    """The median of some calls, in one process as the others are."""
    conn.execute("set max_parallel_workers_per_gather = 0")
    taken = []
    for number in range(times):
        started = time.perf_counter()
        conn.execute(query.encode(), (f"t{number * 7919 % size}",)).fetchall()
        taken.append(1000 * (time.perf_counter() - started))
    conn.execute("reset max_parallel_workers_per_gather")
    return statistics.median(taken)


def pgbench(query: str, size: int, clients: int, seconds: int) -> list[float]:
    """Latencies in ms of a prepared query with a random :i, from so many clients."""
    with tempfile.TemporaryDirectory() as folder:
        script = Path(folder) / "script.sql"
        script.write_text(f"\\set i random(0, {size - 1})\n{query};\n")
        command = [str(bindir() / "pgbench"), "-n", "-M", "prepared", "-f", str(script), "-j", "2"]
        command += ["-c", str(clients), "-T", str(seconds), "-l", "--log-prefix", f"{folder}/log"]
        subprocess.run(command, check=True, capture_output=True)
        lines = [line for log in Path(folder).glob("log*") for line in log.read_text().splitlines()]
    return [int(line.split()[2]) / 1000 for line in lines]
