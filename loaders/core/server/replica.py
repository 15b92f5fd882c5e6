"""Make the embedded server a read-only copy of another server, by streaming replication.

The copy is made by pg_basebackup, with a slot on the primary that keeps what the copy has not yet
received. The password is in a file of the server's folder; the database's files do not hold it.
"""

import re
import shutil
import socket
from contextlib import suppress
from pathlib import Path

import psycopg
from psycopg import conninfo

from loaders.core.errors import Problem
from loaders.core.server import addresses
from loaders.core.server.cluster import Server
from loaders.core.server.files import HBA

INCLUDE = "include 'pgmuse.conf'"
LOCAL = ("", "localhost", "127.0.0.1", "::1")
PASSWORD = "primary.pgpass"  # noqa: S105  (a file's name)
# A standby refuses to start with lower values than its primary's.
AT_LEAST = (
    "max_connections", "max_worker_processes", "max_wal_senders", "max_prepared_transactions",
    "max_locks_per_transaction",
)  # fmt: skip
SLOT = re.compile(r"[a-z0-9_]{1,63}")


def make_replica(
    server: Server, primary: str, user: str, password: str | None, slot: str | None = None
) -> None:
    """Copy `primary` into the folder of `server`, which has no cluster yet, and start it.

    primary: HOST[:PORT], or a connection string of libpq. slot: its name on the primary; by default
    pgmuse_ and this machine's name.

    Errors: Problem where the folder has a cluster, the primary refuses, or it is of another major
    version. The primary then has no slot of ours.
    """
    slot = slot or "pgmuse_" + re.sub("[^a-z0-9]", "_", socket.gethostname().lower())[:50]
    if not SLOT.fullmatch(slot):
        raise Problem(f"{slot!r} is no name of a slot: use a-z, 0-9 and _")
    with server.alone():
        if server.data.exists():
            raise Problem(
                f"{server.data} has a database already: a replica begins with an empty folder. "
                "Move it away, or make the replica in another checkout"
            )
        _copy(server, primary, user, password, slot)
    server.up()


def promote(server: Server) -> None:
    """Make a replica a server of its own, that can be written. Errors: Problem."""
    if not (server.data / "standby.signal").exists():
        raise Problem("the embedded server is no replica")
    server.up()
    server.run_program("pg_ctl", "promote", "--wait", "--silent").check("promote the replica")
    (server.folder / PASSWORD).unlink(missing_ok=True)


def _copy(server: Server, primary: str, user: str, password: str | None, slot: str) -> None:
    """Copy the primary, also its settings. Interrupted or not, a failure leaves no slot."""
    server.own(server.folder)
    server.own(server.log)
    target = _target(server, primary, user, password)
    settings = _check_primary(server, target, slot)
    part = server.folder / "part"  # renamed when complete
    shutil.rmtree(part, ignore_errors=True)
    try:
        server.run_program(
            "pg_basebackup", "--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast",
            "--no-password", "--create-slot", f"--slot={slot}", "--pgdata", str(part),
            "--dbname", target,
        ).check("copy the primary")  # fmt: skip
    except BaseException:
        _drop_slot(target, slot)
        (server.folder / PASSWORD).unlink(missing_ok=True)
        raise
    server.write(part / "pg_hba.conf", HBA)
    server.write(part / "pgmuse.conf", "")
    conf = part / "postgresql.conf"
    if not conf.exists() or INCLUDE not in conf.read_text():  # the primary is no embedded server
        lines = [f"{name} = {value}" for name, value in settings.items()]
        server.write(conf, "\n".join([*lines, INCLUDE, ""]))
    for name in ("log", "pg_log", "server.key", "server.crt"):  # the primary's own
        _remove(part / name)
    part.rename(server.data)


def _target(server: Server, primary: str, user: str, password: str | None) -> str:
    """A connection string for replication. The password is in a file of the server's owner."""
    values: dict[str, str] = {"user": user, "connect_timeout": "10"}
    if "=" in primary or "://" in primary:
        try:
            some = conninfo.conninfo_to_dict(primary)
        except psycopg.ProgrammingError as error:
            raise Problem(f"--of: {' '.join(str(error).split())}") from None
        values |= {name: str(value) for name, value in some.items()}
    else:
        values["host"], values["port"] = addresses.parse_address(primary)
    hosts = ",".join(values.get(name, "") for name in ("host", "hostaddr")).split(",")
    if any(host not in LOCAL and not host.startswith("/") for host in hosts):
        values.setdefault("sslmode", "require")
    password = values.pop("password", password)
    values.pop("dbname", None)
    if password is not None:
        file = server.folder / PASSWORD
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        server.write(file, f"*:*:*:*:{escaped}\n")
        values["passfile"] = str(file)
    return conninfo.make_conninfo(**values)


def _check_primary(server: Server, target: str, slot: str) -> dict[str, str]:
    """The settings that a replica needs at least. Errors: Problem, also where the slot exists."""
    with _connect(target) as conn:
        theirs, ours = _show(conn, "server_version_num")[:-4], server.installed_version()
        if theirs != ours:
            raise Problem(
                f"the primary is PostgreSQL {theirs} and {ours} is installed here: a replica has "
                f"the same major version; install postgresql-{theirs}"
            )
        if _show(conn, "wal_level") == "minimal":
            raise Problem("wal_level is minimal on the primary: set it to replica and restart it")
        row = conn.execute(f"READ_REPLICATION_SLOT {slot}".encode()).fetchone()
        if row is not None and row[0] is not None:
            raise Problem(
                f"the primary has a slot {slot} of another replica: give another name with --slot, "
                f"or remove it there: select pg_drop_replication_slot('{slot}')"
            )
        return {name: _show(conn, name) for name in AT_LEAST}


def _connect(target: str) -> psycopg.Connection:
    try:
        return psycopg.connect(target, replication="true", autocommit=True)
    except psycopg.OperationalError as error:
        reason = " ".join(str(error).split())
        raise Problem(f"the primary refuses: {reason}; see docs/scale.md, Readers") from None


def _show(conn: psycopg.Connection, name: str) -> str:
    row = conn.execute(f"SHOW {name}".encode()).fetchone()
    assert row is not None
    return bytes(row[0]).decode()  # a replication connection has no types


def _drop_slot(target: str, slot: str) -> None:
    """Remove the slot of a copy that failed, once its connection has ended."""
    with suppress(Problem, psycopg.Error), _connect(target) as conn:  # it may not have been created
        conn.execute(f"DROP_REPLICATION_SLOT {slot} WAIT".encode())


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
