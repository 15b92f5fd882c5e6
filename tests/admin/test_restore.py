"""Dump, restore and migrate on another cluster; and a database without a superuser."""

import os
import subprocess
from collections.abc import Iterator

import psycopg
import pytest

from loaders.admin.migrate import migrate
from loaders.core import db as connections
from loaders.core.server.cluster import Server, throw_away
from loaders.songs import train as songs
from loaders.songs.load import load
from loaders.songs.word2vec import Word2VecSettings
from tests.factories.catalog import FUNCTIONS, TABLES, VIEWS, queries_of
from tests.factories.playlists import IDS, slice_of
from tests.servers.postgres import program, use


@pytest.fixture(scope="module")
def elsewhere(server) -> Iterator[Server]:
    """Another cluster, without our roles."""
    with throw_away() as running:
        yield running


@pytest.fixture
def playlists(tmp_path) -> str:
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    return str(path)


def train(path: str, role: str = "postgres") -> None:
    with connections.connect_to_load(autocommit=True) as conn:
        load(conn, path)
        songs.train(conn, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1))


def test_a_dump_answers_on_another_server(fresh, server, elsewhere, playlists, tmp_path):
    train(playlists)
    dump = str(tmp_path / "fresh.dump")
    program("pg_dump", "-Fc", "-f", dump, "fresh", host=server)
    with elsewhere.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database restored")
    errors = program("pg_restore", "-d", "restored", dump, host=elsewhere, check=False)
    assert 'role "muse_reader" does not exist' in errors
    use(elsewhere, "restored")
    try:
        migrate()
        with elsewhere.connect(dbname="restored", autocommit=True) as conn:
            conn.execute("create role eve login in role muse_reader")
            conn.execute("create role bob login in role muse_loader")
        with elsewhere.connect(dbname="restored", user="eve", autocommit=True) as reader:
            for objects in (TABLES, VIEWS, FUNCTIONS):
                for _, _, query in queries_of(reader.execute(objects).fetchall()):
                    if "pg_class" not in query:
                        reader.execute("explain " + query)
                    if objects is VIEWS:
                        reader.execute(query)
            similar = reader.execute("select * from similar_songs(%s, 5)", (IDS[3],))
            assert similar.rowcount == 5
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGUSER", "bob")
            train(playlists)
    finally:
        use(server)


def test_a_base_backup_of_the_server_starts(server, fresh, tmp_path, playlists):
    train(playlists)
    with throw_away() as copy:
        copy.down()
        folder = copy.data
        subprocess.run(["rm", "-rf", folder], check=True)
        program(
            "pg_basebackup",
            "--wal-method=stream",
            "--checkpoint=fast",
            "-D",
            str(folder),
            host=server,
        )
        copy.own(folder)
        subprocess.run(["chown", "-R", f"{copy.owner}:", folder], check=os.geteuid() == 0)
        copy.up()
        with copy.connect(dbname="fresh") as conn:
            similar = conn.execute("select * from muse.similar_songs(%s, 5)", (IDS[3],))
            assert similar.rowcount == 5


@pytest.fixture
def managed(elsewhere, server) -> Iterator[psycopg.Connection]:
    """A database of a hosting service: its owner may create roles and is no superuser."""
    with elsewhere.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create role boss login createrole")
        admin.execute("create database managed owner boss")
    with elsewhere.connect(dbname="managed", autocommit=True) as admin:
        admin.execute("create extension vector schema public")
    use(elsewhere, "managed")
    os.environ["PGUSER"] = "boss"
    with elsewhere.connect(dbname="managed", user="boss", autocommit=True) as conn:
        yield conn
    use(server)


def test_the_owner_of_a_database_migrates_loads_and_trains(managed, elsewhere, playlists):
    migrate(with_python=False)
    migrate(with_python=False)
    train(playlists)
    train(playlists)
    owned = """
        select count(*), count(*) filter (where pg_get_userbyid(relowner) = 'boss')
        from pg_class where relnamespace in ('muse'::regnamespace, 'muse_partitions'::regnamespace)
    """
    every, own = managed.execute(owned).fetchone()
    assert every == own
    managed.execute("create role ann login in role muse_reader")
    with elsewhere.connect(dbname="managed", user="ann") as reader:
        similar = reader.execute("select * from similar_songs(%s, 5)", (IDS[3],))
        assert similar.rowcount == 5
