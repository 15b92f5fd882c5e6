"""Where the database is, and the one place that knows bulk loading."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import psycopg
import psycopg.conninfo
from pgvector.psycopg.bit import register_bit_info
from pgvector.psycopg.halfvec import register_halfvec_info
from pgvector.psycopg.vector import register_vector_info
from psycopg import sql
from psycopg.types import TypeInfo

import udfs
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.server.cluster import embedded

CHOSEN_BY = ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGSERVICE")
PGVECTOR_TYPES: dict[tuple[str, str], Callable[[psycopg.Connection, TypeInfo], None]] = {
    ("public", "vector"): register_vector_info,
    ("public", "halfvec"): register_halfvec_info,
    ("pg_catalog", "bit"): register_bit_info,
}
# What a role, a database or the environment may have set otherwise. A temporary table of ours may
# not stand in for one of muse's, and nothing of public, where others may create, is ever called.
SESSION = """
    set search_path = pg_catalog, muse, pg_temp;
    set statement_timeout = 0;
    set lock_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set default_transaction_isolation = 'read committed';
    set default_transaction_deferrable = off;
    set standard_conforming_strings = on;
    set bytea_output = 'hex';
    set datestyle = 'ISO';
    set intervalstyle = 'postgres';
    set timezone = 'UTC';
    set idle_session_timeout = 0
"""
# The owner of the schema, where this login is a superuser and the owner is not.
OWNER_BELOW = """
    select owner.rolname
    from pg_namespace as schema
    join pg_roles as owner on owner.oid = schema.nspowner
    join pg_roles as login on login.rolname = session_user
    where schema.nspname = 'muse' and login.rolsuper and not owner.rolsuper
"""
HOLDER = """
    select lock.pid, coalesce(activity.usename, 'another role'),
        coalesce(activity.application_name, '')
    from pg_locks as lock
    left join pg_stat_activity as activity on activity.pid = lock.pid
    where lock.relation = %s::regclass and lock.granted and lock.pid <> pg_backend_pid()
        and lock.database = (select oid from pg_database where datname = current_database())
    limit 1
"""


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
    """Open a connection to the chosen server with the settings that we rely on.

    Errors: a Problem in one line where there is no server.
    """
    defaults: dict[str, Any] = {
        "connect_timeout": 10,
        "application_name": "pgmuse",
        "client_encoding": "utf8",  # whatever PGCLIENTENCODING says
    }
    try:
        conn = psycopg.connect(**(defaults | conninfo() | options))
    except psycopg.OperationalError as error:
        raise Problem(f"no connection: {' '.join(str(error).split())}") from error
    if is_pooled(conn):
        conn.prepare_threshold = None  # the next transaction may have another server process
    else:
        conn.execute(SESSION)
    conn.commit()
    return conn


def is_pooled(conn: psycopg.Connection) -> bool:
    """Whether a pooler such as pgbouncer is in between: it hands out process ids of its own."""
    pid = conn.execute("select pg_catalog.pg_backend_pid()").fetchone()
    return pid != (conn.info.backend_pid,)


def connect_to_muse(**options: Any) -> psycopg.Connection:
    """`connect` to a database of this code's revision, for reading.

    Errors: a Problem where it is not migrated, newer than this code, or not in UTF8.
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
    """`connect_to_muse` as muse_loader, for loads, trainings and their workers.

    announce: say on stderr which database will be written. Errors: a Problem where the login is
    not a member of muse_loader, or a pooler is in between.
    """
    conn = connect_to_muse(**options)
    try:
        if is_pooled(conn):
            raise Problem(
                "a load needs a connection of its own: connect to the server itself and not "
                f"through the pooler at {conn.info.host}:{conn.info.port}"
            )
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
        say(f"writing to {described(conn)}")
    return conn


def _check_revision(conn: psycopg.Connection) -> None:
    where = described(conn)
    if (encoding := conn.info.parameter_status("server_encoding")) != "UTF8":
        raise Problem(f"{where} has the encoding {encoding}: create a database with UTF8")
    if conn.execute("select pg_catalog.to_regclass('muse.alembic_version')").fetchone() == (None,):
        raise Problem(f"{where} has no schema muse yet: run ./pgmuse migrate")
    try:
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


def _check_owner(conn: psycopg.Connection) -> None:
    """A trigger of the schema's owner could undo `set role` for a superuser."""
    owner = conn.execute(OWNER_BELOW).fetchone()
    if owner is not None:
        raise Problem(
            f"the schema muse is {owner[0]}'s, whose triggers would run as a superuser: load as a "
            "login that is a member of muse_loader and no superuser"
        )


def _register_types(conn: psycopg.Connection) -> None:
    """pgvector's types, by qualified names: search_path does not lead to public."""
    for (schema, name), register in PGVECTOR_TYPES.items():
        info = TypeInfo.fetch(conn, sql.Identifier(schema, name))
        assert info is not None
        register(conn, info)
    conn.adapters.register_dumper(Json, _JsonDumper)


@contextmanager
def lock(conn: psycopg.Connection, name: str, *, wait: bool = True) -> Iterator[None]:
    """Hold the lock of that name, across transactions, until the end of the block.

    A second connection holds it in a transaction with nothing else in it, so that it has neither a
    transaction id nor a snapshot and holds up no vacuum; it ends with this process. A lock that
    another session holds is waited for, after a line that says whose it is.
    Errors: a Problem where it is held and `wait` is false.
    """
    with _same_database(conn) as holder:
        if not _take_lock(holder, name):
            if not wait:
                raise Problem(f"{_described_holder(holder, name)}; nothing done")
            say(f"waiting: {_described_holder(holder, name)}")
            holder.execute(_lock_statement(name))
        yield


def take_turns(conn: psycopg.Connection, name: str) -> None:
    """Hold the lock of that name until the end of this transaction; wait for others."""
    conn.execute(_lock_statement(name))


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
    """A connection to where that one leads, as the same role."""
    info = psycopg.conninfo.conninfo_to_dict(conn.info.dsn)
    other = connect(**info, password=conn.info.password or None)
    (role,) = conn.execute("select current_user").fetchone() or ("",)
    other.execute(sql.SQL("set role {}").format(sql.Identifier(role)))
    other.commit()
    return other


def _described_holder(conn: psycopg.Connection, name: str) -> str:
    row = conn.execute(HOLDER, (f"muse_locks.{name}",)).fetchone()
    conn.rollback()
    by = "process {} of {} on {}".format(*row) if row else "another session"
    return f"{by} holds the lock {name!r}"


def described(conn: psycopg.Connection) -> str:
    """Which database that is, for a person."""
    info = conn.info
    where = f"{info.host}:{info.port}" if chosen() else "the embedded server"
    return f"database {info.dbname} on {where}"


def analyze(conn: psycopg.Connection, *tables: str) -> None:
    """Collect statistics of tables of muse for the planner."""
    conn.execute("select muse.analyze_tables(%s)", ([f"muse.{table}" for table in tables],))


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
