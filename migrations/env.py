"""Alembic's entry: one transaction, one migration at a time, tables first and then sql/."""

from typing import cast

import psycopg
from alembic import context
from alembic.util import CommandError
from psycopg import sql
from sqlalchemy import create_engine, pool

from migrations.apply import apply_sql, create_roles, is_cluster

# Any number that nobody else uses: it stands for muse_locks.migrate until that table is there.
FIRST_MIGRATION = 0x70676D757365
FIRST_WAIT = "15s"  # any login can hold an advisory lock
# A reader that is idle in a transaction may hold what a revision needs, and new queries queue
# behind us: the caller tries again later.
LOCK_TIMEOUT = "500ms"
SETTINGS = """
    set search_path = pg_catalog, muse, pg_temp;
    set statement_timeout = 0;
    set idle_in_transaction_session_timeout = 0;
    set default_transaction_isolation = 'read committed';
    set client_encoding = 'UTF8';
    set standard_conforming_strings = on;
    set check_function_bodies = on
"""

FOREIGN_OWNER = """
    select owner.rolname from pg_namespace join pg_roles as owner on owner.oid = nspowner
    where nspname = 'muse' and not rolsuper
        and (select rolsuper from pg_roles where rolname = current_user)
"""

# `loaders.admin.migrate` says where; from the bare alembic command libpq's PG* variables do.
conninfo = context.config.attributes.get("conninfo", "")
with_python = context.config.attributes.get("with_python", True)
# The bare alembic command leaves both tables as they are.
model_names = context.config.attributes.get("model_names")  # name, topic, is_shipped, hint
topics = context.config.attributes.get("topics")  # name, version
# Functions that move tables to a cluster and back, in the same transaction.
distribute = context.config.attributes.get("distribute")
bring_back = context.config.attributes.get("bring_back")


def open_connection() -> psycopg.Connection:
    conn = psycopg.connect(conninfo)
    conn.execute(SETTINGS)
    conn.commit()
    return conn


def take_turns(conn: psycopg.Connection) -> None:
    """Wait for another migration; a lock table for all but the very first."""
    if conn.execute("select to_regclass('muse_locks.migrate')").fetchone() == (None,):
        conn.execute(f"set local lock_timeout = '{FIRST_WAIT}'".encode())
        try:
            conn.execute("select pg_advisory_xact_lock(%s)", (FIRST_MIGRATION,))
        except psycopg.errors.LockNotAvailable as error:
            raise CommandError(
                f"another session holds the advisory lock of a first migration for {FIRST_WAIT}: "
                "see pg_locks where locktype = 'advisory'"
            ) from error
    conn.execute(f"set local lock_timeout = '{LOCK_TIMEOUT}'".encode())
    if conn.execute("select to_regclass('muse_locks.migrate')").fetchone() != (None,):
        conn.execute("lock table muse_locks.migrate in share update exclusive mode")


def check_owner(conn: psycopg.Connection) -> None:
    """A superuser runs nothing in a schema of somebody else, whose triggers would run too."""
    row = conn.execute(FOREIGN_OWNER).fetchone()
    if row is not None:
        raise CommandError(
            f"the schema muse belongs to {row[0]}, who is no superuser: migrate as {row[0]}, "
            "or drop it"
        )


def write_model_names(conn: psycopg.Connection, rows: list[tuple[str, str, bool, str]]) -> None:
    """Fill the table of the names of models."""
    conn.execute("delete from muse.model_names")
    with conn.cursor() as cursor:
        cursor.executemany("insert into muse.model_names values (%s, %s, %s, %s)", rows)


def write_topics(conn: psycopg.Connection, rows: list[tuple[str, int]]) -> None:
    """Fill the table of the topics, and create the lock tables that no revision knows."""
    conn.execute("delete from muse.topics")
    with conn.cursor() as cursor:
        cursor.executemany("insert into muse.topics values (%s, %s)", rows)
    for topic, _ in rows:
        name = sql.Identifier("muse_locks", f"refresh_{topic}")
        conn.execute(sql.SQL("create table if not exists {} ()").format(name))


def refuse(*_: object) -> None:
    raise CommandError("there is no way back from a revision: restore a backup")


for script in context.script.walk_revisions():
    vars(script.module).setdefault("downgrade", refuse)

engine = create_engine("postgresql+psycopg://", creator=open_connection, poolclass=pool.NullPool)

with engine.begin() as connection:
    raw = cast(psycopg.Connection, connection.connection.driver_connection)
    take_turns(raw)
    check_owner(raw)
    raw.execute("create schema if not exists muse")  # the home of alembic_version too
    create_roles(raw)
    context.configure(connection=connection, version_table_schema="muse")
    context.run_migrations()
    if context.get_context().get_current_revision() == context.script.get_current_head():
        if topics is not None:
            write_topics(raw, topics)
        if bring_back is not None:
            bring_back(raw)
        cluster = distribute is not None or is_cluster(raw)
        apply_sql(raw, with_python=with_python, cluster=cluster)  # sql/ is written for head
        if distribute is not None:
            distribute(raw)
        if model_names is not None:
            write_model_names(raw, model_names)
