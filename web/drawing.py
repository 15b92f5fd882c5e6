"""Draws what is requested: rows of drawing_requests, one at a time."""

import threading
import time
from collections.abc import Callable
from typing import LiteralString

import psycopg

from loaders.core import db
from loaders.core.console import note
from loaders.core.errors import Problem

IDLE = 2.0  # seconds between two looks at the queue
AFTER_ERROR = 15.0


class Drawings:
    """A thread that draws; `wake` makes it look at the queue at once.

    check: called before each connection; it raises psycopg.Error while the server is stopped, which
    a connection would start again.
    """

    def __init__(self, check: Callable[[], object] = lambda: None) -> None:
        self._check = check
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self.run, name="drawings", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        self._wake.set()

    def stop(self) -> None:
        self._stop.set()
        self._wake.set()

    def run(self) -> None:
        """Draw what is requested until `stop`; a lost connection is opened again."""
        while not self._stop.is_set():
            try:
                self._check()
                with db.connect_to_load(autocommit=True) as conn:
                    while not self._stop.is_set():
                        draw_waiting(conn)
                        self._wake.wait(IDLE)
                        self._wake.clear()
            except (psycopg.Error, Problem) as error:
                note(f"drawings: {error}")
                self._stop.wait(AFTER_ERROR)


def draw_forever() -> None:
    """Draw what is requested until Ctrl-C. Errors: Problem where it cannot begin."""
    db.connect_to_load(announce=True).close()
    Drawings().run()


def draw_waiting(conn: psycopg.Connection) -> int:
    """Draw all requests that wait; returns their number. `conn` is in autocommit mode."""
    drawn = 0
    while (request_id := _scalar(conn, "select muse.start_drawing()")) is not None:
        started = time.monotonic()
        outcome = _scalar(conn, "select muse.finish_drawing(%s)", request_id)
        note(f"drawing {request_id}: {outcome}, {time.monotonic() - started:.1f} s")
        drawn += 1
    return drawn


def _scalar(conn: psycopg.Connection, query: LiteralString, *values: object) -> object:
    row = conn.execute(query, values).fetchone()
    return None if row is None else row[0]
