"""Queries of the pages, as muse_reader, each with its text to copy."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg.rows import dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from loaders.core import db

WAIT = 20  # seconds for a connection of the pool
# Seconds until a server that refuses connections is away. The pool then gives up, and the next
# request tries anew; by default it tries for 5 minutes, ever more seldom.
NOTICE = 3
LONGEST = 2_000  # characters of a query that is shown
# Errors of arguments: their words are ours, and meant for the visitor.
PROBLEMS = (
    psycopg.DataError,
    psycopg.errors.RaiseException,
    psycopg.errors.UndefinedObject,
    psycopg.errors.ObjectNotInPrerequisiteState,
    psycopg.errors.ConfigurationLimitExceeded,
)


@dataclass(frozen=True)
class Result:
    """Rows by column name, the query to copy, and the notices of the database."""

    rows: list[dict[str, Any]]
    query: str = ""
    notices: list[str] = field(default_factory=list)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return iter(self.rows)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def first(self) -> dict[str, Any] | None:
        return self.rows[0] if self.rows else None


class Away(psycopg.OperationalError):
    """The server does not answer."""


class Database:
    """A pool of connections whose sessions are muse_reader's."""

    def __init__(self, connections: int, seconds: int) -> None:
        self._seconds = seconds
        self._pool = ConnectionPool(
            kwargs=_server()  # first: it has another application_name
            | {
                "autocommit": True,
                "row_factory": dict_row,
                "application_name": "pgmuse serve",
                "client_encoding": "utf8",
                "connect_timeout": 10,
            },
            min_size=1,
            max_size=connections,
            max_waiting=64,
            timeout=WAIT,
            reconnect_timeout=NOTICE,
            configure=self._configure,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def open(self) -> None:
        self._pool.open()

    def close(self) -> None:
        self._pool.close()

    @contextmanager
    def connection(self) -> Iterator[psycopg.Connection[dict[str, Any]]]:
        """A connection for several queries.

        Errors: PoolTimeout, TooManyRequests, Away.
        """
        conn = self._connection()
        try:
            with conn:
                yield conn
        finally:
            self._pool.putconn(conn)

    def _connection(self) -> psycopg.Connection[dict[str, Any]]:
        errors = self._errors
        with suppress(PoolTimeout):
            return self._pool.getconn(NOTICE)
        if self._errors > errors:
            raise Away("the server refuses connections")
        return self._pool.getconn(WAIT - NOTICE)

    @property
    def _errors(self) -> int:
        """Connections that failed, since the pool was opened."""
        return self._pool.get_stats().get("connections_errors", 0)

    def check(self) -> None:
        """Check that the server answers. Errors: as of `connection`."""
        with self.connection():
            pass

    def select(self, query: LiteralString, /, **values: Any) -> Result:
        """The rows of a query, and its text with the values in it."""
        with self.connection() as conn:
            return select(conn, query, **values)

    def _configure(self, conn: psycopg.Connection[Any]) -> None:
        conn.prepare_threshold = None if db.is_pooled(conn) else 5
        conn.execute(db.QUERIES.session_settings)
        conn.execute("select set_config('statement_timeout', %s, false)", (f"{self._seconds}s",))
        conn.execute("set role muse_reader")


def _server() -> dict[str, str]:
    """Parameters of the configured server, fixed for all connections. Errors: Problem."""
    with db.connect_to_muse() as conn:
        password = {"password": conn.info.password} if conn.info.password else {}
        return conn.info.get_parameters() | password


def select(
    conn: psycopg.Connection[dict[str, Any]], query: LiteralString, /, **values: Any
) -> Result:
    """The rows of a query on a connection, and its text with the values in it."""
    notices: list[str] = []

    def keep(notice: psycopg.errors.Diagnostic) -> None:
        if notice.message_primary:
            notices.append(notice.message_primary)

    conn.add_notice_handler(keep)
    try:
        rows = conn.execute(query, values).fetchall()
    finally:
        conn.remove_notice_handler(keep)
    return Result(rows, text(conn, query, values), notices)


def text(conn: psycopg.Connection[Any], query: LiteralString, values: dict[str, Any]) -> str:
    """A query as psql takes it: with its values, without its comments."""
    lines = [line for line in query.splitlines() if not line.strip().startswith("--")]
    shown = psycopg.ClientCursor(conn).mogrify("\n".join(lines).encode(), values)
    return shown if len(shown) <= LONGEST else f"{shown[:LONGEST]} ..."


def words_of(error: psycopg.Error) -> str:
    """The message of an error of our functions; PL/Python writes `pgmuse: ` before it."""
    return (error.diag.message_primary or "").removeprefix("pgmuse: ")
