"""Connections to the database, named locks, and COPY."""

import logging
import os
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import psycopg.conninfo
from pgvector.psycopg.bit import register_bit_info
from pgvector.psycopg.halfvec import register_halfvec_info
from pgvector.psycopg.vector import register_vector_info
from psycopg import sql
from psycopg.types import TypeInfo

import udfs
from loaders.core.console import note
from loaders.core.errors import Busy, Problem
from loaders.core.queries import Queries
from loaders.core.server.cluster import embedded

takes_locks = ContextVar("takes_locks", default=True)  # false while nothing is written
# Time of time.monotonic until which `lock` waits for another session; None: as long as it takes.
waits_until: ContextVar[float | None] = ContextVar("waits_until", default=None)
QUERIES = Queries(Path(__file__).with_name("queries.sql"))
# No warnings after a Ctrl-C or a lost connection, in worker processes either: errors say it.
logging.getLogger("psycopg").setLevel(logging.ERROR)
SERVER_VARIABLES = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")
VERSION_TABLE = "select pg_catalog.to_regclass('muse.alembic_version')"
PGVECTOR_TYPES: dict[tuple[str, str], Callable[[psycopg.Connection, TypeInfo], None]] = {
    ("public", "vector"): register_vector_info,
    ("public", "halfvec"): register_halfvec_info,
    ("pg_catalog", "bit"): register_bit_info,
}


class Json(bytes):
    """JSON text for a jsonb column, sent without parsing it."""


class _JsonDumper(psycopg.adapt.Dumper):
    oid = psycopg.adapters.types["jsonb"].oid
    format = psycopg.pq.Format.BINARY

    def dump(self, obj: Json) -> bytes:
        return b"\1" + obj  # the version of jsonb's binary form


def is_configured() -> bool:
    """Whether PG* variables name a server; without them the embedded one is used."""
    return any(os.environ.get(name) for name in SERVER_VARIABLES)


def conninfo() -> dict[str, str]:
    """Parameters for libpq; starts the embedded server if it is used and not running."""
    if is_configured():
        return {}
    server = embedded()
    server.up()
    return server.conninfo


def connect(**options: Any) -> psycopg.Connection:
    """Open a connection to the configured server, with fixed session settings.

    options: as for psycopg.connect. Errors: Problem where the server cannot be reached.
    """
    defaults: dict[str, Any] = {
        "connect_timeout": 10,
        "application_name": "pgmuse",
        "client_encoding": "utf8",  # overrides PGCLIENTENCODING
    }
    try:
        conn = psycopg.connect(**(defaults | conninfo() | options))
    except psycopg.OperationalError as error:
        raise Problem(f"no connection: {' '.join(str(error).split())}") from error
    if is_pooled(conn):
        conn.prepare_threshold = None  # the next transaction may use another server process
    else:
        conn.execute(QUERIES.session_settings)
    conn.commit()
    return conn


def is_pooled(conn: psycopg.Connection) -> bool:
    """Whether a pooler such as pgbouncer is in between: it reports process ids of its own."""
    pid = conn.execute("select pg_catalog.pg_backend_pid()").fetchone()
    return pid != (conn.info.backend_pid,)


def is_usable(conn: psycopg.Connection) -> bool:
    """Whether a connection can run a query.

    False after the server ended it, and after a Ctrl-C that left a query without its result.
    """
    return conn.pgconn.transaction_status not in (
        psycopg.pq.TransactionStatus.UNKNOWN,
        psycopg.pq.TransactionStatus.ACTIVE,
    )


def connect_to_muse(**options: Any) -> psycopg.Connection:
    """`connect` to a migrated database, for reading.

    Errors: Problem where its revision is not this code's, or its encoding is not UTF8.
    """
    conn = connect(**options)
    try:
        _check_revision(conn)
        _register_types(conn)
    except BaseException:
        conn.close()
        raise
    conn.commit()
    return conn


def connect_to_load(*, announce: bool = False, **options: Any) -> psycopg.Connection:
    """`connect_to_muse` with the role muse_loader, for loads, trainings and their workers.

    announce: print the name of the database to stderr. Errors: Problem where the login is not a
    member of muse_loader, or a pooler is in between.
    """
    conn = connect_to_muse(**options)
    try:
        if is_pooled(conn):
            raise Problem(
                "a load needs a connection of its own: connect to the server itself and not "
                f"through the pooler at {conn.info.host}:{conn.info.port}"
            )
        check_writable(conn)
        _check_owner(conn)
        conn.execute("set role muse_loader")
    except psycopg.errors.InsufficientPrivilege as error:
        user = conn.info.user
        conn.close()
        raise Problem(f"{user} may not load: grant muse_loader to {user}") from error
    except BaseException:
        conn.close()
        raise
    conn.commit()
    if announce:
        note(f"writing to {describe(conn)}")
    return conn


def _check_revision(conn: psycopg.Connection) -> None:
    where = describe(conn)
    if (encoding := conn.info.parameter_status("server_encoding")) != "UTF8":
        raise Problem(f"{where} has the encoding {encoding}: create a database with UTF8")
    try:
        if conn.execute(VERSION_TABLE).fetchone() == (None,):
            raise Problem(f"{where} has no schema muse yet: run ./pgmuse migrate")
        rows = conn.execute("select version_num from muse.alembic_version").fetchall()
    except psycopg.errors.InsufficientPrivilege as error:
        user = conn.info.user
        raise Problem(f"{user} may not read {where}: grant muse_reader to {user}") from error
    if len(rows) != 1:
        what = (
            "several revisions: two dumps were restored into it"
            if rows
            else ("no revision: restore it with its data, not its schema alone")
        )
        raise Problem(f"{where} has {what}")
    revision = rows[0][0]
    if revision > udfs.REVISION:
        raise Problem(
            f"{where} is of revision {revision}, newer than this code ({udfs.REVISION}): update it"
        )
    if revision < udfs.REVISION:
        raise Problem(
            f"{where} is of revision {revision}, this code needs {udfs.REVISION}: "
            "run ./pgmuse migrate"
        )


def check_writable(conn: psycopg.Connection) -> None:
    """Errors: Problem where the server is a replica."""
    if conn.execute("select pg_catalog.pg_is_in_recovery()").fetchone() == (True,):
        raise Problem(f"{describe(conn)} is a replica, which can only be read: use its primary")


def _check_owner(conn: psycopg.Connection) -> None:
    """Check the owner: its triggers could `reset role` to a superuser's login. Errors: Problem."""
    owner = conn.execute(QUERIES.select_weaker_owner).fetchone()
    if owner is not None:
        raise Problem(
            f"the schema muse is {owner[0]}'s, whose triggers would run as a superuser: load as a "
            "login that is a member of muse_loader and no superuser"
        )


def _register_types(conn: psycopg.Connection) -> None:
    """Register pgvector's types by qualified names, since search_path excludes public."""
    for (schema, name), register in PGVECTOR_TYPES.items():
        info = TypeInfo.fetch(conn, sql.Identifier(schema, name))
        assert info is not None
        register(conn, info)
    conn.adapters.register_dumper(Json, _JsonDumper)


@contextmanager
def lock(conn: psycopg.Connection, name: str, *, wait: bool = True) -> Iterator[None]:
    """Acquire a named lock until the end of the block, across transactions of `conn`.

    A second connection holds it, in a transaction without a transaction id or a snapshot, so that
    vacuum is not delayed. The server releases it when this process ends. If another session has
    the lock, this prints which one and waits.

    Errors: Busy where another session has the lock and `wait` is false, or `waits_until` is over.
    """
    if not takes_locks.get():
        yield
        return
    with _same_database(conn) as holder:
        if not _take_lock(holder, name):
            if not wait:
                raise Busy(f"{_describe_holder(holder, name)}; nothing done")
            note(f"waiting: {_describe_holder(holder, name)}")
            _wait_for_lock(holder, name)
        yield


def _wait_for_lock(holder: psycopg.Connection, name: str) -> None:
    until = waits_until.get()
    if until is not None:
        milliseconds = max(1, int(1000 * (until - time.monotonic())))
        holder.execute("select set_config('lock_timeout', %s, true)", (str(milliseconds),))
    try:
        holder.execute(_lock_statement(name))
    except psycopg.errors.LockNotAvailable as error:
        holder.rollback()
        raise Busy(f"{_describe_holder(holder, name)}; no time is left to wait") from error


def take_turns(conn: psycopg.Connection, name: str) -> None:
    """Wait for a named lock and keep it until the end of this transaction."""
    conn.execute(_lock_statement(name))


def try_turn(conn: psycopg.Connection, name: str) -> bool:
    """Take a named lock until the end of this transaction; whether no other session has it."""
    try:
        with conn.transaction():
            conn.execute(_lock_statement(name) + sql.SQL(" nowait"))
    except psycopg.errors.LockNotAvailable:
        return False
    return True


def _lock_statement(name: str) -> sql.Composed:
    statement = sql.SQL("lock table {} in share update exclusive mode")
    return statement.format(sql.Identifier("muse_locks", name))


def _take_lock(holder: psycopg.Connection, name: str) -> bool:
    try:
        holder.execute(_lock_statement(name) + sql.SQL(" nowait"))
    except psycopg.errors.LockNotAvailable:
        holder.rollback()
        return False
    return True


def _same_database(conn: psycopg.Connection) -> psycopg.Connection:
    """A second connection to the same database, with the same role."""
    info = psycopg.conninfo.conninfo_to_dict(conn.info.dsn)
    other = connect(**info, password=conn.info.password or None)
    (role,) = conn.execute("select current_user").fetchone() or ("",)
    other.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    other.commit()
    return other


def _describe_holder(conn: psycopg.Connection, name: str) -> str:
    values = {"table": f"muse_locks.{name}"}
    row = conn.execute(QUERIES.select_lock_holder, values).fetchone()
    conn.rollback()
    by = "process {} of {} on {}".format(*row) if row else "another session"
    return f"{by} holds the lock {name!r}"


def describe(conn: psycopg.Connection) -> str:
    """The database and its server, in words for messages."""
    info = conn.info
    where = f"{info.host}:{info.port}" if is_configured() else "the embedded server"
    return f"database {info.dbname} on {where}"


def analyze(conn: psycopg.Connection, *tables: str) -> None:
    """Run ANALYZE on tables of the schema muse."""
    conn.execute("select muse.analyze_tables(%s)", ([f"muse.{table}" for table in tables],))


def is_distributed(conn: psycopg.Connection, table: str) -> bool:
    """Whether a table of muse is on the nodes of a cluster."""
    return conn.execute("select muse.is_distributed(%s)", (table,)).fetchone() == (True,)


def script(
    conn: psycopg.Connection,
    statements: LiteralString | sql.Composed,
    values: Mapping[str, Any] | None = None,
) -> int:
    """Run one or several statements in the caller's transaction; return the last one's row count.

    The values become literals, because a server takes parameters for one statement only.
    """
    with psycopg.ClientCursor(conn) as cursor:
        cursor.execute(statements, values)
        while cursor.nextset():
            pass
        return cursor.rowcount


def table_name(name: str) -> sql.Identifier:
    """The identifier of `table` in the schema muse, or of `schema.table`."""
    schema, _, table = name.rpartition(".")
    return sql.Identifier(schema or "muse", table)


def copy(
    conn: psycopg.Connection, table: str, columns: dict[str, str], rows: Iterable[Sequence[Any]]
) -> int:
    """Append rows by binary COPY; return their number. columns: types by column name."""
    names = sql.SQL(", ").join(map(sql.Identifier, columns))
    into = sql.SQL("copy {} ({}) from stdin (format binary)").format(table_name(table), names)
    count = 0
    with conn.cursor() as cursor, cursor.copy(into) as out:
        out.set_types(list(columns.values()))
        for row in rows:
            out.write_row(row)
            count += 1
    return count
