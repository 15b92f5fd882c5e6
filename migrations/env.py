"""Alembic's entry: one transaction, one migration at a time, tables first and then sql/."""

from typing import cast

import psycopg
from alembic import context
from sqlalchemy import create_engine, pool

from migrations.apply import apply_sql

# Any number that nobody else uses: two migrations at once take turns on it.
MIGRATION_LOCK = 0x70676D757365

# `loaders.migrate` says where; from the bare alembic command libpq's PG* variables do.
conninfo = context.config.attributes.get("conninfo", "")
with_python = context.config.attributes.get("with_python", True)

engine = create_engine(
    "postgresql+psycopg://", creator=lambda: psycopg.connect(conninfo), poolclass=pool.NullPool
)

with engine.begin() as connection:
    raw = cast(psycopg.Connection, connection.connection.driver_connection)
    raw.execute("select pg_advisory_xact_lock(%s)", (MIGRATION_LOCK,))
    raw.execute("create schema if not exists muse")  # the home of alembic_version too
    context.configure(connection=connection, version_table_schema="muse")
    context.run_migrations()
    if context.get_context().get_current_revision() == context.script.get_current_head():
        apply_sql(raw, with_python=with_python)  # sql/ is written for head
