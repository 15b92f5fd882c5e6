"""Refreshing, forgetting and killing a crawl."""

import os
import signal
import subprocess
import sys
import time

import pytest

from loaders.admin.refresh import plan
from loaders.core import db
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.songs.forget import forget_playlists, forget_source
from loaders.songs.spotify.load import refresh
from tests.factories.spotify import STATES, fill, song, songs, spotify_id


def source(fresh, location: str) -> StoredSource:
    row = "select source_id, location, options from sources where location = %s"
    return StoredSource(*fresh.execute(row, (location,)).fetchone())


def test_refresh_loads_what_changed(fresh, service, load, monkeypatch):
    fill(service)
    load()
    crawled = source(fresh, "spotify: search")
    before = len(service.requests)
    assert not refresh(fresh, crawled, service.service).has_changed
    assert len(service.requests) == before  # compared a moment ago
    fresh.execute("update spotify_playlists set checked_at = now() - interval '1 day'")
    service.add(spotify_id(1), "Regentage", songs(8))
    service.snapshots[spotify_id(1)] = "2"
    assert refresh(fresh, crawled, service.service).written == 1
    stored = "select track_ids from playlists where title = 'Regentage'"
    assert fresh.execute(stored).fetchone() == ([song(8)["id"]],)


def test_what_is_forgotten_is_not_loaded_again(fresh, service, load):
    fill(service)
    load()
    forget_playlists(fresh, "owner", "somebody")
    assert {state for _, state in fresh.execute(STATES)} == {"forgotten"}
    kept = "select title, owner, snapshot, size, word, place, places, loaded_at"
    rows = fresh.execute(f"{kept} from spotify_playlists").fetchall()
    assert set(rows) == {(None,) * 8}
    shares = "select playlists_loaded, places_loaded, ten_words_share from spotify_crawl"
    assert fresh.execute(shares).fetchall() == [(0, 0, None)]
    fresh.execute("update spotify_words set searched_at = null, next_place = 0")
    assert load().written == 0
    assert fresh.execute("select count(*) from tracks").fetchone() == (0,)


def test_a_second_crawl_leaves(fresh, service, load, server, capsys):
    with server.connect(dbname="fresh", autocommit=True) as other, db.lock(other, "spotify"):
        assert load().is_good
    assert "another process reads from Spotify" in capsys.readouterr().err
    assert service.requests == []


KILLED = """
import sys
from loaders.core.db import connect_to_load
from loaders.songs.spotify.login import Service
from loaders.songs.spotify.load import SpotifyOptions, load_spotify
url = sys.argv[1]
with connect_to_load(autocommit=True) as conn:
    load_spotify(conn, SpotifyOptions(pace=None), Service(f"{url}/v1/", f"{url}/"))
"""


@pytest.mark.long
def test_a_killed_crawl_goes_on_where_it_was(fresh, service):
    """Killed after so many requests, it asks again for the page in flight at most."""
    service.largest_search, service.largest_page = 5, 3
    for number in range(12):
        service.add(spotify_id(number), "a list", songs(*range(number, number + 8)))
    for kill_at in (3, 9, 14, 22):
        crawling = subprocess.Popen([sys.executable, "-c", KILLED, service.url], env=os.environ)
        while len(service.requests) < kill_at and crawling.poll() is None:
            time.sleep(0.002)
        crawling.send_signal(signal.SIGKILL)
        crawling.wait()
    done = subprocess.run([sys.executable, "-c", KILLED, service.url], env=os.environ, check=False)
    assert done.returncode == 0
    stored = fresh.execute("select identity, track_ids from playlists order by 1").fetchall()
    assert [tracks for _, tracks in stored] == [
        [one["id"] for one in songs(*range(number, number + 8))] for number in range(12)
    ]
    (places, counted) = fresh.execute("select (select sum(places) from tracks), 12 * 8").fetchone()
    assert places == counted
    words = fresh.execute("select word, titles from spotify_words order by word").fetchall()
    assert words == [("a", 12), ("list", 12)]
    assert len(service.pages) - len(set(service.pages)) <= 4


def test_the_view_shows_days_and_how_the_sample_leans(fresh, service, load):
    fill(service)
    load()
    row = fresh.execute("select * from spotify_crawl").fetchall()
    assert len(row) == 1
    assert row[0][1:] == (5, 3, 3, 9, 1.0, 1.0)


def test_a_dry_run_of_refresh_asks_for_nothing(fresh, service, load):
    fill(service)
    load()
    before = len(service.requests)
    assert any("spotify: search" in line for line in plan(fresh, "songs"))
    assert len(service.requests) == before


def test_a_refresh_without_credentials_says_where_they_belong(fresh, service, load, monkeypatch):
    fill(service)
    load()
    monkeypatch.delenv("SPOTIPY_CLIENT_ID")
    with pytest.raises(Problem, match="set SPOTIPY_CLIENT_ID, or write"):
        refresh(fresh, source(fresh, "spotify: search"), service.service)


def test_forgetting_the_source_forgets_the_crawl(fresh, service, load):
    fill(service)
    load()
    with fresh.transaction():
        forget_source(fresh, source(fresh, "spotify: search"))
    for table in ("playlists", "tracks", "spotify_playlists", "spotify_words"):
        assert fresh.execute(f"select from {table}").fetchone() is None, table
    assert load().written == 3


def test_a_playlist_of_two_sources_stays_with_the_last_one(fresh, service, load):
    fill(service)
    load()
    load(playlists=(spotify_id(0),))
    with fresh.transaction():
        forget_source(fresh, source(fresh, "spotify: search"))
    assert fresh.execute("select title from playlists").fetchall() == [("A rainy day",)]


def test_a_playlist_that_went_with_another_source_is_loaded_again(fresh, service, load):
    fill(service)
    load(playlists=(spotify_id(0),))
    fresh.execute("insert into sources (topic, location) values ('songs', '/export.zip')")
    fresh.execute("update playlists set source_id = (select max(source_id) from sources)")
    with fresh.transaction():
        forget_source(fresh, source(fresh, "/export.zip"))
    assert load(playlists=(spotify_id(0),)).written == 1


def test_nothing_is_forgotten_while_a_crawl_runs(fresh, service, load, server):
    fill(service)
    load()
    with server.connect(dbname="fresh", autocommit=True) as other, db.lock(other, "spotify"):
        with pytest.raises(Problem, match="another process reads from Spotify: end it"):
            forget_playlists(fresh, "owner", "somebody")
        with pytest.raises(Problem, match="another process"), fresh.transaction():
            forget_source(fresh, source(fresh, "spotify: search"))
    assert fresh.execute("select count(*) from playlists").fetchone() == (3,)
    assert {state for _, state in fresh.execute(STATES)} == {"loaded"}
