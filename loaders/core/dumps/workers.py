"""Worker processes that stage chunks; two chunks are in flight for each."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from typing import Any

import psycopg

from loaders.core.db import connect_to_load
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import ChunkCounts, Stager
from loaders.core.errors import Problem
from loaders.core.workers import Pool, WorkerDied

MakeStager = Callable[[psycopg.Connection], Stager[Any]]
_stager: Stager[Any] | None = None  # of this worker process


def staged(
    chunks: Iterable[Chunk], make: MakeStager, workers: int
) -> Generator[ChunkCounts, None, None]:
    """Stage the chunks; yield the counts of each, in order. At most 2 * workers are in memory.

    make: builds the stager of a worker process; it is pickled. Errors: Problem if a worker dies.
    """
    in_flight: deque[Future[ChunkCounts]] = deque()
    with Pool(workers, _start, make) as pool:
        try:
            for chunk in chunks:
                in_flight.append(pool.submit(_stage, chunk))
                if len(in_flight) >= 2 * workers:
                    yield in_flight.popleft().result()
            while in_flight:
                yield in_flight.popleft().result()
        except WorkerDied as error:
            raise Problem(
                "a worker process was killed (is there enough memory?): run the command again, "
                "the load resumes"
            ) from error


def _start(make: MakeStager) -> None:
    global _stager
    _stager = make(connect_to_load(autocommit=True))


def _stage(chunk: Chunk) -> ChunkCounts:
    assert _stager is not None
    return _stager.stage(chunk)
