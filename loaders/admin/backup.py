"""`pgmuse backup` and `pgmuse restore`: the database with its roles and settings in one file.

The file is a tar archive of `backup.json` (revision, roles, settings) and `database.dump`, which is
pg_dump's custom format: `tar xf` takes it out for pg_restore.
"""

import json
import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import IO, Any

import psycopg
from psycopg import sql

import udfs
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.config import version
from loaders.core.console import counted, say
from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.core.server.cluster import bindir

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
ABOUT, DUMP = "backup.json", "database.dump"
VARIABLES = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "dbname": "PGDATABASE"}
REVISION = "select version_num from muse.alembic_version"
HAS_PYTHON = "select from pg_extension where extname = 'plpython3u'"


@dataclass(frozen=True)
class About:
    """What a backup has beside the dump. roles: see select_roles. settings: of the database."""

    revision: str
    version: str
    with_python: bool
    roles: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, str] = field(default_factory=dict)


def backup(file: Path, *, again: bool = False) -> None:
    """Write a backup that only this user may read. Errors: Problem; an older file is kept then."""
    try:
        if file.is_dir():
            raise Problem(f"{file} is a folder: name a file")
        if file.exists() and not again:
            raise Problem(f"{file} exists: --again replaces it")
        if not file.parent.is_dir():
            raise Problem(f"{file}: there is no folder {file.parent}")
        with db.connect_to_muse() as conn:
            about = _describe(conn)
        _write(file, about)
    except OSError as error:
        raise Problem(f"{file}: {error.strerror}") from error
    roles = f" with {counted(len(about.roles), 'roles')}" if about.roles else ""
    say(f"{file}: {file.stat().st_size / 2**20:,.1f} MB{roles}")


def restore(file: Path) -> None:
    """Restore a backup into a database without a schema muse, and migrate.

    Errors: Problem; the database is unchanged then, but for roles.
    """
    try:
        with tarfile.open(file) as archive:
            about = _read_about(archive, file)
            with db.connect(autocommit=True) as conn:
                say(f"restoring into {db.describe(conn)}")
                _check_target(conn, about)
                missing = _create_roles(conn, about)
            dump = archive.extractfile(DUMP)
            if dump is None:
                raise Problem(f"{file} is no backup: it has no {DUMP}")
            _restore(dump)
    except tarfile.ReadError as error:
        remedy = "pg_restore reads a dump of pg_dump"
        raise Problem(f"{file} is no backup of ./pgmuse backup, or cut off: {remedy}") from error
    except (tarfile.TarError, KeyError) as error:
        raise Problem(f"{file} is no backup, or cut off: {error}") from error
    except OSError as error:
        raise Problem(f"{file}: {error.strerror or error}") from error
    with db.connect(autocommit=True) as conn:
        _apply_settings(conn, about)
    migrate(with_python=about.with_python)
    kept = f"; roles that exist, or may not be created, are as they were: {missing}"
    say(f"restored{kept if missing else ''}")


def _describe(conn: psycopg.Connection) -> About:
    (revision,) = conn.execute(REVISION).fetchone() or ("",)
    (roles,) = conn.execute(QUERIES.select_roles).fetchone() or ([],)
    settings: dict[str, str] = dict(conn.execute(QUERIES.select_muse_settings).fetchall())
    with_python = conn.execute(HAS_PYTHON).rowcount == 1
    try:
        names = {"names": [role["name"] for role in roles]}
        with conn.transaction():
            (passwords,) = conn.execute(QUERIES.select_passwords, names).fetchone() or ({},)
    except psycopg.errors.InsufficientPrivilege:
        passwords = {}
        say("passwords are left out: only a superuser may read them")
    for role in roles:
        role["password"] = passwords.get(role["name"])
    return About(revision, version(), with_python, roles, settings)


def _write(file: Path, about: About) -> None:
    """Write into a new file that only this user may read, and rename it at the end."""
    descriptor, name = tempfile.mkstemp(prefix=f".{file.name[:50]}.", dir=file.parent)
    partial = Path(name)
    try:
        with os.fdopen(descriptor, "r+b") as out:
            _write_member(out, ABOUT, json.dumps(asdict(about), indent=1).encode())
            with _member(out, DUMP):
                _dump(out)
            out.write(bytes(2 * tarfile.BLOCKSIZE))  # the end of an archive
        partial.replace(file)
    finally:
        partial.unlink(missing_ok=True)


def _write_member(out: IO[bytes], name: str, content: bytes) -> None:
    with _member(out, name):
        out.write(content)


@contextmanager
def _member(out: IO[bytes], name: str) -> Iterator[None]:
    """A member of a tar archive, of what the block writes; its size is filled in at the end."""
    start = out.tell()
    out.write(bytes(tarfile.BLOCKSIZE))
    yield
    out.seek(0, os.SEEK_END)
    member = tarfile.TarInfo(name)
    member.size, member.mode = out.tell() - start - tarfile.BLOCKSIZE, 0o600
    out.write(bytes(-member.size % tarfile.BLOCKSIZE))
    out.seek(start)
    out.write(member.tobuf(tarfile.GNU_FORMAT))
    out.seek(0, os.SEEK_END)


def _environment() -> dict[str, str]:
    """Variables with which Postgres' programs connect as db.connect does."""
    return os.environ | {VARIABLES[key]: value for key, value in db.conninfo().items()}


def _dump(out: IO[bytes]) -> None:
    out.flush()
    done = subprocess.run(
        [bindir() / "pg_dump", "--format=custom", "--no-owner"], env=_environment(),
        stdout=out, stderr=subprocess.PIPE, text=False, check=False,
    )  # fmt: skip
    if done.returncode:
        raise Problem(_last_line(done.stderr))


def _restore(dump: IO[bytes]) -> None:
    """Feed the dump to pg_restore: all of it in one transaction."""
    environment = _environment()
    with db.connect() as conn:
        database = conn.info.dbname
    command = [str(bindir() / "pg_restore"), "--single-transaction", "--no-owner", "-d", database]
    with subprocess.Popen(
        command, env=environment, stdin=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdin is not None
        assert process.stderr is not None
        try:
            shutil.copyfileobj(dump, process.stdin)
            process.stdin.close()
        except BrokenPipeError:
            pass  # its message says why
        errors = process.stderr.read()
    if process.returncode:
        raise Problem(f"nothing was restored: {_last_line(errors)}")


def _last_line(errors: bytes) -> str:
    lines = [line for line in errors.decode(errors="replace").splitlines() if "error:" in line]
    text = lines[0] if lines else errors.decode(errors="replace").strip()[-300:]
    return text or "its program ended without a message"


def _read_about(archive: tarfile.TarFile, file: Path) -> About:
    content = archive.extractfile(ABOUT)
    try:
        about = About(**json.loads(content.read() if content else b""))
        is_valid = isinstance(about.revision, str) and all(map(_is_role, about.roles))
        is_valid &= all(isinstance(value, str) for value in about.settings.values())
    except (ValueError, TypeError, AttributeError) as error:
        raise Problem(f"{file} is no backup: {ABOUT} cannot be read") from error
    if not is_valid:
        raise Problem(f"{file} is no backup: {ABOUT} has values of other types")
    if about.revision > udfs.REVISION:
        raise Problem(
            f"{file} is of revision {about.revision}, newer than this code: update pgmuse"
        )
    return about


def _is_role(role: dict[str, Any]) -> bool:
    """Whether the values of a role have the types that select_roles gives them."""
    return (
        isinstance(role["name"], str)
        and isinstance(role.get("connections", -1), int)
        and all(isinstance(parent, str) for parent in role.get("member_of") or ())
        and all(isinstance(role.get(key) or "", str) for key in ("password", "valid_until"))
    )


def _check_target(conn: psycopg.Connection, about: About) -> None:
    if conn.execute("select to_regnamespace('muse')").fetchone() != (None,):
        where = db.describe(conn)
        raise Problem(f"{where} has a schema muse: name an empty database, or ./pgmuse uninstall")
    query = "select from pg_available_extensions where name = 'plpython3u'"
    if about.with_python and not conn.execute(query).rowcount:
        raise Problem("this server has no PL/Python, which the backup needs: install it")


def _create_roles(conn: psycopg.Connection, about: About) -> str:
    """Create our roles and the logins of the backup; return the names of those left out."""
    for name in ("muse_reader", "muse_loader"):
        _create_role(conn, {"name": name})
    left_out = [role["name"] for role in about.roles if not _create_role(conn, role)]
    created = [role for role in about.roles if role["name"] not in left_out]
    ours = {"muse_reader", "muse_loader", *(role["name"] for role in created)}
    for role in created:
        for parent in ours & set(role.get("member_of") or ()):
            names = map(sql.Identifier, (parent, role["name"]))
            conn.execute(sql.SQL("grant {} to {}").format(*names))
    return ", ".join(left_out)


def _create_role(conn: psycopg.Connection, role: dict[str, Any]) -> bool:
    """Create a role with its password; False where it exists already or may not be created."""
    options: sql.Composable = sql.SQL(" login" if role.get("can_login") else " nologin")
    if role.get("password"):
        options = options + sql.SQL(" password {}").format(sql.Literal(str(role["password"])))
    if role.get("valid_until"):
        options = options + sql.SQL(" valid until {}").format(sql.Literal(str(role["valid_until"])))
    if role.get("connections", -1) != -1:
        options = options + sql.SQL(" connection limit {}").format(
            sql.Literal(int(role["connections"]))
        )
    try:
        conn.execute(sql.SQL("create role {}").format(sql.Identifier(role["name"])) + options)
    except (psycopg.errors.DuplicateObject, psycopg.errors.InsufficientPrivilege):
        return False
    return True


def _apply_settings(conn: psycopg.Connection, about: About) -> None:
    database = sql.Identifier(conn.info.dbname)
    for name, value in about.settings.items():
        if name.startswith("muse."):
            parts = (
                database,
                sql.Identifier("muse", name.removeprefix("muse.")),
                sql.Literal(value),
            )
            conn.execute(sql.SQL("alter database {} set {} = {}").format(*parts))
