"""Every requirement checked, each ok or with what to do about it."""

import json
import re
import shutil
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg

import udfs
from loaders import topics
from loaders.core import db
from loaders.core.config import HOME
from loaders.core.errors import Problem
from loaders.core.server.cluster import embedded
from loaders.core.topics import Check

# What the server's Python must import, each in a process of its own: a native clash ends that
# process and not the server.
IMPORTS = ("numpy", "PIL.Image", "ai_edge_litert.interpreter", "udfs.runtime")

DEBIAN = Path("/etc/postgresql")  # VERSION/NAME/environment of each cluster

# With more threads a backend takes more processors than its own, and memory for each.
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")

# Runs inside the server, as its user and with its environment, but imports nothing of ours.
PROBE = """
do language plpython3u $probe$
import json, os, subprocess, sys
program = "python%d.%d" % sys.version_info[:2]
found = {"version": "%d.%d" % sys.version_info[:2]}
found["threads"] = {name: os.environ.get(name) for name in THREADS}
for module in NAMES:
    code = "import " + module + " as m; print(getattr(m, '__file__', ''))"
    try:
        done = subprocess.run(
            [program, "-c", code], capture_output=True, text=True, timeout=60, errors="replace"
        )
        good = done.returncode == 0
        last = (done.stderr.strip().splitlines() or ["signal %d" % -done.returncode])[-1]
        found[module] = [good, done.stdout.strip() if good else last]
    except (OSError, subprocess.TimeoutExpired) as error:
        found[module] = [False, str(error)]
plpy.notice("probe:" + json.dumps(found))
$probe$
"""


ROLES = "select rolname from pg_roles where rolname in ('muse_reader', 'muse_loader') order by 1"
STRONG_ROLES = """
    select rolname from pg_roles as role
    where rolname in ('muse_reader', 'muse_loader') and (
        rolsuper or rolcreaterole or rolcreatedb or rolreplication or rolbypassrls
        or exists (select from pg_auth_members where member = role.oid)
    )
    order by 1
"""


def doctor() -> bool:
    """Print every check; whether all are fulfilled."""
    good = True
    for check in checks():
        mark = "ok" if not check.remedy else "note" if check.is_note else "FAIL"
        print(f"{mark:<5} {check.name}: {check.state}{': ' if check.remedy else ''}{check.remedy}")
        good &= mark != "FAIL"
    return good


def checks() -> Iterator[Check]:
    """All checks in order; those that need a server stop where there is none."""
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
        for topic in topics.TOPICS:
            yield from topic.checks(conn)


def disk() -> Check:
    """Room where the embedded server keeps its tables."""
    folder = next(path for path in (HOME, *HOME.parents) if path.is_dir())
    free = shutil.disk_usage(folder).free >> 20
    return Check(
        "disk", f"{free:,} MB free", "make room: 2,000 MB are needed" if free < 2000 else ""
    )


def samples() -> Check:
    """The sample packages, which the demo alone needs."""
    found = sorted(path.name for path in (HOME / "samples").glob("*") if path.is_dir())
    if not found:
        return Check("samples", "none", "./pgmuse setup fetches them for the demo", is_note=True)
    return Check("samples", ", ".join(name for name in found if "." not in name))


def version(conn: psycopg.Connection) -> Check:
    """PostgreSQL itself."""
    number = conn.info.server_version
    mend = "PostgreSQL 15 or newer is needed" if number < 150000 else ""
    if conn.info.parameter_status("server_encoding") != "UTF8":
        mend = "its encoding is not UTF8: create a database with it"
    return Check(
        "server", f"PostgreSQL {number // 10000}.{number % 10000}, {db.described(conn)}", mend
    )


def vector(conn: psycopg.Connection) -> Check:
    """pgvector, and what an old one must not do."""
    check = extension(conn, "vector", "install pgvector 0.8.0 or newer")
    numbers = tuple(map(int, re.findall(r"\d+", check.state)[:3]))
    if check.remedy or numbers >= (0, 8, 4):
        return check
    if numbers < (0, 8, 0):
        return check._replace(remedy="install pgvector 0.8.0 or newer")
    note = "before 0.8.4 its indexes are built by one process and not vacuumed; newer is faster"
    return check._replace(remedy=note, is_note=True)


def extension(conn: psycopg.Connection, name: str, how: str) -> Check:
    """An extension that is installed in this database, in the schema where we look for it."""
    query = """
        select extversion, extnamespace::regnamespace::text from pg_extension where extname = %s
    """
    row = conn.execute(query, (name,)).fetchone()
    if row is None:
        offered = "select default_version from pg_available_extensions where name = %s"
        known = conn.execute(offered, (name,)).fetchone()
        return Check(name, "not in this database", "run ./pgmuse migrate" if known else how)
    if row[1] != "public" and name != "plpython3u":
        mend = f"alter extension {name} set schema public"
        return Check(name, f"{row[0]} in schema {row[1]}", mend)
    return Check(name, row[0])


def roles(conn: psycopg.Connection) -> Check:
    """The two roles that grants are for, without rights of their own."""
    names = [name for (name,) in conn.execute(ROLES)]
    mend = "" if len(names) == 2 else "run ./pgmuse migrate"
    if strong := [name for (name,) in conn.execute(STRONG_ROLES)]:
        mend = f"take attributes and memberships from {', '.join(strong)}: they must be plain roles"
    return Check("roles", ", ".join(names) or "none", mend)


def public_schema(conn: psycopg.Connection) -> Check:
    """Whether everybody may create functions where queries without a schema look for them."""
    query = "select has_schema_privilege('public', oid, 'create') from pg_namespace"
    row = conn.execute(f"{query} where nspname = 'public'").fetchone()
    if row == (True,):
        mend = "revoke create on schema public from public"
        return Check("schema public", "everybody may create functions in it", mend)
    return Check("schema public", "only its owner creates there" if row else "none")


def revisions(conn: psycopg.Connection) -> Check:
    """Whether the database's schema is this code's."""
    if conn.execute("select to_regclass('muse.alembic_version')").fetchone() == (None,):
        return Check("schema", "none", "run ./pgmuse migrate")
    (found,) = conn.execute("select version_num from muse.alembic_version").fetchone() or ("none",)
    if found == udfs.REVISION:
        return Check("schema", f"revision {found}")
    if found > udfs.REVISION:
        return Check("schema", f"revision {found}", f"this code is of {udfs.REVISION}: update it")
    return Check("schema", f"revision {found}, {udfs.REVISION} is pending", "run ./pgmuse migrate")


def python(conn: psycopg.Connection) -> Iterator[Check]:
    """PL/Python: its version, where it looks, and every import in a process of its own."""
    language = extension(conn, "plpython3u", "install postgresql-plpython3, or do without")
    if language.remedy:  # as after migrate --without-python
        yield language._replace(
            is_note=True, remedy=f"no pictures, icons and ink: {language.remedy}"
        )
        return
    yield language
    try:
        found = probe(conn)
    except psycopg.errors.InsufficientPrivilege:
        yield Check("python", "not checked", "connect as a superuser to check it", is_note=True)
        return
    ours = f"{sys.version_info[0]}.{sys.version_info[1]}"
    same = found["version"] == ours
    mend = "" if same else f"the environment is of {ours}: make it with Python {found['version']}"
    yield Check("python", f"the server runs {found['version']}", mend)
    for module in IMPORTS:
        good, told = found[module]
        yield Check(f"import {module}", told, "" if good else python_path(conn))
    yield threads(conn, found["threads"])


def threads(conn: psycopg.Connection, settings: dict[str, str | None]) -> Check:
    """Whether native libraries run one thread a backend."""
    others = [name for name, value in settings.items() if value != "1"]
    if not others:
        return Check("threads", "one a connection")
    lines = ", ".join(f"{name} = '1'" for name in others)
    mend = f"put {lines} into {environment(conn)} and restart the server"
    return Check("threads", "as many as there are processors", mend, is_note=True)


def probe(conn: psycopg.Connection) -> dict[str, Any]:
    """What the server's own Python says of its version, its path and the imports."""
    notices: list[str] = []
    conn.add_notice_handler(lambda notice: notices.append(notice.message_primary or ""))
    conn.execute(PROBE.replace("NAMES", repr(IMPORTS)).replace("THREADS", repr(THREADS)))
    told = next(text for text in notices if text.startswith("probe:"))
    found: dict[str, Any] = json.loads(told.removeprefix("probe:"))
    return found


def python_path(conn: psycopg.Connection) -> str:
    """The one line that a server needs to find our environment."""
    packages = sysconfig.get_path("purelib")
    if not db.chosen():
        return f"run ./pgmuse setup, ./pgmuse down, ./pgmuse up ({embedded().folder})"
    return (
        f"put PYTHONPATH = '{packages}' into {environment(conn)} and restart the server; it "
        f"must be able to read {Path(udfs.__file__).resolve().parent}"
    )


def environment(conn: psycopg.Connection) -> str:
    """Where this server's environment is set: in Debian a file of the cluster, else its service."""
    (config,) = conn.execute("select current_setting('config_file')").fetchone() or ("",)
    folder = Path(config).parent
    if folder.parent.parent == DEBIAN:
        return str(folder / "environment")
    return f"the environment of the service that starts it (its configuration is {config})"
