"""A cluster: a coordinator and two workers, on unix sockets."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from loaders.core.server.cluster import Server
from loaders.core.server.programs import ProgramResult
from tests.servers import postgres

SETTINGS = (
    postgres.SETTINGS
    + "shared_preload_libraries = 'citus'\nmax_prepared_transactions = 100\n"
    + "max_connections = 200\nautovacuum = off\ncitus.enable_statistics_collection = off\n"
    + "citus.max_background_task_executors = 1\nmax_worker_processes = 8\n"
)


def is_installed() -> bool:
    """Whether the installed PostgreSQL has Citus."""
    folder = subprocess.run(["pg_config", "--pkglibdir"], capture_output=True, text=True)
    return folder.returncode == 0 and (Path(folder.stdout.strip()) / "citus.so").exists()


@contextmanager
def running(count: int = 3) -> Iterator[list[Server]]:
    """Start servers that load Citus; remove them at the end."""
    with ExitStack() as stack:
        servers = []
        for _ in range(count):
            parent = postgres.folder()
            stack.callback(shutil.rmtree, parent, ignore_errors=True)
            server = Server(parent / "postgres", settings=SETTINGS)
            stack.callback(server.remove)
            server.up()
            servers.append(server)
        yield servers


def address(server: Server) -> str:
    """The address of a server for `distribute --worker`."""
    return f"{server.socket}:{server.conninfo['port']}"


def kill(server: Server) -> ProgramResult:
    """End a server as a crash does."""
    return server.run_program("pg_ctl", "stop", "--mode=immediate", "--wait")
