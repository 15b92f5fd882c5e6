"""The crawl of playlists by the words of titles, through spotipy."""

import pytest

from tests.factories.spotify import STATES, STORED, fill, song, songs, spotify_id


def test_words_lead_to_playlists_and_playlists_to_words(fresh, service, load):
    fill(service)
    result = load()
    assert (result.written, result.details["words searched"]) == (3, 5)
    assert [title for title, *_ in fresh.execute(STORED)] == [
        "A rainy day",
        "Regentage",
        "a Day off",
    ]
    words = dict(fresh.execute("select word, titles from spotify_words").fetchall())
    assert words == {"a": 2, "rainy": 1, "day": 2, "off": 1, "regentage": 1}
    searched = [fields["q"] for path, fields in service.requests if path == "/v1/search"]
    assert list(dict.fromkeys(searched)) == ["a", "day", "off", "rainy", "regentage"]


@pytest.mark.parametrize("is_old", [False, True])
def test_tracks_have_names_artists_and_places(fresh, service, load, is_old):
    service.is_old = is_old
    service.add(spotify_id(1), "a list", [*songs(1, 2), song(1)])
    load()
    assert fresh.execute(STORED).fetchall() == [
        ("a list", "somebody", [song(1)["id"], song(2)["id"], song(1)["id"]])
    ]
    row = "select name, artist, artist_id, album, duration_ms, places from tracks order by name"
    assert fresh.execute(row).fetchone() == (
        "Song 1", "Somebody", song(1)["artists"][0]["id"], "Album", 215000, 2,
    )  # fmt: skip
    assert fresh.execute("select identity from playlists").fetchone() == (
        f"https://open.spotify.com/playlist/{spotify_id(1)}",
    )


def test_a_crawl_that_is_run_again_changes_nothing(fresh, service, load):
    fill(service)
    load()
    before = len(service.requests)
    assert load().written == 0
    assert len(service.requests) == before  # nothing waits
    assert fresh.execute("select sum(places) from tracks").fetchone() == (9,)


def test_titles_of_any_script_have_words(fresh, service, load):
    service.add(spotify_id(1), "a हिन्दी गाने, Кино’ 雨の日 don't_stop 🎵", songs(1))
    load(tracks=False)
    words = {word for (word,) in fresh.execute("select word from spotify_words")}
    assert words == {"a", "हिन्दी", "गाने", "кино", "雨の日", "dont", "stop"}


def test_what_is_no_track_is_left_out_and_counted(fresh, service, load):
    local = {"id": None, "name": "A local file", "duration_ms": 0, "artists": [{"name": ""}]}
    named = {"id": None, "name": "Demo", "artists": [{"id": None, "name": "My band"}]}
    episode = song(9) | {"type": "episode"}
    no_artist = {"id": song(7)["id"], "name": "Noise", "artists": None, "album": None}
    entries = [None, local, episode, song(1), named, {"id": 5}, no_artist, song(2) | {"name": None}]
    service.add(spotify_id(1), None, entries)
    result = load(playlists=(spotify_id(1),))
    assert result.is_good
    assert fresh.execute(STORED).fetchall() == [
        ("untitled", "somebody", [song(1)["id"], "my band - demo", song(7)["id"], song(2)["id"]])
    ]
    assert result.details["entries left out (episodes, removed, without id)"] == 4


@pytest.mark.long
def test_long_playlists_and_searches_have_pages(fresh, service, load):
    service.largest_search, service.largest_page = 10, 20
    for number in range(35):
        service.add(spotify_id(number), "a list", songs(number))
    service.add(spotify_id(99), "long a", songs(*range(1000, 1105)))
    load()
    assert fresh.execute("select count(*), sum(places) from playlists").fetchone() == (36, 140)
    (tracks,) = fresh.execute("select track_ids from playlists where title = 'long a'").fetchone()
    assert tracks == [one["id"] for one in songs(*range(1000, 1105))]
    state = "select search_size, page_size, requests from spotify_state"
    sizes = fresh.execute(state).fetchone()
    assert sizes == (10, 20, len(service.requests))
    assert fresh.execute("select count(*) from spotify_pages").fetchone() == (0,)


def test_the_number_of_playlists_is_limited(fresh, service, load):
    fill(service)
    assert load(most=2).written == 2
    assert load(most=2).written == 1


def test_words_only_and_tracks_only(fresh, service, load):
    fill(service)
    load(tracks=False)
    assert fresh.execute("select count(*) from playlists").fetchone() == (0,)
    load(words=False)
    assert fresh.execute("select count(*) from playlists").fetchone() == (3,)


def test_withheld_playlists_are_remembered(fresh, service, load, capsys):
    fill(service)
    service.forbidden, service.withheld = {spotify_id(0)}, {spotify_id(1)}
    result = load()
    assert (result.written, result.details["withheld"], result.is_good) == (1, 2, True)
    assert fresh.execute(STATES).fetchall() == [
        (spotify_id(0), "withheld"), (spotify_id(1), "withheld"), (spotify_id(4), "loaded"),
    ]  # fmt: skip
    before = len(service.requests)
    load()
    assert len(service.requests) == before
    waiting = "select state, number from spotify_waiting where what = 'playlists' order by number"
    assert fresh.execute(waiting).fetchall() == [("withheld", 1), ("withheld", 1)]
    service.forbidden.clear()
    assert load(again=True).written == 1


def test_a_playlist_that_is_gone_or_empty(fresh, service, load):
    fill(service)
    service.add(spotify_id(4), "a Day off", [None])
    load(tracks=False)
    del service.playlists[spotify_id(0)]
    load(words=False)
    assert fresh.execute(STATES).fetchall() == [
        (spotify_id(0), "gone"), (spotify_id(1), "loaded"), (spotify_id(4), "empty"),
    ]  # fmt: skip
