"""Databases of earlier versions, with data, are migrated and can be queried."""

import gzip
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alembic.command
import psycopg
import pytest
from psycopg import conninfo

import udfs
from loaders.admin.migrate import alembic_config, migrate
from loaders.core import db as connections
from loaders.core.server.cluster import bindir
from loaders.songs import load as playlists
from loaders.songs import train as songs
from loaders.songs.word2vec import Word2VecSettings
from tests.factories.playlists import IDS, slice_of
from tests.servers.postgres import use

# Dumps of earlier versions with data, by revision.
REVISIONS = {"0002": "859549c", "0003": "a09a41f", "0008": "c52f36a", "0009": "bfb1134"}
LATER = [f"{number:04}" for number in range(2, int(udfs.REVISION))]
DUMPS = Path(__file__).resolve().parents[1] / "data" / "upgrades"
COMMITS = ("859549c", "a09a41f", "c52f36a", "bfb1134")


@contextmanager
def restored(server, commit: str) -> Iterator[None]:
    """The database of a commit, chosen by PG* variables."""
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database upgraded")
    use(server, "upgraded")
    text = gzip.decompress((DUMPS / f"{commit}.sql.gz").read_bytes())
    command = [bindir() / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
    subprocess.run(command, input=text, env=os.environ, stdout=subprocess.DEVNULL, check=True)
    try:
        yield
    finally:
        use(server)
        with server.connect(dbname="postgres", autocommit=True) as admin:
            admin.execute("drop database upgraded with (force)")


@pytest.fixture(params=COMMITS)
def upgraded(request, server) -> Iterator[tuple[str, psycopg.Connection]]:
    """The commit, and a connection to its database after `migrate`."""
    with restored(server, request.param):
        migrate()
        with server.connect(dbname="upgraded", autocommit=True) as conn:
            yield request.param, conn


@pytest.mark.parametrize("revision", LATER)
def test_every_revision_is_migrated_with_its_rows(server, revision):
    """The data of the latest dump at that revision, which alembic alone brings there."""
    commit = REVISIONS[max(one for one in REVISIONS if one <= revision)]
    with restored(server, commit):
        config = alembic_config(conninfo.make_conninfo(**server.conninfo | {"dbname": "upgraded"}))
        alembic.command.upgrade(config, revision)
        with server.connect(dbname="upgraded", autocommit=True) as conn:
            stored = conn.execute("select version_num from muse.alembic_version").fetchone()
            assert stored == (revision,)
            migrate()
            count = "select count(*) from {}"
            assert conn.execute(count.format("muse.playlists")).fetchone() == (26,)
            assert conn.execute(count.format("muse.playlist_tracks")).fetchone() == (196,)
            rows = conn.execute(count.format("muse.pictures")).fetchone()
            assert rows == (3 * has(commit, "c52f36a"),)
            similar = """
                select * from muse.similar_songs(
                    (select track_id from muse.find_songs('song 7', 1)), 5
                )
            """
            assert conn.execute(similar).rowcount == 5
            assert conn.execute("select from muse.health").rowcount > 5


@pytest.mark.parametrize(
    ("location", "wiki"),
    [
        ("/d/dewiki-20240101-pages-articles.xml.bz2", "dewiki"),
        ("/d/enwiki-latest-pages-articles.xml", "enwiki"),
        ("/d/my.xml", "enwiki"),
    ],
)
def test_articles_are_of_the_wiki_that_the_only_source_names(server, location, wiki):
    with restored(server, "c52f36a"):
        config = alembic_config(conninfo.make_conninfo(**server.conninfo | {"dbname": "upgraded"}))
        alembic.command.upgrade(config, "0019")
        with server.connect(dbname="upgraded", autocommit=True) as conn:
            query = (
                "update muse.sources set location = %s, loaded_at = now() where topic = 'wikipedia'"
            )
            assert conn.execute(query, (location,)).rowcount == 1
            migrate()
            rows = conn.execute("select wiki, count(*) from muse.wikipedia group by 1")
            assert rows.fetchall() == [(wiki, 2)]
            stored = "select options ->> 'wiki' from muse.sources where topic = 'wikipedia'"
            assert conn.execute(stored).fetchone() == (wiki,)


def has(commit: str, since: str) -> bool:
    return COMMITS.index(commit) >= COMMITS.index(since)


def test_an_old_database_answers_after_migrate(upgraded):
    commit, conn = upgraded
    count = "select count(*) from {}"
    assert conn.execute(count.format("playlists")).fetchone() == (26,)
    assert conn.execute(count.format("playlist_tracks")).fetchone() == (196,)
    assert conn.execute("select name from find_songs('song 7', 1)").fetchone() == ("Song 7",)
    similar = "select * from similar_songs((select track_id from find_songs('song 7', 1)), 5)"
    assert conn.execute(similar).rowcount == 5
    assert conn.execute(count.format("wikidata")).fetchone() == (4 * has(commit, "a09a41f"),)
    for table, rows in (("articles", 2), ("pictures", 3)):
        assert conn.execute(count.format(table)).fetchone() == (rows * has(commit, "c52f36a"),)
    if has(commit, "a09a41f"):
        classes = conn.execute("select class, items from classes order by 1").fetchall()
        assert ("house cat", 1) in classes
        labels = conn.execute("select labels ->> 'nl' from wikidata where wikidata_id = 'Q1'")
        assert labels.fetchone() == ("Tommie",)
    if has(commit, "c52f36a"):
        icons = conn.execute("select name from icons where size = 32 order by 1").fetchall()
        assert icons == [("bar",), ("ring",)]


def test_an_old_database_is_loaded_and_trained_by_a_loader(upgraded, tmp_path):
    _, conn = upgraded
    path = tmp_path / "mpd.slice.0-9.json"
    path.write_bytes(slice_of(*(IDS[i : i + 20] for i in range(30))))
    with connections.connect_to_load(autocommit=True) as loader:
        assert playlists.load(loader, str(path)).written == 30
        for _ in range(2):
            songs.train(loader, Word2VecSettings(epochs=1), songs.PlaylistFilter(artist_share=1))
    assert conn.execute("select * from similar_songs(%s, 5)", (IDS[3],)).rowcount == 5
    owned = """
        select relname from pg_class
        where pg_get_userbyid(relowner) like 'muse!_%' escape '!' and relpersistence <> 't'
    """
    assert conn.execute(owned).fetchall() == []
    old = "select count(*) from pg_inherits where inhparent = 'muse.song_vectors'::regclass"
    assert conn.execute(old).fetchone() == (2,)  # the live model and the one before it
