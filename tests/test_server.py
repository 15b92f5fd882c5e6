"""The embedded server: made, started, stopped, killed, and shut to everybody else."""

import os
import signal
import socket
import threading
import time
from pathlib import Path

import psycopg
import pytest

from loaders.errors import Problem
from loaders.server import Server, memory_settings, parse_address, throw_away


def setting(server: Server, name: str) -> str:
    with server.connect() as conn:
        return conn.execute("select current_setting(%s)", (name,)).fetchone()[0]


def test_it_is_quiet_and_private(server):
    assert setting(server, "listen_addresses") == ""
    assert setting(server, "log_parameter_max_length") == "128B"
    assert setting(server, "log_min_error_statement") == "panic"
    for folder in (server.socket, server.data):
        assert folder.stat().st_mode & 0o077 == 0


def test_the_shells_secrets_are_not_in_its_environment(server):
    pid = int((server.data / "postmaster.pid").read_text().split()[0])
    names = {
        entry.partition(b"=")[0] for entry in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
    }
    assert names <= {b"PATH", b"LANG", b"PYTHONPATH", b"PYTHONNOUSERSITE", b"PYTHONDONTWRITEBYTECODE",
        b"OMP_NUM_THREADS", b"OPENBLAS_NUM_THREADS", b"MKL_NUM_THREADS", b"PGDATA", b"",
        b"PG_GRANDPARENT_PID", b"PGLOCALEDIR", b"PGSYSCONFDIR", b"PG_OOM_ADJUST_FILE", b"PWD", b"SHLVL", b"_", b"OLDPWD"}  # fmt: skip


def test_a_picture_does_not_end_in_the_log(server):
    picture = "ffd8" * 5000
    with server.connect() as conn, pytest.raises(psycopg.Error):
        conn.execute(f"select 1/0, decode('{picture}', 'hex')")
    with server.connect() as conn, pytest.raises(psycopg.Error):
        conn.execute("select 1/0, %s::text", (picture,))
    logs = "".join(path.read_text() for path in server.log.glob("postgres-*.log"))
    assert "division by zero" in logs
    assert "ffd8ffd8ffd8" not in logs.replace(picture[:128], "")


def test_memory_settings_fit_the_machine():
    small, large = memory_settings(2048, 64), memory_settings(256 * 1024, 64 * 1024)
    assert small["shared_buffers"] == 256
    assert small["shared_memory"] == "mmap"  # a container's /dev/shm is too small for a build
    assert (large["shared_buffers"], large["shared_memory"]) == (4096, "posix")


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("127.0.0.1", ("127.0.0.1", "5432")),
        ("localhost:5433", ("localhost", "5433")),
        ("[::1]:5433", ("::1", "5433")),
        ("*", ("*", "5432")),
    ],
)
def test_addresses(text, address):
    assert parse_address(text) == address


@pytest.mark.parametrize("text", ["", ":5432", "host:port", "a:1:2", "::1"])
def test_no_addresses(text):
    with pytest.raises(Problem, match="no address to listen on"):
        parse_address(text)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def test_up_down_listen_and_a_crash():
    with throw_away() as server:
        with server.connect() as conn:
            conn.execute("create table kept as select 1 as x")
        server.up()  # nothing to do
        for pid in [int((server.data / "postmaster.pid").read_text().split()[0])]:
            os.kill(pid, signal.SIGKILL)
        deadline = time.monotonic() + 10
        while server.running() and time.monotonic() < deadline:
            time.sleep(0.05)
        time.sleep(0.5)  # its children notice
        server.up()
        port = free_port()
        server.up(f"127.0.0.1:{port}")
        assert server.address() == ("127.0.0.1", str(port))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="pgmuse")
        for nobody in ("nobody.invalid", "192.0.2.1", "127.0.0.1:99999"):
            with pytest.raises(Problem, match="is no address of this machine"):
                server.up(nobody)
        assert server.address() == ("127.0.0.1", str(port))  # it was not stopped for that
        with server.connect() as conn:
            assert conn.execute("select x from kept").fetchone() == (1,)
        assert server.down()
        assert not server.down()
        assert not server.running()
    assert not server.folder.exists()
    assert not server.socket.exists()


def test_two_at_once_make_one():
    with throw_away() as server:
        server.remove()
        problems = []

        def work():
            try:
                server.up()
            except Problem as error:
                problems.append(error)

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        assert problems == []
        assert setting(server, "server_version_num") >= "150000"


def test_a_socket_folder_of_somebody_else_is_refused(server):
    class Foreign(Server):
        socket = server.folder.parent / f"{server.folder.name}.foreign"

    foreign = Foreign(server.folder)
    foreign.socket.symlink_to("/")
    try:
        with pytest.raises(Problem, match="belongs to somebody else"):
            foreign._own(foreign.socket)
    finally:
        foreign.socket.unlink()
