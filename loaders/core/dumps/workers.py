"""Chunks staged by processes of their own, a few in flight at a time."""

from collections import deque
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future
from concurrent.futures.process import BrokenProcessPool
from typing import Any

import psycopg

from loaders.core import workers as processes
from loaders.core.db import connect_to_load
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import Counts, Stager
from loaders.core.errors import Problem

MakeStager = Callable[[psycopg.Connection], Stager[Any]]
_stager: Stager[Any] | None = None


def staged(
    chunks: Iterable[Chunk], make: MakeStager, workers: int
) -> Generator[Counts, None, None]:
    """What became of each chunk, in order; memory holds two chunks a worker.

    make: gives a process its stager, and can be sent to it.
    """
    pool = processes.pool(workers, _start, make)
    waiting: deque[Future[Counts]] = deque()
    try:
        for chunk in chunks:
            waiting.append(pool.submit(_stage, chunk))
            if len(waiting) >= 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    except BrokenProcessPool as error:
        raise Problem(
            "a worker process was killed (is there enough memory?): run this again, it goes on"
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


def _start(make: MakeStager) -> None:
    global _stager
    _stager = make(connect_to_load(autocommit=True))


def _stage(chunk: Chunk) -> Counts:
    assert _stager is not None
    return _stager.stage(chunk)
