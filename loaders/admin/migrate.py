"""Migrate a database to this code's revision, or remove all of pgmuse's objects from it."""

import re
import time
from collections.abc import Callable
from pathlib import Path

import psycopg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from psycopg import conninfo, sql
from sqlalchemy.exc import DBAPIError

import udfs
from loaders import topics
from loaders.core import db
from loaders.core.config import ROOT
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SCHEMAS = ("muse", "muse_tables", "muse_partitions", "muse_staging", "muse_locks")
PAUSES = (0.1, 0.5, 1, 2, 4, 8, 15, 30)  # seconds between two attempts to get the locks


def migrate(*, with_python: bool = True, **moves: Callable[[psycopg.Connection], None]) -> None:
    """Run alembic to head, apply sql/, and append muse to the database's search_path.

    Locks that other sessions have are retried with short timeouts, so that new queries do not
    queue behind the migration. After 60 seconds it fails.

    moves: functions that run in the same transaction: `bring_back` before sql/ is applied,
    `distribute` after it was applied for a cluster.

    Errors: Problem; nothing was changed.
    """
    with db.connect() as conn:
        if db.is_pooled(conn):
            raise Problem("connect to the server itself: migrations do not go through a pooler")
        db.check_writable(conn)
        check_server(conn, with_python=with_python)
    config = alembic_config(conninfo.make_conninfo(**db.conninfo()))
    config.attributes["with_python"] = with_python
    config.attributes |= moves
    config.attributes["topics"] = [(topic.name, topic.version) for topic in topics.TOPICS]
    config.attributes["model_names"] = [
        (model.name, topic.name, model.shipped is not None, model.hint)
        for topic in topics.TOPICS
        for model in topic.models
    ]
    _upgrade(config)
    with db.connect() as conn:
        put_on_search_path(conn)


def alembic_config(dsn: str) -> Config:
    """Alembic's configuration for a database.

    It repeats [tool.alembic] of pyproject.toml, which a wheel does not contain.
    """
    config = Config()
    root = str(ROOT).replace("%", "%%")
    config.set_main_option("script_location", f"{root}/migrations")
    config.set_main_option("prepend_sys_path", root)
    config.set_main_option("path_separator", "newline")
    config.attributes["conninfo"] = dsn
    return config


def _upgrade(config: Config) -> None:
    for seconds in (*PAUSES, None):
        try:
            command.upgrade(config, "head")
            return
        except (psycopg.Error, DBAPIError) as raised:
            error = getattr(raised, "orig", raised)
            if isinstance(error, psycopg.errors.DependentObjectsStillExist):
                raise Problem(_dependents(error)) from error
            if seconds is None or not isinstance(error, psycopg.errors.LockNotAvailable):
                notes = " ".join(getattr(error, "__notes__", []))
                reason = _holders() if isinstance(error, psycopg.errors.LockNotAvailable) else ""
                text = f"migration failed, nothing was changed: {_line(error)} {notes}".strip()
                raise Problem(f"{text}{reason}") from error
        except CommandError as error:
            raise Problem(_newer(error)) from error
        if seconds >= 1:
            say(f"waiting for a lock{_holders()}")
        time.sleep(seconds)


def _line(error: BaseException) -> str:
    """The message of an error in one line, with its hint."""
    diag = getattr(error, "diag", None)
    message = (diag and diag.message_primary) or str(error)
    hint = f" ({diag.message_hint})" if diag and diag.message_hint else ""
    return " ".join(f"{message}{hint}".split())


def _dependents(error: psycopg.Error) -> str:
    """What depends on an object that a revision drops; the server's hint would be to cascade."""
    objects = "; ".join(sorted((error.diag.message_detail or "").splitlines()))
    return (
        "migration stopped, nothing was changed: this version replaces objects that others need: "
        f"{objects or _line(error)}: drop those, migrate, and create them again"
    )


def _newer(error: CommandError) -> str:
    """A message for alembic's error; an unknown revision is of a newer version."""
    if "Can't locate revision" in str(error):
        return (
            f"the database is of a newer revision than this code ({udfs.REVISION}): update pgmuse"
        )
    return str(error)


def _holders() -> str:
    """The sessions that have locks on tables of muse, for a message."""
    with db.connect() as conn:
        rows = conn.execute(QUERIES.select_lock_holders).fetchall()
    names = ", ".join("process {} of {} ({})".format(*row) for row in rows)
    return f": held by {names}; end its transaction" if names else ""


def check_server(conn: psycopg.Connection, *, with_python: bool) -> None:
    """Check the server's version, encoding and extensions before the migration. Errors: Problem."""
    needed = {"vector", "pg_trgm"} | ({"plpython3u"} if with_python else set())
    query = "select name from pg_available_extensions where name = any(%s)"
    missing = needed - {name for (name,) in conn.execute(query, (list(needed),))}
    if "plpython3u" in missing:
        raise Problem("this server has no PL/Python: install it, or migrate --without-python")
    if missing:
        raise Problem(f"this server lacks the extension {', '.join(sorted(missing))}: install it")
    names = {"names": ["vector", "pg_trgm"]}
    for name, schema in conn.execute(QUERIES.select_misplaced_extensions, names):
        remedy = f"alter extension {name} set schema public"
        raise Problem(f"{name} is in schema {schema}, but must be in public: {remedy}")
    if conn.info.parameter_status("server_encoding") != "UTF8":
        raise Problem("the database's encoding is not UTF8: create a database with UTF8")
    if conn.info.server_version < 150000:
        raise Problem("PostgreSQL 15 or newer is needed")


def put_on_search_path(conn: psycopg.Connection) -> None:
    """Append muse to the database's search_path; other entries are kept."""
    path = _search_path(conn)
    if "muse" not in path:
        _set_search_path(conn, [*path, "muse"])


def uninstall() -> list[str]:
    """Drop the schemas, the roles and our settings; return a line for each role that is kept.

    Errors: Problem where objects of others depend on ours.
    """
    with db.connect() as conn:
        schemas = sql.SQL(", ").join(map(sql.Identifier, SCHEMAS))
        rows = conn.execute(QUERIES.select_dependents, {"schemas": list(SCHEMAS)})
        if dependents := [name for (name,) in rows]:
            raise Problem(f"other objects need ours, drop them first: {'; '.join(dependents)}")
        conn.execute(sql.SQL("drop schema if exists {} cascade").format(schemas))
        rest = [schema for schema in _search_path(conn) if schema != "muse"]
        _set_search_path(conn, rest)
        database = sql.Identifier(conn.info.dbname)
        revoke = sql.SQL("revoke all on database {} from muse_reader, muse_loader")
        if conn.execute("select from pg_roles where rolname = 'muse_loader'").rowcount:
            conn.execute(revoke.format(database))
    return [reason for role in ("muse_reader", "muse_loader") if (reason := _drop_role(role))]


def _drop_role(role: str) -> str | None:
    with db.connect(autocommit=True) as conn:
        try:
            conn.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
        except psycopg.errors.DependentObjectsStillExist:
            return f"role {role} is kept: another database uses it"
    return None


def _search_path(conn: psycopg.Connection) -> list[str]:
    """The schemas of the database's search_path, without quotes."""
    (path,) = conn.execute(QUERIES.select_search_path).fetchone() or ("",)
    return parse_schemas(str(path))


def parse_schemas(path: str) -> list[str]:
    """The schema names in a search_path as the server prints it, with the quotes removed."""
    names = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', path)
    return [quoted.replace('""', '"') or plain for quoted, plain in names if quoted or plain]


def _set_search_path(conn: psycopg.Connection, path: list[str]) -> None:
    database = sql.Identifier(conn.info.dbname)
    if path == ["$user", "public"]:
        conn.execute(sql.SQL("alter database {} reset search_path").format(database))
        return
    parts = sql.SQL(", ").join(map(sql.Identifier, path)) if path else sql.SQL("''")
    conn.execute(sql.SQL("alter database {} set search_path to {}").format(database, parts))
