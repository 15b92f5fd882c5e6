"""Search among 100,000 tracks: latency beside an exact scan, recall, and the radio."""

import statistics
import time
from collections.abc import Iterator

import numpy as np
import psycopg
from pgvector import Vector

from benchmarks.core.report import Row
from benchmarks.songs.search import TRACKS
from loaders.core.db import connect_to_muse, copy
from loaders.core.models import Part, publish

CLUSTERS, SPREAD, DIMENSIONS = 2000, 0.5, 200
COLUMNS = {"model_id": "int8", "track_id": "text", "embedding": "vector"}
SIMILAR = "select track_id from similar_sounds(%s)"
EXACT = """
    select track_id from muse.sound_vectors
    where model_id = live_model('sounds')
    order by -(embedding operator(public.<#>) (
        select embedding from muse.sound_vectors where track_id = %s
    )) desc
    limit 10
"""


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Medians of generated tracks in clusters, which are as near to one another as real ones."""
    size = 20_000 if quick else 100_000
    fill(conn, size)
    with connect_to_muse(autocommit=True) as reader:
        ids = [f"t{number}" for number in np.random.default_rng(1).integers(0, size, 100)]
        similar = latency(reader, SIMILAR, ids)
        yield Row(f"similar_sounds among {size:,}, p50", similar, "ms", "at most", 10)
        exact = latency(reader, EXACT, ids[:20])
        yield Row(f"similar_sounds among {size:,}, p50", similar, "ms", "an exact scan", exact)
        (recall,) = reader.execute("select recall from recall('sound_vectors')").fetchone() or (0,)
        yield Row("recall of 10", recall, "", "at least", 0.95)


def fill(conn: psycopg.Connection, size: int) -> None:
    """Tracks of as many artists as clusters, and their vectors."""
    random = np.random.default_rng(0)
    centres = random.normal(size=(CLUSTERS, DIMENSIONS))

    def fill_part(conn: psycopg.Connection, part: str, model_id: int) -> None:
        def vectors() -> Iterator[tuple[int, str, Vector]]:
            for number in range(size):
                one = centres[number % CLUSTERS] + SPREAD * random.normal(size=DIMENSIONS)
                yield model_id, f"t{number}", Vector(one / np.linalg.norm(one))

        copy(conn, part, COLUMNS, vectors())

    tracks = ((f"t{n}", f"Track {n}", f"Artist {n % CLUSTERS}", 1) for n in range(size))
    copy(conn, "tracks", TRACKS, tracks)
    config = {"tagger": 0, "centre": [0.0] * DIMENSIONS}
    publish(conn, "sounds", config, {}, parts=(Part("sound_vectors", fill_part),))


def latency(reader: psycopg.Connection, query: str, ids: list[str]) -> float:
    """The median in milliseconds, after one call that is not counted."""
    taken = []
    for track_id in (ids[0], *ids):
        started = time.perf_counter()
        rows = reader.execute(query, (track_id,)).fetchall()  # type: ignore[arg-type]
        taken.append((time.perf_counter() - started) * 1000)
        assert len(rows) == 10
    return statistics.median(taken[1:])
