"""The training playlists, streamed from the database: a million of them do not fit in memory."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("training.sql"))


class Corpus:
    """The visible parts of the training playlists, streamed from the database per iteration.

    gensim iterates in a thread, and hangs if the iterator raises: an error ends the iteration
    early and is raised by `check`.
    """

    def __init__(
        self, conn: psycopg.Connection, on_places: Callable[[int], Any] = lambda places: None
    ) -> None:
        self.conn = conn
        self.on_places = on_places
        self.error: psycopg.Error | None = None

    def __iter__(self) -> Iterator[list[str]]:
        try:
            with self.conn.transaction(), self.conn.cursor("playlists", binary=True) as cursor:
                cursor.itersize = 1000
                for (items,) in cursor.execute(QUERIES.visible_parts):
                    yield items
                    self.on_places(len(items))
        except psycopg.Error as error:
            self.error = error

    def check(self) -> None:
        """Raise the error that ended an iteration early."""
        if self.error is not None:
            raise self.error
