"""Classify all small grids with several workers, on one machine or more.

A block of grids is one transaction: an interrupted block is queued again.
"""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.console import progress
from loaders.core.db import connect_to_load
from loaders.core.errors import check_out, write_out
from loaders.core.queries import Queries
from loaders.icons.grids import halves
from udfs.grids import blocks

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SHEET = "select muse.labelled_sheet(%s, min_score => %s::real, network => %s)"


def draw(
    conn: psycopg.Connection,
    grid: int,
    *,
    workers: int,
    limit: int | None = None,
    out: Path | None = None,
    min_score: float = 0.1,
) -> tuple[int, int]:
    """Classify all grids that are left, or about `limit` of them; return (done, total).

    `conn` is in autocommit mode. With `out`, write a sheet of the best grid of each label.
    Errors: Problem where `out` cannot be written, or no classifier is live.
    """
    check_out(out, [".png"])
    halves.prepare(conn)
    size = 4**grid  # grids of a block
    (network,) = conn.execute(QUERIES.network).fetchone() or ("",)
    search = {"network": network, "grid": grid}
    conn.execute(QUERIES.queue_blocks, search | {"blocks": blocks(grid)})
    done, _ = conn.execute(QUERIES.count_blocks, search).fetchone() or (0, 0)
    left = blocks(grid) - done
    count = left if limit is None else min(left, -(-limit // size))
    with closing(progress("grids", count * size, f"grid{grid}")) as bar:
        _Workers(search, count, bar).run(workers)
    done, total = conn.execute(QUERIES.count_blocks, search).fetchone() or (0, 0)
    if out is not None:
        (sheet,) = conn.execute(SHEET, (f"grid{grid}", min_score, network)).fetchone() or (b"",)
        write_out(out, sheet)
    return done * size, total * size


class _Workers:
    """Threads with a connection each, which process blocks until `count` are done."""

    def __init__(self, search: dict[str, Any], count: int, bar: Any) -> None:
        self.search, self.left, self.bar = search, count, bar
        self.lock = threading.Lock()
        self.conns: list[psycopg.Connection] = []

    def run(self, workers: int) -> None:
        with ThreadPoolExecutor(workers) as pool:
            try:
                for work in [pool.submit(self._work) for _ in range(workers)]:
                    work.result()
            except BaseException:
                self.left = 0
                for conn in self.conns:
                    conn.cancel()
                raise

    def _work(self) -> None:
        with connect_to_load() as conn:
            self.conns.append(conn)
            for _ in self._turns():
                with conn.transaction():
                    row = conn.execute(QUERIES.lease_block, self.search).fetchone()
                    if row is None:
                        return
                    values = self.search | {"block": row[0]}
                    conn.execute(QUERIES.score_block, values)
                    conn.execute(QUERIES.finish_block, values)
                with self.lock:
                    self.bar.update(4 ** self.search["grid"])

    def _turns(self) -> Iterator[None]:
        while True:
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= 1
            yield
