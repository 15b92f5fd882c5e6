"""Settings of roles, databases, the environment or a pooler do not break loads."""

import os
import shutil
import subprocess
import sys
import threading
import time

import psycopg
import pytest

from loaders.admin.migrate import alembic_config, migrate, parse_schemas, uninstall
from loaders.core import db as connections
from loaders.core.config import ROOT
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.songs import train as songs
from loaders.songs.word2vec import Word2VecSettings
from tests.factories.playlists import IDS, slice_of
from tests.factories.rows import add_track, publish_songs
from tests.servers.postgres import use

INHERITED = {
    "statement_timeout": "'20ms'",
    "lock_timeout": "'10ms'",
    "idle_in_transaction_session_timeout": "'20ms'",
    # Between connecting and the first statement, a session of a busy process is idle.
    "idle_session_timeout": "'250ms'",
    "default_transaction_isolation": "'repeatable read'",
    "standard_conforming_strings": "off",
    "datestyle": "'German'",
    "intervalstyle": "'iso_8601'",
    "timezone": "'Asia/Kathmandu'",
    "bytea_output": "'escape'",
    "search_path": "''",
}


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, "-m", "loaders", *arguments], cwd=ROOT, capture_output=True, text=True,
        check=False, env=dict(os.environ) | environment,
    )  # fmt: skip


@pytest.fixture
def files(tmp_path) -> list[str]:
    """Playlist files of several formats."""
    rows = "".join(f"list {i},Ärtist {i % 7},Söng {i % 31}\n" for i in range(3000))
    paths = [tmp_path / f"{number}.csv" for number in range(6)]
    for path in paths:
        path.write_text("playlist,artist,track\n" + rows)
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    return [str(path) for path in [*paths, path]]


def test_settings_that_a_session_inherits_break_no_load(fresh, server, files):
    for name, value in INHERITED.items():
        fresh.execute(f"alter database fresh set {name} = {value}")
    done = command(
        "load", "playlists", *files, "--workers", "6", PGCLIENTENCODING="LATIN1", PGTZ="Asia/Tokyo"
    )
    assert done.returncode == 0, done.stderr
    assert fresh.execute(
        "select count(*) from muse.tracks where artist = 'Ärtist 3'"
    ).fetchone() > (0,)
    with connections.connect_to_load(autocommit=True) as conn:
        songs.train(conn, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1))
    for topic in ("wikipedia", "hieroglyphs"):
        done = command("load", topic, "--sample", PGCLIENTENCODING="LATIN1")
        assert done.returncode == 0, done.stderr
    migrate()


def test_a_newer_database_is_told_in_one_line(fresh):
    fresh.execute("update muse.alembic_version set version_num = '9999'")
    for arguments in (["load", "playlists", "--sample"], ["migrate"], ["refresh"]):
        done = command(*arguments)
        assert (done.returncode, len(done.stderr.strip().splitlines())) == (1, 1), arguments
        assert "newer" in done.stderr
        assert "update" in done.stderr
    assert "update it" in command("doctor").stdout


def test_an_older_database_is_told_to_migrate(fresh):
    fresh.execute("update muse.alembic_version set version_num = '0009'")
    with pytest.raises(Problem, match=r"run ./pgmuse migrate"):
        connections.connect_to_load()


def test_a_schema_restored_without_its_data_is_told(fresh):
    fresh.execute("delete from muse.alembic_version")
    with pytest.raises(Problem, match="restore it with its data, not its schema alone"):
        connections.connect_to_muse()


def test_a_login_without_our_roles_is_told_which(fresh):
    fresh.execute("create role stranger login")
    try:
        with pytest.raises(Problem, match="grant muse_reader to stranger"):
            connections.connect_to_muse(user="stranger")
    finally:
        fresh.execute("drop role stranger")


def test_what_controls_a_terminal_is_printed_as_its_code(capsys):
    say("/a\x1b[2J\x9b is gone")
    assert capsys.readouterr().err == "pgmuse: /a\\x1b[2J\\x9b is gone\n"


def test_a_database_without_an_encoding_is_told(server):
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database plain encoding sql_ascii locale 'C' template template0")
    use(server, "plain")
    try:
        for arguments in (["migrate"], ["load", "playlists", "--sample"], ["doctor"]):
            done = command(*arguments)
            assert done.returncode == 1
            text = done.stdout + done.stderr
            assert "UTF8" in text, arguments
    finally:
        use(server)
        with server.connect(dbname="postgres", autocommit=True) as admin:
            admin.execute("drop database plain with (force)")


# Migrations beside others -----------------------------------------------------------------------


def test_a_reader_that_is_idle_in_a_transaction_holds_nobody_up(fresh, server, monkeypatch):
    """`migrate` waits for a query without blocking new ones, and prints its process."""
    said = []
    monkeypatch.setattr("loaders.admin.migrate.say", said.append)
    with server.connect(dbname="fresh") as idle:
        idle.execute("select count(*) from muse.songs")
        migration = threading.Thread(target=migrate)
        migration.start()
        with server.connect(dbname="fresh", autocommit=True) as reader:
            reader.execute("set lock_timeout = '3s'")
            while not said and migration.is_alive():
                reader.execute("select count(*) from muse.songs")
                time.sleep(0.05)
        assert f"process {idle.info.backend_pid} of postgres" in said[0]
    migration.join(60)
    assert not migration.is_alive()


def test_a_downgrade_is_refused(fresh, server):
    from alembic import command as alembic
    from alembic.util import CommandError

    config = alembic_config(f"host={server.socket} user=postgres dbname=fresh")
    with pytest.raises(CommandError, match="restore a backup"):
        alembic.downgrade(config, "-1")
    assert fresh.execute("select count(*) from muse.tracks").fetchone() == (0,)


@pytest.mark.parametrize(
    "path", ['"$user", public', '"My Schema", "a""b", app', 'odd,"x, y"', "''"]
)
def test_odd_schemas_on_the_search_path_survive(server, path):
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database odd")
        admin.execute(f"alter database odd set search_path to {path}")
    use(server, "odd")
    query = "select unnest(setconfig) from pg_db_role_setting where setrole = 0 and setdatabase = (select oid from pg_database where datname = 'odd')"
    try:
        with server.connect(dbname="odd", autocommit=True) as conn:
            before = conn.execute(query).fetchall()
            migrate()
            migrate()
            ((after,),) = conn.execute(query).fetchall()
            schemas = parse_schemas(before[0][0].removeprefix("search_path="))
            assert parse_schemas(after.removeprefix("search_path=")) == [*schemas, "muse"]
            uninstall()
            expected = [] if path == '"$user", public' else before
            assert conn.execute(query).fetchall() == expected
    finally:
        use(server)
        with server.connect(dbname="postgres", autocommit=True) as admin:
            admin.execute("drop database odd with (force)")


# Snapshots --------------------------------------------------------------------------------------


def test_a_snapshot_from_before_a_publication_is_answered(fresh, server):
    add_track(fresh, "a")
    add_track(fresh, "b")
    vectors = {"a": ([1], [1]), "b": ([1], [1])}
    publish_songs(fresh, vectors)
    with server.connect(dbname="fresh") as old:
        old.execute("set transaction isolation level repeatable read")
        old.execute("select 1 from muse.tracks")  # the snapshot
        publish_songs(fresh, vectors)
        assert old.execute("select track_id from muse.similar_songs('a')").fetchall() == [("b",)]
    with server.connect(dbname="fresh") as old:
        old.execute("set transaction isolation level repeatable read")
        old.execute("select 1 from muse.tracks")
        publish_songs(fresh, vectors)
        publish_songs(fresh, vectors)
        for call in ("similar_songs('a')", "song_radio(array['a'])", "recall('song_vectors')"):
            with (
                pytest.raises(psycopg.errors.SerializationFailure, match="older than"),
                old.transaction(),
            ):
                old.execute(f"select * from muse.{call}")


# A pooler ---------------------------------------------------------------------------------------


@pytest.fixture
def pooled(fresh, server, tmp_path_factory):
    """pgbouncer in transaction mode in front of the server."""
    if shutil.which("pgbouncer") is None:
        pytest.skip("needs pgbouncer")
    folder = server.folder.with_name(f"{server.folder.name}-pooler")
    server.own(folder)
    (folder / "pgbouncer.ini").write_text(
        f"[databases]\n* = host={server.socket}\n[pgbouncer]\npool_mode = transaction\n"
        f"unix_socket_dir = {folder}\nlisten_port = 5432\nauth_type = any\n"
        "listen_addr =\ndefault_pool_size = 2\n"
        f"logfile = {folder}/log\npidfile = {folder}/pid\n"
        "[users]\n"
    )
    text = (folder / "pgbouncer.ini").read_text().replace("* = host", "fresh = user=postgres host")
    (folder / "pgbouncer.ini").write_text(text)
    (folder / "pgbouncer.ini").chmod(0o644)
    running = subprocess.Popen(
        ["pgbouncer", str(folder / "pgbouncer.ini")],
        user=server.owner if os.geteuid() == 0 else None, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    while not (folder / ".s.PGSQL.5432").exists():
        assert running.poll() is None, (folder / "log").read_text()
        time.sleep(0.05)
    yield str(folder)
    running.terminate()
    running.wait()
    shutil.rmtree(folder)


def test_readers_go_through_a_pooler_and_loads_refuse(fresh, pooled, files):
    add_track(fresh, "a")
    add_track(fresh, "b")
    publish_songs(fresh, {"a": ([1], [1]), "b": ([1], [1])})
    clients = [psycopg.connect(host=pooled, dbname="fresh", user="postgres") for _ in range(4)]
    for _ in range(20):
        for client in clients:
            client.prepare_threshold = None
            similar = client.execute("select track_id from muse.similar_songs('a')")
            assert similar.fetchall() == [("b",)]
            client.commit()
    done = command("load", "playlists", files[0], PGHOST=pooled)
    assert done.returncode == 1
    assert "not through the pooler" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert "pooler" in command("migrate", PGHOST=pooled).stderr
    with connections.connect_to_muse(host=pooled) as conn:
        for _ in range(10):
            conn.execute("select count(*) from muse.tracks where track_id = %s", ("a",))
            conn.commit()
    # Nothing of ours is left on the server's connections for other clients.
    assert clients[0].execute("show search_path").fetchone() == ('"$user", public, muse',)
