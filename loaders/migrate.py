"""Make a database pgmuse's, bring it up to date, or take everything of ours out again."""

import psycopg
from alembic import command
from alembic.config import Config
from psycopg import conninfo, sql

from loaders import db
from loaders.errors import Problem
from loaders.server import ROOT

# The database's own search_path, or the server's default where it has none.
SEARCH_PATH = """
    select coalesce(
        (
            select substring(setting from 13)
            from pg_db_role_setting, unnest(setconfig) as setting
            where setrole = 0 and setting like 'search_path=%'
              and setdatabase = (select oid from pg_database where datname = current_database())
        ),
        (select boot_val from pg_settings where name = 'search_path')
    )
"""


def migrate(*, with_python: bool = True) -> None:
    """Alembic to head, then sql/, then muse at the end of the database's search_path."""
    with db.connect() as conn:
        check_server(conn, with_python=with_python)
    config = Config(ROOT / "alembic.ini")
    config.attributes["conninfo"] = conninfo.make_conninfo(**db.conninfo())
    config.attributes["with_python"] = with_python
    try:
        command.upgrade(config, "head")
    except psycopg.Error as error:
        notes = " ".join(getattr(error, "__notes__", []))
        raise Problem(f"migration failed, nothing was changed: {error} {notes}".strip()) from error
    with db.connect() as conn:
        put_on_search_path(conn)


def check_server(conn: psycopg.Connection, *, with_python: bool) -> None:
    """Say in one line what the server lacks, before anything is written."""
    needed = {"vector", "pg_trgm"} | ({"plpython3u"} if with_python else set())
    query = "select name from pg_available_extensions where name = any(%s)"
    missing = needed - {name for (name,) in conn.execute(query, (list(needed),))}
    if "plpython3u" in missing:
        raise Problem("this server has no PL/Python: install it, or migrate --without-python")
    if missing:
        raise Problem(f"this server lacks the extension {', '.join(sorted(missing))}: install it")
    query = """
        select extname, extnamespace::regnamespace::text from pg_extension
        where extname = any(%s) and extnamespace <> 'public'::regnamespace
    """
    for name, schema in conn.execute(query, (["vector", "pg_trgm"],)):
        mend = f"alter extension {name} set schema public"
        raise Problem(f"{name} is in schema {schema}, where our queries do not look: {mend}")
    if conn.info.parameter_status("server_encoding") != "UTF8":
        raise Problem("the database's encoding is not UTF8: create one with it")
    if conn.info.server_version < 150000:
        raise Problem("PostgreSQL 15 or newer is needed")


def put_on_search_path(conn: psycopg.Connection) -> None:
    """Append muse, so that queries find it without its name; other settings stay."""
    path = _search_path(conn)
    if "muse" not in [part.strip(' "') for part in path.split(",")]:
        _set_search_path(conn, f"{path}, muse")


def uninstall() -> list[str]:
    """Drop the schema, the roles and our settings; return what had to stay, and why."""
    with db.connect() as conn:
        conn.execute("drop schema if exists muse, muse_partitions cascade")
        path = [part.strip() for part in _search_path(conn).split(",")]
        rest = ", ".join(part for part in path if part.strip('"') != "muse")
        _set_search_path(conn, rest)
    return [reason for role in ("muse_reader", "muse_loader") if (reason := _drop_role(role))]


def _drop_role(role: str) -> str | None:
    with db.connect(autocommit=True) as conn:
        try:
            conn.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(role)))
        except psycopg.errors.DependentObjectsStillExist:
            return f"role {role} stays: another database uses it"
    return None


def _search_path(conn: psycopg.Connection) -> str:
    (path,) = conn.execute(SEARCH_PATH).fetchone() or ("",)
    return str(path)


def _set_search_path(conn: psycopg.Connection, path: str) -> None:
    default = '"$user", public'
    database = sql.Identifier(conn.info.dbname)
    if path == default:
        conn.execute(sql.SQL("alter database {} reset search_path").format(database))
        return
    # The parts are what the server itself printed, quoted as identifiers need it.
    parts = sql.SQL(", ").join(sql.Identifier(part.strip().strip('"')) for part in path.split(","))
    conn.execute(sql.SQL("alter database {} set search_path to {}").format(database, parts))
