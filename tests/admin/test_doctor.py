"""The doctor: all checks pass here, and failed checks print a remedy."""

import pytest

from loaders.admin import doctor
from loaders.admin.migrate import migrate
from loaders.core import db
from loaders.core.server.cluster import ENVIRONMENT, Server, throw_away
from tests.servers.postgres import use


def lines_by_name(capsys) -> dict[str, str]:
    lines = capsys.readouterr().out.splitlines()
    return {line[6:].partition(":")[0]: line for line in lines}


def test_a_healthy_server_is_ok(server, capsys):
    assert doctor.doctor()
    lines = lines_by_name(capsys)
    assert lines["schema"].startswith("ok")
    assert lines["import ai_edge_litert.interpreter"].startswith("ok")
    assert not [line for line in lines.values() if line.startswith("FAIL")]


def test_a_health_check_is_three_lines(fresh, capsys):
    assert doctor.doctor(quick=True)
    assert list(lines_by_name(capsys)) == ["server", "schema", "roles"]
    fresh.execute("update muse.alembic_version set version_num = '0001'")
    assert not doctor.doctor(quick=True)
    assert "is pending: run ./pgmuse migrate" in lines_by_name(capsys)["schema"]


def test_a_health_check_starts_no_server(server, capsys, monkeypatch, tmp_path):
    for name in db.SERVER_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    stopped = Server(tmp_path / "postgres")
    monkeypatch.setattr(doctor, "embedded", lambda: stopped)
    assert not doctor.doctor(quick=True)
    line = lines_by_name(capsys)["server"]
    assert line == "FAIL  server: the embedded server is not running: ./pgmuse up"
    assert not stopped.data.exists()


def test_pending_revisions_and_a_missing_schema_are_told(fresh, capsys):
    fresh.execute("update muse.alembic_version set version_num = '0001'")
    assert not doctor.doctor()
    assert "is pending: run ./pgmuse migrate" in lines_by_name(capsys)["schema"]
    fresh.execute("update muse.alembic_version set version_num = '9999'")
    assert not doctor.doctor()
    assert "update it" in lines_by_name(capsys)["schema"]
    fresh.execute("drop schema muse cascade")
    assert not doctor.doctor()
    assert "run ./pgmuse migrate" in lines_by_name(capsys)["schema"]


def test_no_server_is_one_line(server, capsys, monkeypatch):
    monkeypatch.setenv("PGHOST", "/nowhere")
    assert not doctor.doctor()
    assert lines_by_name(capsys)["server"].startswith("FAIL  server: not reached: no connection")


def test_a_native_clash_is_seen_before_any_backend_dies_of_it(
    server, tmp_path_factory, capsys, monkeypatch
):
    """A numpy on the path that crashes its process, as a clash of native libraries does."""
    with throw_away() as broken:
        folder = broken.folder / "clash"
        (folder / "numpy").mkdir(parents=True)
        (folder / "numpy" / "__init__.py").write_text("import os; os.kill(os.getpid(), 11)")
        broken.folder.chmod(0o755)
        broken.down()
        path = "loaders.core.server.cluster.ENVIRONMENT"
        monkeypatch.setattr(
            path, ENVIRONMENT | {"PYTHONPATH": f"{folder}:{ENVIRONMENT['PYTHONPATH']}"}
        )
        broken.up()
        use(broken)
        migrate()
        try:
            with broken.connect() as conn:
                backend = conn.execute("select pg_postmaster_start_time()").fetchone()
            assert not doctor.doctor()
            line = lines_by_name(capsys)["import numpy"]
            assert line.startswith("FAIL  import numpy: signal 11")
            assert "PYTHONPATH" in line
            with broken.connect() as conn:
                assert conn.execute("select pg_postmaster_start_time()").fetchone() == backend
        finally:
            use(server)


class Configured:
    """A connection to a server with that configuration file."""

    def __init__(self, config: str):
        self.config = config

    def execute(self, query):
        return self

    def fetchone(self):
        return (self.config,)


@pytest.mark.parametrize(
    ("config", "place"),
    [
        ("/etc/postgresql/16/second/postgresql.conf", "/etc/postgresql/16/second/environment"),
        ("/var/lib/pgsql/data/postgresql.conf", "the service that starts it"),
        ("/etc/postgresql/postgresql.conf", "the service that starts it"),
    ],
)
def test_the_environment_of_the_real_cluster_is_named(config, place):
    assert place in doctor.environment(Configured(config))


def test_more_threads_than_one_are_a_note():
    conn = Configured("/etc/postgresql/15/main/postgresql.conf")
    one = dict.fromkeys(doctor.THREADS, "1")
    assert doctor.threads(conn, one).remedy == ""
    check = doctor.threads(conn, one | {"OMP_NUM_THREADS": None, "MKL_NUM_THREADS": "8"})
    assert check.is_note
    assert "put OMP_NUM_THREADS = '1', MKL_NUM_THREADS = '1' into" in check.remedy
    assert "/etc/postgresql/15/main/environment" in check.remedy


def test_the_threads_of_the_server_are_read(server):
    with server.connect() as conn:
        assert doctor.probe(conn)["threads"] == dict.fromkeys(doctor.THREADS, "1")
