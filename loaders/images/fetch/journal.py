"""The runs of one fetching worker: one row of load_runs for each source that queued an address."""

import psycopg

from loaders.core import runs
from loaders.core.entries import bad_entry
from loaders.images.fetch.queue import QUERIES

COUNT = "update muse.load_runs set loaded = %s, bad = %s where run_id = %s"


class Journal:
    """The runs of one worker, by source. A run begins with the source's first outcome."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self._runs: dict[int, runs.Run] = {}

    @staticmethod
    def end_interrupted(conn: psycopg.Connection) -> None:
        """Mark the runs of killed workers as failed."""
        conn.execute(QUERIES.fail_interrupted_runs)

    def add_loaded(self, source_id: int) -> None:
        """Count a picture that was stored for a source."""
        run = self._run(source_id)
        run.loaded += 1
        self._count(run)

    def add_failed(self, source_id: int, address: str, reason: str) -> None:
        """Count an address that cannot be fetched, and store the reason in load_errors."""
        run = self._run(source_id)
        run.leave_out(bad_entry(address, reason, address))
        with self.conn.transaction():
            run.write_errors()
            self._count(run)

    def close(self) -> None:
        """Finish all runs. After a lost connection the next worker marks them as failed."""
        if self.conn.broken:
            return
        for run in self._runs.values():
            runs.finish(run)
        self._runs.clear()

    def _run(self, source_id: int) -> runs.Run:
        if source_id not in self._runs:
            self._runs[source_id] = runs.begin(self.conn, source_id)
        return self._runs[source_id]

    def _count(self, run: runs.Run) -> None:
        self.conn.execute(COUNT, (run.loaded, run.bad, run.run_id))
