"""Readers that query all the time while something else happens."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg

from tests.factories.rows import publish_songs

SIZE = 400  # tracks of each version of the model
SIMILAR = "select round(similarity::numeric, 3) from similar_songs('t0', 50)"


@dataclass
class Answers:
    """What readers saw: the number of queries, their answers as sets of rows, and their errors."""

    queries: int = 0
    kinds: set[tuple[int, frozenset[Any]]] = field(default_factory=set)
    errors: list[psycopg.Error] = field(default_factory=list)

    def check(self) -> None:
        """No reader had an error, and no answer has rows of two versions."""
        assert self.errors == []
        assert all(len(kinds) == 1 and count == 50 for count, kinds in self.kinds)
        assert len(self.kinds) == 2


@contextmanager
def readers(connect: Callable[[], psycopg.Connection], count: int = 2) -> Iterator[Answers]:
    """Readers of similar_songs until the end of the block; connect: in autocommit mode."""
    answers, stop = Answers(), threading.Event()

    def poll() -> None:
        with connect() as conn:
            conn.execute("set lock_timeout = 200")  # a blocked query is an error
            while not stop.is_set():
                rows = conn.execute(SIMILAR).fetchall()
                answers.queries += 1
                answers.kinds.add((len(rows), frozenset(rows)))

    def poll_safely() -> None:
        try:
            poll()
        except psycopg.Error as error:
            answers.errors.append(error)

    threads = [threading.Thread(target=poll_safely) for _ in range(count)]
    for thread in threads:
        thread.start()
    try:
        yield answers
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def add_tracks(conn: psycopg.Connection) -> None:
    """The tracks of `publish_version`."""
    query = "insert into muse.tracks (track_id) select 't' || i from generate_series(0, %s) as i"
    conn.execute(query, (SIZE,))


def publish_version(conn: psycopg.Connection, version: int) -> None:
    """Publish a song model; every similarity is +1 or -1, by the version."""
    sign = 1 if version % 2 else -1
    publish_songs(conn, {f"t{i}": ([1], [sign]) for i in range(SIZE)})
