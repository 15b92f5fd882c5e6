"""The Postgres server of a test run, and copies of its database."""

import os
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import psycopg
from pgvector.psycopg import register_vector

from loaders.core.server.cluster import DATABASE, SUPERUSER, Server, bindir

# Every copy of a database scans the shared buffers: with 128 MB that is a third of its cost.
SETTINGS = "fsync = off\nfull_page_writes = off\nmax_wal_size = 512MB\nshared_buffers = 32MB\n"
MEMORY, ENOUGH = Path("/dev/shm"), 4 << 30


def folder() -> Path:
    """A new folder, in memory where there are 4 GB of it: a database is created there in 20 ms.

    On a disk that takes 100 to 300 ms.
    """
    in_memory = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ENOUGH
    parent = Path(tempfile.mkdtemp(prefix="pgmuse-", dir=MEMORY if in_memory else "/tmp"))
    parent.chmod(0o755)  # the server's user passes through
    return parent


@contextmanager
def running() -> Iterator[Server]:
    """Start a server; remove it at the end."""
    parent = folder()
    server = Server(parent / "postgres", settings=SETTINGS)
    try:
        server.up()
        yield server
    finally:
        server.remove()
        shutil.rmtree(parent, ignore_errors=True)


def use(server: Server, dbname: str = DATABASE) -> None:
    """Make loaders talk to this server, as PG* variables do for a person."""
    host = str(server.socket)
    os.environ |= {"PGHOST": host, "PGUSER": SUPERUSER, "PGDATABASE": dbname, "PGPORT": "5432"}


@contextmanager
def database(
    server: Server, name: str = "fresh", template: str = DATABASE
) -> Iterator[psycopg.Connection]:
    """Use a copy of a database that nobody is connected to; drop it at the end.

    The connection is in autocommit mode.
    """
    create(server, name, template)
    use(server, name)
    try:
        with connection(server, name) as conn:
            yield conn
    finally:
        use(server)
        drop(server, name)


@contextmanager
def filled(
    server: Server, name: str, fill: Callable[[psycopg.Connection], Any]
) -> Iterator[Callable[[], AbstractContextManager[psycopg.Connection]]]:
    """A database that several tests read, filled once; yields a function that connects to it."""
    with database(server, name) as conn:
        fill(conn)
        use(server)
        yield lambda: connection(server, name)


@contextmanager
def connection(server: Server, name: str) -> Iterator[psycopg.Connection]:
    """A connection in autocommit mode, with the types of pgvector."""
    with server.connect(dbname=name, autocommit=True) as conn:
        register_vector(conn)
        yield conn


def create(server: Server, name: str, template: str) -> None:
    with server.connect(dbname="postgres", autocommit=True) as admin:
        # The default strategy writes every page to the WAL: three times as much work.
        admin.execute(f"create database {name} template {template} strategy file_copy")
        # A copy does not carry the settings of its template.
        admin.execute(f'alter database {name} set search_path = "$user", public, muse')


def drop(server: Server, name: str) -> None:
    """Drop a database; sessions get 0.1 s to end by themselves."""
    sessions = "select from pg_stat_activity where datname = %s"
    with server.connect(dbname="postgres", autocommit=True) as admin:
        for _ in range(20):
            if not admin.execute(sessions, (name,)).rowcount:
                break
            time.sleep(0.005)  # Postgres itself looks again every 0.1 s
        admin.execute(f"drop database {name} with (force)")


def program(name: str, *arguments: str, host: Server, check: bool = True) -> str:
    """Run one of Postgres' programs against a server; return its standard error."""
    environment = dict(os.environ) | {"PGHOST": str(host.socket), "PGUSER": "postgres"}
    done = subprocess.run(
        [bindir() / name, *arguments], env=environment, capture_output=True, text=True, check=check
    )
    return done.stderr
