"""The embedded server: created, started, stopped, killed, and closed to other users."""

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import psycopg
import pytest

from loaders.core.errors import Problem
from loaders.core.server import addresses, processes, sockets
from loaders.core.server.cluster import Server, throw_away
from loaders.core.server.files import HBA, OLD_HBAS


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


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def postmaster(server: Server) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def kill(server: Server) -> None:
    os.kill(postmaster(server), signal.SIGKILL)
    deadline = time.monotonic() + 10
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    time.sleep(0.5)  # its children notice


def test_up_down_and_a_crash():
    with throw_away() as server:
        with server.connect() as conn:
            conn.execute("create table kept as select 1 as x")
        first = postmaster(server)
        server.up()  # nothing to do
        assert postmaster(server) == first
        kill(server)
        server.up()
        with server.connect() as conn:
            assert conn.execute("select x from kept").fetchone() == (1,)
        assert server.down()
        assert not server.down()
        assert not server.running()
        parent = server.folder.parent
    assert not server.folder.exists()
    assert not server.socket.exists()
    assert not parent.exists()


def test_an_address_comes_with_a_restart_only_and_stays_until_down():
    with throw_away() as server:
        before, (port, other) = server.conninfo, (free_port(), free_port())
        with server.connect() as open_one:
            with pytest.raises(Problem, match="without TCP.*ends all connections.*--restart"):
                server.up(f"127.0.0.1:{port}")
            open_one.execute("select 1")  # nobody was cut off
        server.up(f"127.0.0.1:{port}", restart=True)
        assert server.address() == ("127.0.0.1", str(port))
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(host="127.0.0.1", port=port, user="postgres", dbname="pgmuse")
        first = postmaster(server)
        server.up(f"127.0.0.1:{port}")
        server.up()
        assert postmaster(server) == first
        with pytest.raises(Problem, match=f"on 127.0.0.1:{port}"):
            server.up(f"127.0.0.1:{other}")
        assert server.conninfo == before  # the socket's name, whatever the port
        with server.connect() as conn:
            conn.execute("select 1")
        kill(server)
        server.up()
        assert server.address() == ("127.0.0.1", str(port))
        with server.connect() as conn:
            conn.execute("select 1")
        server.down()
        server.up()
        assert server.address()[0] == ""
        kill(server)
        assert not server.down()
        server.up()
        assert server.address()[0] == ""


def test_an_address_of_nobody_ends_nothing(server):
    first = postmaster(server)
    for nobody in ("nobody.invalid", "192.0.2.1", "127.0.0.1:99999"):
        with pytest.raises(Problem, match="is no address of this machine"):
            server.up(nobody, restart=True)
    assert postmaster(server) == first


def test_beyond_this_machine_there_is_tls():
    with throw_away() as server:
        port = free_port()
        server.up(f"0.0.0.0:{port}", restart=True)
        with server.connect() as conn:
            conn.execute("create role guest login password 'a guest'")
            rules = conn.execute(
                "select type, address, auth_method from pg_hba_file_rules where type like 'host%'"
            ).fetchall()
        databases_and_replicas = [
            ("host", "127.0.0.1", "scram-sha-256"),
            ("host", "::1", "scram-sha-256"),
            ("hostssl", "all", "scram-sha-256"),
        ] * 2
        assert rules == databases_and_replicas
        key = (server.data / "server.key").stat()
        assert key.st_mode & 0o077 == 0
        address = {"host": "127.0.0.1", "port": port, "user": "guest", "password": "a guest"}
        with psycopg.connect(**address, dbname="pgmuse", sslmode="require") as guest:
            encrypted = "select ssl from pg_stat_ssl where pid = pg_backend_pid()"
            assert guest.execute(encrypted).fetchone() == (True,)
        certificate = (server.data / "server.crt").read_bytes()
        kill(server)
        server.up()
        assert (server.data / "server.crt").read_bytes() == certificate
        (server.data / "server.key").unlink()
        with pytest.raises(Problem, match="go together, and one is missing"):
            server.up(f"0.0.0.0:{free_port()}", restart=True)


def test_without_openssl_nobody_else_reaches_it(monkeypatch):
    with throw_away() as server:
        first = postmaster(server)
        monkeypatch.setattr(addresses.shutil, "which", lambda program: None)
        with pytest.raises(Problem, match="needs TLS, and openssl is not installed"):
            server.up(f"0.0.0.0:{free_port()}", restart=True)
        assert postmaster(server) == first


def test_the_old_rules_of_who_may_connect_are_replaced_and_your_own_stay():
    with throw_away() as server:
        hba = server.data / "pg_hba.conf"
        pairs = [
            *((old, HBA) for old in OLD_HBAS),
            ("local all all trust\n", "local all all trust\n"),
        ]
        for text, then in pairs:
            server.down()
            hba.write_text(text)
            server.up()
            assert hba.read_text() == then


def test_a_socket_that_was_deleted_comes_back():
    with throw_away() as server:
        (server.socket / ".s.PGSQL.5432").unlink()
        with pytest.raises(psycopg.OperationalError):
            server.connect()
        server.up()
        server.connect().close()
        shutil.rmtree(server.socket)
        server.up()
        server.connect().close()


def test_a_cluster_with_a_long_path_has_its_socket_elsewhere():
    with throw_away() as short:
        deep = short.folder.parent / ("a" * 60) / ("b" * 60)
        server = Server(deep / "postgres", settings="fsync = off\n")
        try:
            server.up()
            assert not server.socket.is_relative_to(deep)
            assert server.socket.stat().st_mode & 0o077 == 0
            server.connect().close()
            place = server.socket
            shutil.rmtree(place)
            server.up()
            server.connect().close()
        finally:
            server.remove()
        assert not place.exists()


def test_who_is_not_root_has_a_runtime_folder_or_a_random_one(monkeypatch, tmp_path):
    user = 12345
    monkeypatch.setattr(sockets.os, "geteuid", lambda: user)
    monkeypatch.setattr(sockets.os, "environ", {"XDG_RUNTIME_DIR": str(tmp_path)})
    monkeypatch.setattr(sockets, "is_ours", lambda folder, *users: users == (user,))
    assert sockets.choose(Path("/a")).parent == tmp_path
    monkeypatch.setattr(sockets, "is_ours", lambda folder, *users: False)
    names = [sockets.choose(Path("/a")) for _ in range(2)]
    try:
        assert names[0] != names[1]
        assert all(name.stat().st_mode & 0o077 == 0 for name in names)
    finally:
        for name in names:
            name.rmdir()


def test_links_and_strangers_are_not_ours(tmp_path):
    link = tmp_path / "link"
    link.symlink_to(tmp_path)
    assert sockets.is_ours(tmp_path, os.geteuid())
    assert not sockets.is_ours(tmp_path, os.geteuid() + 1)
    assert not sockets.is_ours(link, os.geteuid())
    assert not sockets.is_ours(tmp_path / "none", os.geteuid())


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
        with pytest.raises(Problem, match="belongs to another user"):
            foreign.own(foreign.socket)
    finally:
        foreign.socket.unlink()


def test_a_folder_of_another_user_is_one_line_that_says_whom_to_give_it_to(tmp_path, monkeypatch):
    server = Server(tmp_path / "var" / "postgres", owner="daemon")
    server.folder.mkdir(parents=True)
    monkeypatch.setattr(os, "geteuid", lambda: 54321)
    remedy = f"give it to daemon: chown -R {sockets.user_id('daemon')} {server.folder.parent}"
    with pytest.raises(Problem, match=f"belongs to another user; {remedy}"):
        server.up()


def test_a_folder_that_cannot_be_written_is_one_line():
    server = Server(Path("/proc/nowhere/postgres"))
    with pytest.raises(Problem, match="/proc/nowhere.*chown -R"):
        server.up()


def test_two_servers_never_share_a_folder(monkeypatch):
    """Another container sees the files of a server and not its process."""
    monkeypatch.setattr(processes, "WAIT", 0.3)
    with throw_away() as server:
        (server.data / "postmaster.pid").rename(server.data / "hidden.pid")
        assert not server.running()
        with pytest.raises(Problem, match="another server runs on .*postgres, perhaps in a cont"):
            server.up()
        (server.data / "hidden.pid").rename(server.data / "postmaster.pid")
        server.connect().close()


def test_the_process_id_of_a_killed_container_is_not_a_server():
    """It is that of a living process, as number 1 is in every container."""
    with throw_away() as server:
        pid = server.data / "postmaster.pid"
        lines = pid.read_text().splitlines()
        kill(server)
        pid.write_text("\n".join(["1", *lines[1:]]) + "\n")
        assert not server.running()
        server.up()
        server.connect().close()


def test_in_the_foreground_it_takes_the_place_of_its_process_and_logs_to_stderr():
    with throw_away() as server:
        address = f"127.0.0.1:{free_port()}"
        with pytest.raises(Problem, match="runs already: ./pgmuse down"):
            server.run(address)
        server.down()
        code = (
            "import sys; from pathlib import Path; from loaders.core.server.cluster import Server; "
            "Server(Path(sys.argv[1])).run(sys.argv[2])"
        )
        command = [sys.executable, "-c", code, str(server.folder), address]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        assert any("ready to accept connections" in line for line in process.stderr)
        assert postmaster(server) == process.pid
        assert server.address() == tuple(address.split(":"))
        server.connect().close()
        process.send_signal(signal.SIGINT)
        assert process.wait(30) == 0
        process.stderr.close()
        server.up()
        assert server.address()[0] == ""
