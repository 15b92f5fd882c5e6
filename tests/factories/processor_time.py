"""Processor time in place of the clock: a test that measures it passes on a loaded machine too."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

TICKS = os.sysconf("SC_CLK_TCK")


def of_process(pid: int) -> float:
    """Seconds of processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


@contextmanager
def used_by(conn: psycopg.Connection) -> Iterator[Callable[[], float]]:
    """Seconds that the connection's server process uses in the block, as a function."""
    pid = conn.info.backend_pid
    start = of_process(pid)
    yield lambda: of_process(pid) - start


@contextmanager
def used_here() -> Iterator[Callable[[], float]]:
    """Seconds that this process uses in the block, as a function."""
    start = time.process_time()
    yield lambda: time.process_time() - start
