"""Create logins for readers and loaders."""

from pathlib import Path

import psycopg
from psycopg import sql

from loaders.core.errors import Problem


def create_login(
    conn: psycopg.Connection, name: str, file: Path, *, loader: bool, replica: bool = False
) -> None:
    """Create a login with the password in `file`, or change its password and add its role.

    loader: it may load and train. replica: it may copy the server and query nothing.

    `conn` is in autocommit mode. Errors: Problem where the file has no password, or the role is
    a superuser's.
    """
    password = read_password(file)
    select = "select rolsuper from pg_catalog.pg_roles where rolname = %s"
    row = conn.execute(select, (name,)).fetchone()
    if row == (True,):
        raise Problem(f"{name} is a superuser: choose another name")
    # libpq hashes the password, so that no log contains it.
    encoding = conn.info.encoding
    secret = conn.pgconn.encrypt_password(
        password.encode(encoding), name.encode(encoding), b"scram-sha-256"
    )
    role = sql.Identifier(name)
    with conn.transaction():
        if row is None:
            conn.execute(sql.SQL("create role {} login").format(role))
        alter = sql.SQL("alter role {} login password {}")
        conn.execute(alter.format(role, sql.Literal(secret.decode())))
        if replica:
            conn.execute(sql.SQL("alter role {} replication").format(role))
            return
        group = sql.Identifier("muse_loader" if loader else "muse_reader")
        conn.execute(sql.SQL("grant {} to {}").format(group, role))


def read_password(file: Path) -> str:
    """The first line of a file. Errors: Problem where it cannot be read or is empty."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        raise Problem(f"{file}: there is no such file with a password") from None
    except (OSError, UnicodeDecodeError):
        raise Problem(f"{file}: this user cannot read a password from it") from None
    if not lines or not lines[0]:
        raise Problem(f"{file}: its first line is empty, and must be the password")
    return lines[0]
