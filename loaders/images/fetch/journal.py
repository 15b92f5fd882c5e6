"""What a worker fetched, as runs over the sources that asked for it."""

import psycopg

from loaders.core import runs
from loaders.core.entries import bad_entry

# Of workers that were killed: their server process is gone.
INTERRUPTED = """
    update muse.load_runs as run
    set status = 'failed', finished_at = now(), message = 'interrupted'
    from muse.sources as source
    where source.source_id = run.source_id and source.topic = 'images' and run.status = 'running'
        and not exists (
            select from pg_stat_activity as activity where activity.pid = run.backend_pid
        )
"""
COUNT = "update muse.load_runs set loaded = %s, bad = %s where run_id = %s"


class Journal:
    """The runs of one worker, one a source, begun when there is something to write down."""

    def __init__(self, conn: psycopg.Connection) -> None:
        self.conn = conn
        self._runs: dict[int, runs.Run] = {}

    @staticmethod
    def end_interrupted(conn: psycopg.Connection) -> None:
        """Mark the runs of workers that were killed."""
        conn.execute(INTERRUPTED)

    def loaded(self, source_id: int) -> None:
        """A picture more."""
        run = self._run(source_id)
        run.loaded += 1
        self._count(run)

    def left_out(self, source_id: int, address: str, reason: str) -> None:
        """An address that cannot be had."""
        run = self._run(source_id)
        run.leave_out(bad_entry(address, reason, address))
        with self.conn.transaction():
            run.write_errors()
            self._count(run)

    def close(self) -> None:
        """End them all; where the connection is lost, the next worker does."""
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
