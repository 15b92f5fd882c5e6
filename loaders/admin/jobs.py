"""Runs of jobs: rows of muse.job_runs."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg

from loaders.core.console import note, say
from loaders.core.db import is_usable
from loaders.topics import TOPICS

DRAW = "select samples from muse.draw_samples(%s, %s, %s)"
FINISH = "select muse.finish_job(%s, %s, %s)"


@dataclass
class JobRun:
    """One run of a job. parts: what happened. reason: of the first failure, for the message.

    is_good: whether nothing failed. is_void: nothing was done, so that the run is not recorded.
    """

    name: str
    is_good: bool = True
    parts: list[str] = field(default_factory=list)
    reason: str = ""
    is_void: bool = False

    @property
    def summary(self) -> str:
        return ", ".join(self.parts) or "nothing to do"

    @property
    def message(self) -> str:
        return f"{self.summary}: {self.reason}" if self.reason else self.summary


@contextmanager
def job(conn: psycopg.Connection, name: str) -> Iterator[JobRun]:
    """Record a run of a job with its outcome; an error is recorded and raised again.

    `conn` is in autocommit mode.
    """
    (run_id,) = conn.execute("select muse.start_job(%s)", (name,)).fetchone() or (0,)
    run = JobRun(name)
    try:
        yield run
    except BaseException as error:
        if is_usable(conn):
            conn.execute(FINISH, (run_id, False, str(error) or type(error).__name__))
        raise
    if run.is_void:
        conn.execute("delete from muse.job_runs where run_id = %s", (run_id,))
    else:
        conn.execute(FINISH, (run_id, run.is_good, run.message))


def draw_samples(conn: psycopg.Connection, n: int, seed: int | None) -> None:
    """Draw and store n samples of every kind; print their numbers."""
    with job(conn, "samples") as run:
        for drawing in (drawing for topic in TOPICS for drawing in topic.samples):
            note(f"drawing samples: {drawing}")
            (samples,) = conn.execute(DRAW, (n, seed, drawing)).fetchone() or (0,)
            if samples:
                run.parts.append(f"{samples} {drawing}")
    (say if run.parts else note)(f"samples: {run.summary}")
