"""Check every requirement; a failed check says how to fix it."""

import json
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

import udfs
from loaders import topics
from loaders.core import db
from loaders.core.config import HOME
from loaders.core.console import counted
from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.core.server.cluster import embedded
from loaders.core.topics import Check

QUERIES = Queries(Path(__file__).with_name("queries.sql"))

# Modules that the server's Python must import.
IMPORTS = ("numpy", "PIL.Image", "ai_edge_litert.interpreter", "udfs.runtime")

DEBIAN = Path("/etc/postgresql")  # VERSION/NAME/environment of each cluster

# Set to 1. With more threads a backend uses several processors, and memory for each thread.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


INDEX_WORKERS = "select current_setting('max_parallel_maintenance_workers')::integer"
ROLES = "select rolname from pg_roles where rolname in ('muse_reader', 'muse_loader') order by 1"


def doctor(*, quick: bool = False) -> bool:
    """Print every check, or the quick ones; return whether none failed."""
    ok = True
    for check in quick_checks() if quick else checks():
        mark = "ok" if not check.remedy else "note" if check.is_note else "FAIL"
        print(f"{mark:<5} {check.name}: {check.state}{': ' if check.remedy else ''}{check.remedy}")
        ok &= mark != "FAIL"
    return ok


def checks() -> Iterator[Check]:
    """All checks in order. Without a connection, those of the database are left out."""
    yield disk()
    yield samples()
    try:
        conn = db.connect(autocommit=True)
    except Problem as error:
        yield Check("server", "not reached", str(error))
        return
    with conn:
        yield version(conn)
        yield vector(conn)
        yield extension(conn, "pg_trgm", "apt-get install postgresql-contrib")
        yield roles(conn)
        yield public_schema(conn)
        yield revisions(conn)
        yield from python(conn)
        yield sources(conn)
        yield from nodes(conn)
        for topic in topics.TOPICS:
            yield from topic.checks(conn)


def quick_checks() -> Iterator[Check]:
    """The checks of a health check: the connection, the revision, the roles. Starts no server."""
    if not db.is_configured() and not embedded().running():
        yield Check("server", "the embedded server is not running", "./pgmuse up")
        return
    try:
        conn = db.connect(autocommit=True, connect_timeout=3)
    except Problem as error:
        yield Check("server", "not reached", str(error))
        return
    with conn:
        conn.execute("set statement_timeout = '3s'")
        yield version(conn)
        yield revisions(conn)
        yield roles(conn)


def disk() -> Check:
    """Free disk space for the embedded server, at least 2,000 MB."""
    folder = next(path for path in (HOME, *HOME.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free >> 20
    return Check(
        "disk", f"{free:,} MB free", "free some: 2,000 MB are needed" if free < 2000 else ""
    )


def samples() -> Check:
    """The sample packages, which only the demo needs."""
    names = sorted(path.name for path in (HOME / "samples").glob("*") if path.is_dir())
    if not names:
        return Check(
            "samples", "none", "run ./pgmuse setup (only the demo needs them)", is_note=True
        )
    return Check("samples", ", ".join(name for name in names if "." not in name))


def version(conn: psycopg.Connection) -> Check:
    """The version and the encoding of the server."""
    number = conn.info.server_version
    remedy = "PostgreSQL 15 or newer is needed" if number < 150000 else ""
    if conn.info.parameter_status("server_encoding") != "UTF8":
        remedy = "its encoding is not UTF8: create a database with it"
    return Check(
        "server", f"PostgreSQL {number // 10000}.{number % 10000}, {db.describe(conn)}", remedy
    )


def vector(conn: psycopg.Connection) -> Check:
    """The version of pgvector."""
    check = extension(conn, "vector", "install pgvector 0.8.0 or newer")
    numbers = tuple(map(int, re.findall(r"\d+", check.state)[:3]))
    if check.remedy:
        return check
    if numbers < (0, 8, 0):
        return check._replace(remedy="install pgvector 0.8.0 or newer")
    (workers,) = conn.execute(INDEX_WORKERS).fetchone() or (0,)
    is_slow = numbers < (0, 8, 2)
    builders = counted(1 if is_slow else workers + 1, "processes")
    check = check._replace(state=f"{check.state}, indexes are built by {builders}")
    if numbers >= (0, 8, 4):
        return check
    gains = [f"indexes are built by {workers + 1}"] * is_slow + ["vacuum cleans indexes"]
    remedy = f"from 0.8.4 on {' and '.join(gains)}: install it, and alter extension vector update"
    return check._replace(remedy=remedy, is_note=True)


def extension(conn: psycopg.Connection, name: str, how: str) -> Check:
    """Whether an extension is in this database, in the schema public."""
    query = """
        select extversion, extnamespace::regnamespace::text from pg_extension where extname = %s
    """
    row = conn.execute(query, (name,)).fetchone()
    if row is None:
        query = "select default_version from pg_available_extensions where name = %s"
        is_available = conn.execute(query, (name,)).fetchone() is not None
        remedy = "run ./pgmuse migrate" if is_available else how
        return Check(name, "not in this database", remedy)
    if row[1] != "public" and name != "plpython3u":
        remedy = f"alter extension {name} set schema public"
        return Check(name, f"{row[0]} in schema {row[1]}", remedy)
    return Check(name, row[0])


def roles(conn: psycopg.Connection) -> Check:
    """The two roles, which must have no attributes or memberships of their own."""
    names = [name for (name,) in conn.execute(ROLES)]
    remedy = "" if len(names) == 2 else "run ./pgmuse migrate"
    if strong := [name for (name,) in conn.execute(QUERIES.select_strong_roles)]:
        remedy = (
            f"take attributes and memberships from {', '.join(strong)}: they must be plain roles"
        )
    return Check("roles", ", ".join(names) or "none", remedy)


def public_schema(conn: psycopg.Connection) -> Check:
    """Whether all roles may create functions in public, which queries of users would call."""
    query = "select has_schema_privilege('public', oid, 'create') from pg_namespace"
    row = conn.execute(f"{query} where nspname = 'public'").fetchone()
    if row == (True,):
        remedy = "revoke create on schema public from public"
        return Check("schema public", "all roles may create functions in it", remedy)
    return Check("schema public", "only its owner creates there" if row else "none")


def revisions(conn: psycopg.Connection) -> Check:
    """Whether the database has this code's revision."""
    if conn.execute("select to_regclass('muse.alembic_version')").fetchone() == (None,):
        return Check("schema", "none", "run ./pgmuse migrate")
    row = conn.execute("select version_num from muse.alembic_version").fetchone()
    (revision,) = row or ("none",)
    if revision == udfs.REVISION:
        return Check("schema", f"revision {revision}")
    if revision > udfs.REVISION:
        remedy = f"this code is of {udfs.REVISION}: update it"
        return Check("schema", f"revision {revision}", remedy)
    state = f"revision {revision}, {udfs.REVISION} is pending"
    return Check("schema", state, "run ./pgmuse migrate")


def sources(conn: psycopg.Connection) -> Check:
    """Whether rows have the meaning that this code gives them."""
    if conn.execute("select to_regclass('muse.topics')").fetchone() == (None,):
        return Check("sources", "not checked", "run ./pgmuse migrate", is_note=True)
    count, stale = conn.execute(QUERIES.count_sources).fetchone() or (0, [])
    remedy = f"older loaders loaded {', '.join(stale)}: run ./pgmuse refresh" if stale else ""
    return Check("sources", f"{count:,}", remedy, is_note=True)


def nodes(conn: psycopg.Connection) -> Iterator[Check]:
    """The nodes of a cluster: versions, settings, sizes of shards."""
    if conn.execute("select to_regclass('muse.nodes')").fetchone() == (None,):
        return
    rows = conn.execute(QUERIES.select_nodes).fetchall()
    for node, status, citus, postgres, size, advice in rows:
        state = f"PostgreSQL {postgres}, Citus {citus}, shards of {size}" if citus else "no answer"
        yield Check(f"node {node}", state, advice or "", is_note=status == "warning")


def python(conn: psycopg.Connection) -> Iterator[Check]:
    """PL/Python: its version, its environment, and every import."""
    language = extension(conn, "plpython3u", "install postgresql-plpython3")
    if language.remedy:  # as after migrate --without-python
        yield language._replace(
            is_note=True, remedy=f"needed for pictures, icons and ink: {language.remedy}"
        )
        return
    yield language
    try:
        result = probe(conn)
    except psycopg.errors.InsufficientPrivilege:
        yield Check("python", "not checked", "connect as a superuser to check it", is_note=True)
        return
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    theirs = result["version"]
    remedy = "" if theirs == ours else f"the environment has {ours}: make it with Python {theirs}"
    yield Check("python", f"the server runs {theirs}", remedy)
    for module in IMPORTS:
        ok, message = result[module]
        yield Check(f"import {module}", message, "" if ok else python_path(conn))
    yield threads(conn, result["threads"])


def threads(conn: psycopg.Connection, settings: dict[str, str | None]) -> Check:
    """Whether native libraries use one thread per connection."""
    others = [name for name, value in settings.items() if value != "1"]
    if not others:
        return Check("threads", "one a connection")
    lines = ", ".join(f"{name} = '1'" for name in others)
    remedy = f"put {lines} into {environment(conn)} and restart the server"
    return Check("threads", "as many as there are processors", remedy, is_note=True)


def probe(conn: psycopg.Connection) -> dict[str, Any]:
    """Run the probe in the server's Python: its version, thread settings and imports.

    Each import is [succeeded, path or error].
    """
    notices: list[str] = []
    conn.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    lists = {"imports": json.dumps(IMPORTS), "threads": json.dumps(THREADS)}
    parts = {name: sql.Literal(text) for name, text in lists.items()}
    conn.execute(sql.SQL(QUERIES.probe_python).format(**parts))
    output = next(text for text in notices if text.startswith("probe:"))
    result: dict[str, Any] = json.loads(output.removeprefix("probe:"))
    return result


def python_path(conn: psycopg.Connection) -> str:
    """The setting with which the server finds our environment."""
    packages = sysconfig.get_path("purelib")
    if not db.is_configured():
        return f"run ./pgmuse setup, ./pgmuse down, ./pgmuse up ({embedded().folder})"
    return (
        f"put PYTHONPATH = '{packages}' into {environment(conn)} and restart the server; it "
        f"must be able to read {Path(udfs.__file__).resolve().parent}"
    )


def environment(conn: psycopg.Connection) -> str:
    """The place of the server's environment variables: in Debian a file, else its service."""
    (config,) = conn.execute("select current_setting('config_file')").fetchone() or ("",)
    folder = Path(config).parent
    if folder.parent.parent == DEBIAN:
        return str(folder / "environment")
    return f"the environment of the service that starts it (its configuration is {config})"
