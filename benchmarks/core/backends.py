"""A query on many connections at the same time."""

import threading
import time
from collections.abc import Sequence
from typing import Any

import psycopg

from benchmarks.core.processor import private_megabytes


def run_at_once(backends: int, query: bytes, parameters: Sequence[Any] = ()) -> tuple[float, float]:
    """Seconds until all backends have answered, and the MB of their memory while all are open."""
    connections: list[psycopg.Connection] = []

    def work() -> None:
        conn = psycopg.connect()
        conn.execute(query, parameters or None).fetchone()
        connections.append(conn)

    started = time.perf_counter()
    workers = [threading.Thread(target=work) for _ in range(backends)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    seconds = time.perf_counter() - started
    megabytes = sum(private_megabytes(conn.info.backend_pid) for conn in connections)
    for conn in connections:
        conn.close()
    assert len(connections) == backends
    return seconds, megabytes
