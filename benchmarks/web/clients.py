"""Clients that request one after another, in a process of their own."""

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any, LiteralString, NamedTuple

import psycopg

from web.database import Database

SECONDS = 60  # limit of a query
JSON, HTML = "application/json", "text/html"
BOUNDARY = "pgmuse-bench"
HEAD = (
    f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n'
    "content-type: image/jpeg\r\n\r\n"
).encode()
TAIL = f"\r\n--{BOUNDARY}--\r\n".encode()

Ask = Callable[[int], None]


class Limit(NamedTuple):
    """Of the requests of one load, whichever comes first."""

    requests: int = 1_000_000
    seconds: float = 3600


class Times(NamedTuple):
    """Milliseconds of the requests, and the words of those that failed."""

    taken: list[float]
    errors: list[str]


class Failed(Exception):
    """The status of an answer that is no success."""


def start() -> None:
    """Nothing to do: the process imports this module."""


def load_pages(
    port: int, paths: Sequence[str], files: Sequence[Path], accept: str, clients: int, limit: Limit
) -> Times:
    """GET the paths in turn, or POST the files to the only one, over connections kept alive."""
    bodies = [HEAD + file.read_bytes() + TAIL for file in files]

    @contextmanager
    def client() -> Iterator[Ask]:
        conn = HTTPConnection("127.0.0.1", port, timeout=60)
        headers = {"accept": accept}

        def ask(number: int) -> None:
            path = paths[number % len(paths)]
            if bodies:
                kind = {"content-type": f"multipart/form-data; boundary={BOUNDARY}"}
                conn.request("POST", path, bodies[number % len(bodies)], headers | kind)
            else:
                conn.request("GET", path, headers=headers)
            response = conn.getresponse()
            content = response.read()
            if response.status != 200:
                raise Failed(f"{response.status}: {content[:200]!r}")

        try:
            yield ask
        finally:
            conn.close()

    return _load(client, clients, limit)


def load_sql(
    queries: Sequence[LiteralString],
    values: Sequence[dict[str, Any]],
    connections: int,
    clients: int,
    limit: Limit,
) -> Times:
    """Run the queries with the values in turn, on as many connections as the pages have."""
    database = Database(connections, SECONDS)

    @contextmanager
    def client() -> Iterator[Ask]:
        def ask(number: int) -> None:
            with database.connection() as conn:  # in order: a queue would starve some clients
                for query in queries:
                    conn.execute(query, values[number % len(values)]).fetchall()

        yield ask

    database.open()
    try:
        _load(client, connections, Limit(4 * connections))  # what a connection's first query reads
        return _load(client, clients, limit)
    finally:
        database.close()


def _load(client: Callable[[], Any], clients: int, limit: Limit) -> Times:
    times = Times([], [])
    numbers = iter(range(limit.requests))  # next() is one step of the interpreter
    deadline = time.monotonic() + limit.seconds

    def work() -> None:
        with client() as ask:
            for number in numbers:
                if time.monotonic() > deadline:
                    break
                started = time.perf_counter()
                try:
                    ask(number)
                except (OSError, Failed, psycopg.Error) as error:
                    times.errors.append(str(error))
                else:
                    times.taken.append(1000 * (time.perf_counter() - started))

    workers = [threading.Thread(target=work) for _ in range(clients)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return times
