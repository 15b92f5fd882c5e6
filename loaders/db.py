"""Where the database is, and the one place that knows bulk loading."""

import os
from collections.abc import Iterable, Sequence
from typing import Any

import psycopg
from pgvector.psycopg import register_vector
from psycopg import sql

from loaders.errors import Problem, say
from loaders.server import embedded

CHOSEN_BY = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")


class Json(bytes):
    """JSON as text, which goes into a jsonb column as it is."""


class _JsonDumper(psycopg.adapt.Dumper):
    oid = psycopg.adapters.types["jsonb"].oid
    format = psycopg.pq.Format.BINARY

    def dump(self, obj: Json) -> bytes:
        return b"\1" + obj  # the version of jsonb's binary form


def chosen() -> bool:
    """Whether the environment names a server; if not, it is the embedded one."""
    return any(os.environ.get(name) for name in CHOSEN_BY)


def conninfo() -> dict[str, str]:
    """What libpq needs; the embedded server is started where it does not run."""
    if chosen():
        return {}
    server = embedded()
    server.up()
    return server.conninfo


def connect(**options: Any) -> psycopg.Connection:
    """Open a connection to the chosen server, or say in one line why there is none."""
    defaults: dict[str, Any] = {"connect_timeout": 10, "application_name": "pgmuse"}
    try:
        conn = psycopg.connect(**(defaults | conninfo() | options))
    except psycopg.OperationalError as error:
        raise Problem(f"no connection: {' '.join(str(error).split())}") from error
    # A temporary table of ours may not stand in for one of muse's, nor one of public's.
    conn.execute("set search_path = pg_catalog, muse, public, pg_temp")
    conn.commit()
    return conn


def connect_to_muse(*, writes: bool = False, **options: Any) -> psycopg.Connection:
    """`connect` to a database that is migrated; say which on stderr where it will be written."""
    conn = connect(**options)
    if conn.execute("select to_regclass('muse.models')").fetchone() == (None,):
        where = described(conn)
        conn.close()
        raise Problem(f"{where} has no schema muse yet: run ./pgmuse migrate")
    register_vector(conn)
    conn.adapters.register_dumper(Json, _JsonDumper)
    conn.commit()
    if writes:
        say(f"writing to {described(conn)}")
    return conn


def described(conn: psycopg.Connection) -> str:
    """Which database that is, for a person."""
    info = conn.info
    where = f"{info.host}:{info.port}" if chosen() else "the embedded server"
    return f"database {info.dbname} on {where}"


def table_name(name: str) -> sql.Identifier:
    """A table of ours by its name, with its schema where that is not muse."""
    schema, _, table = name.rpartition(".")
    return sql.Identifier(schema or "muse", table)


def copy(
    conn: psycopg.Connection, table: str, columns: dict[str, str], rows: Iterable[Sequence[Any]]
) -> int:
    """Append rows by binary COPY; `columns` maps names to types. Return how many there were."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("copy {} ({}) from stdin (format binary)").format(table_name(table), names)
    count = 0
    with conn.cursor() as cursor, cursor.copy(into) as out:
        out.set_types(list(columns.values()))
        for row in rows:
            out.write_row(row)
            count += 1
    return count
