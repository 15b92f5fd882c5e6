"""Which process runs a cluster, and the lock that keeps a second server away from its folder.

A process id is not enough: containers have process ids of their own, and number 1 of a killed one
is a shell in the next. The lock is a file that the server's processes inherit, so the kernel
releases it when the last of them ends.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loaders.core.errors import Problem

WAIT = 10  # seconds for the processes of a killed server


def postmaster(data: Path) -> int | None:
    """The process id of the cluster's server, None where it is not running.

    A server's working directory is its data folder. Where this user may not see it, the
    program's name decides.
    """
    try:
        pid = int((data / "postmaster.pid").read_text().split()[0])
        return pid if _is_server(Path(f"/proc/{pid}"), data) else None
    except (OSError, ValueError, IndexError):
        return None


def _is_server(process: Path, data: Path) -> bool:
    try:
        return os.readlink(process / "cwd") == str(data.resolve())
    except PermissionError:
        return (process / "comm").read_text().strip() == "postgres"


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """A lock on a cluster's folder, as a file descriptor for its server to inherit.

    Errors: Problem where the server of another container or machine has it.
    """
    descriptor = os.open(folder / "server.lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        _acquire(descriptor, folder)
        os.set_inheritable(descriptor, True)
        yield descriptor
    finally:
        os.close(descriptor)


def _acquire(descriptor: int, folder: Path) -> None:
    deadline = time.monotonic() + WAIT
    while True:
        try:
            return fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                raise Problem(
                    f"another server runs on {folder}, perhaps in a container: stop it first"
                ) from None
        time.sleep(0.1)


def remove_stale_files(data: Path, socket: Path) -> None:
    """Delete the process ids of a killed server, which Postgres could take for a running one.

    The lock is ours, so no process of that server remains. socket: the folder of its socket.
    """
    if postmaster(data) is None:
        for path in (data / "postmaster.pid", *socket.glob(".s.PGSQL.*.lock")):
            path.unlink(missing_ok=True)
