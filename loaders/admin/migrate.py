"""Make a database pgmuse's, bring it up to date, or take everything of ours out again."""

import re
import time

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

SCHEMAS = ("muse", "muse_partitions", "muse_staging", "muse_locks")
PAUSES = (0.1, 0.5, 1, 2, 4, 8, 15, 30)  # seconds between tries to get a lock
# What stands outside our schemas and would go with them.
DEPENDENTS = """
    with ours as (
        select 'pg_class'::regclass as class, pg_class.oid from pg_class
        join pg_namespace as schema on schema.oid = relnamespace where nspname = any(%s)
        union all
        select 'pg_proc'::regclass, pg_proc.oid from pg_proc
        join pg_namespace as schema on schema.oid = pronamespace where nspname = any(%s)
        union all
        select 'pg_type'::regclass, pg_type.oid from pg_type
        join pg_namespace as schema on schema.oid = typnamespace where nspname = any(%s)
    ),
    dependent as (
        select
            case link.classid when 'pg_rewrite'::regclass then 'pg_class'::regclass
                else link.classid end as class,
            coalesce(rule.ev_class, link.objid) as oid,
            link.objsubid
        from pg_depend as link
        join ours on link.refclassid = ours.class and link.refobjid = ours.oid
        left join pg_rewrite as rule
            on link.classid = 'pg_rewrite'::regclass and rule.oid = link.objid
        left join pg_constraint as rule_of on link.classid = 'pg_constraint'::regclass
            and rule_of.oid = link.objid
        where link.deptype in ('n', 'a')
            and (
                rule_of.oid is null
                or rule_of.conrelid not in (select oid from ours)
                and rule_of.contypid not in (select oid from ours)
            )
            and not (link.classid = 'pg_attrdef'::regclass)
            and not (link.classid = 'pg_trigger'::regclass)
    )
    select distinct pg_describe_object(class, oid, objsubid)
    from dependent
    where (class, oid) not in (select class, oid from ours)
    order by 1 limit 20
"""
HOLDERS = """
    select distinct lock.pid, coalesce(activity.usename, 'another role'),
        coalesce(nullif(activity.application_name, ''), activity.state, 'no name')
    from pg_locks as lock
    join pg_class as relation on relation.oid = lock.relation
    join pg_namespace as schema on schema.oid = relation.relnamespace
    left join pg_stat_activity as activity on activity.pid = lock.pid
    where schema.nspname like 'muse%' and lock.granted and lock.pid <> pg_backend_pid()
        and lock.database = (select oid from pg_database where datname = current_database())
    order by 1 limit 5
"""

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
    """Alembic to head, then sql/, then muse at the end of the database's search_path.

    Sessions that hold what a revision needs are waited for in short tries, so that no new query
    queues behind a migration for long; after PATIENCE seconds it gives up.
    Errors: a Problem, and nothing was changed.
    """
    with db.connect() as conn:
        if db.is_pooled(conn):
            raise Problem("connect to the server itself: migrations do not go through a pooler")
        check_server(conn, with_python=with_python)
    config = alembic_config(conninfo.make_conninfo(**db.conninfo()))
    config.attributes["with_python"] = with_python
    config.attributes["model_names"] = [
        (model.name, topic.name, model.shipped is not None, model.hint)
        for topic in topics.TOPICS
        for model in topic.models
    ]
    _upgrade(config)
    with db.connect() as conn:
        put_on_search_path(conn)


def alembic_config(dsn: str) -> Config:
    """Alembic's configuration for the database that `dsn` names.

    The same as [tool.alembic] in pyproject.toml, which a wheel does not have.
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
    """An error in one line, with its hint."""
    diag = getattr(error, "diag", None)
    message = (diag and diag.message_primary) or str(error)
    hint = f" ({diag.message_hint})" if diag and diag.message_hint else ""
    return " ".join(f"{message}{hint}".split())


def _newer(error: CommandError) -> str:
    """What alembic's error means; a revision that it does not know is of a newer version."""
    if "Can't locate revision" in str(error):
        return (
            f"the database is of a newer revision than this code ({udfs.REVISION}): update pgmuse"
        )
    return str(error)


def _holders() -> str:
    """Which sessions hold locks on tables of muse, for a message."""
    with db.connect() as conn:
        rows = conn.execute(HOLDERS).fetchall()
    names = ", ".join("process {} of {} ({})".format(*row) for row in rows)
    return f": held by {names}; end its transaction" if names else ""


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
    if "muse" not in path:
        _set_search_path(conn, [*path, "muse"])


def uninstall() -> list[str]:
    """Drop the schemas, the roles and our settings; return what had to stay, and why."""
    with db.connect() as conn:
        schemas = sql.SQL(", ").join(map(sql.Identifier, SCHEMAS))
        if dependents := [name for (name,) in conn.execute(DEPENDENTS, [list(SCHEMAS)] * 3)]:
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
            return f"role {role} stays: another database uses it"
    return None


def _search_path(conn: psycopg.Connection) -> list[str]:
    """The schemas of the database's search_path, without quotes."""
    (path,) = conn.execute(SEARCH_PATH).fetchone() or ("",)
    return parse_schemas(str(path))


def parse_schemas(path: str) -> list[str]:
    """The names in a search_path as the server prints it: quoted where they need it."""
    names = re.findall(r'"((?:[^"]|"")*)"|([^\s,"]+)', path)
    return [quoted.replace('""', '"') or plain for quoted, plain in names if quoted or plain]


def _set_search_path(conn: psycopg.Connection, path: list[str]) -> None:
    database = sql.Identifier(conn.info.dbname)
    if path == ["$user", "public"]:
        conn.execute(sql.SQL("alter database {} reset search_path").format(database))
        return
    parts = sql.SQL(", ").join(map(sql.Identifier, path)) if path else sql.SQL("''")
    conn.execute(sql.SQL("alter database {} set search_path to {}").format(database, parts))
