"""All small grids, looked at by as many workers as there are connections, here or elsewhere.

A block of grids is a transaction: what is killed in the middle of one is done again.
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
from loaders.core.errors import check_out
from loaders.icons.grids import halves
from udfs.grids import blocks

START = """
    with model as (select muse.live_model('classifier') as model_id),
    other as (
        delete from muse.grid_icons using model
        where grid = %(grid)s and grid_icons.model_id <> model.model_id
    )
    insert into muse.grid_blocks as known (grid, block, model_id)
    select %(grid)s, block, model_id from model, generate_series(0, %(blocks)s - 1) as block
    on conflict (grid, block) do update set model_id = excluded.model_id, done_at = null
    where known.model_id <> excluded.model_id
"""
COUNTS = """
    select count(*) filter (where done_at is not null), count(*)
    from muse.grid_blocks where grid = %s
"""
# Not in order of their numbers: what is done at any time is a sample of all.
TAKE = """
    select block from muse.grid_blocks
    where grid = %s and done_at is null
    order by hashint4(block), block
    limit 1 for update skip locked
"""
LOOK = """
    insert into muse.grid_icons as known (grid, label, probability, bitmap, model_id)
    select %(grid)s, label, probability, bitmap, muse.live_model('classifier')
    from muse.best_grids(%(grid)s, %(block)s)
    order by label
    on conflict (grid, label) do update set
        probability = excluded.probability, bitmap = excluded.bitmap, model_id = excluded.model_id
    where excluded.probability > known.probability
"""
DONE = "update muse.grid_blocks set done_at = now() where grid = %s and block = %s"
SHEET = "select muse.labelled_sheet(%s, min_score => %s::real)"


def draw(
    conn: psycopg.Connection,
    grid: int,
    *,
    workers: int,
    limit: int | None = None,
    out: Path | None = None,
    min_score: float = 0.1,
) -> tuple[int, int]:
    """Look at all grids that nobody has looked at, or at `limit` of them; how many of how many.

    `conn` is in autocommit mode. With `out`, a sheet of the best of each label is written.
    """
    check_out(out, [".png"])
    halves.prepare(conn)
    size = 4**grid  # grids of a block
    conn.execute(START, {"grid": grid, "blocks": blocks(grid)})
    done, _ = conn.execute(COUNTS, (grid,)).fetchone() or (0, 0)
    left = blocks(grid) - done
    wanted = left if limit is None else min(left, -(-limit // size))
    with closing(progress("grids", wanted * size, f"grid{grid}")) as bar:
        _Workers(grid, wanted, bar).run(workers)
    done, all_of_them = conn.execute(COUNTS, (grid,)).fetchone() or (0, 0)
    if out is not None:
        (sheet,) = conn.execute(SHEET, (f"grid{grid}", min_score)).fetchone() or (b"",)
        out.write_bytes(sheet)
    return done * size, all_of_them * size


class _Workers:
    """Connections that take one block after the other, until enough are done."""

    def __init__(self, grid: int, wanted: int, bar: Any) -> None:
        self.grid, self.left, self.bar = grid, wanted, bar
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
                    row = conn.execute(TAKE, (self.grid,)).fetchone()
                    if row is None:
                        return
                    conn.execute(LOOK, {"grid": self.grid, "block": row[0]})
                    conn.execute(DONE, (self.grid, row[0]))
                with self.lock:
                    self.bar.update(4**self.grid)

    def _turns(self) -> Iterator[None]:
        while True:
            with self.lock:
                if self.left <= 0:
                    return
                self.left -= 1
            yield
