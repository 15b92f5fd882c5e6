"""Waits that Spotify asks for, and responses that are wrong, late or cut off."""

import time

import pytest

from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.songs.spotify import crawl
from loaders.songs.spotify.load import refresh
from tests.factories.spotify import STATES, fill, songs, spotify_id
from tests.servers import faults


def sent(content: bytes, status: int = 200, **headers: str) -> faults.Fault:
    return lambda handler: handler.send(status, content, **headers)


def test_a_long_wait_is_stored_and_the_crawl_goes_on_after_it(fresh, service, load, capsys):
    fill(service)
    service.faults["/v1/search"] = [faults.busy_for("86400")]
    result = load()
    assert result.is_good
    printed = capsys.readouterr().err
    assert "requests come too fast (429)" in printed
    assert "(24.0 h)" in printed
    before = len(service.requests)
    load()  # not yet
    assert len(service.requests) == before
    row = "select not_before - now() > '23 hours', reason like '%429%' from spotify_state"
    assert fresh.execute(row).fetchone() == (True, True)
    assert fresh.execute("select what from spotify_waiting").fetchall() != []
    fresh.execute("update spotify_state set not_before = now()")
    assert load().written == 3


@pytest.mark.long
def test_a_short_wait_is_waited_for(service, load, capsys):
    fill(service)
    service.faults["/v1/search"] = [faults.busy_for("1"), faults.busy_for("1")]
    begun = time.monotonic()
    assert load(max_wait=2).written == 3
    assert time.monotonic() - begun >= 2
    assert "waiting 1 s, until" in capsys.readouterr().err


@pytest.mark.long
def test_an_endless_429_ends_the_crawl(service, load, monkeypatch, capsys):
    monkeypatch.setattr(crawl, "TOO_FAST", 0.001)
    fill(service)
    service.faults["/v1/search"] = [faults.busy] * 99
    assert load().is_good
    assert len(service.requests) == crawl.TRIES_TOO_FAST


@pytest.mark.parametrize(
    "fault",
    [faults.broken, faults.unavailable, faults.web_page, faults.cut_off_json, faults.redirect("/x"),
     faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull"), faults.raw(b""),
     faults.raw(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n[1, 2]"),
     sent(b"[" * 100_000), sent(b" " * (17 << 20)), sent(b"no gzip", Content_Encoding="gzip"),
     sent(b"[" * 100_000, 500), sent(b'{"error": ["a"], "error_description": 5}', 500)],
)  # fmt: skip
def test_what_fails_once_is_tried_again(fresh, service, load, fault):
    fill(service)
    items = f"/v1/playlists/{spotify_id(0)}/items"
    service.faults = {"/v1/search": [fault], items: [fault]}
    assert load().written == 3
    assert fresh.execute(
        "select count(*) from spotify_words where failure is not null"
    ).fetchone() == (0,)


@pytest.mark.long
def test_a_slow_drip_ends_after_a_second(service, load):
    fill(service)
    service.faults["/v1/search"] = [faults.dripping_headers, faults.dripping]
    begun = time.monotonic()
    assert load().written == 3
    assert time.monotonic() - begun < 10


def test_a_playlist_that_always_fails_does_not_stop_the_others(fresh, service, load):
    fill(service)
    items = f"/v1/playlists/{spotify_id(0)}/items"
    service.faults[items] = [faults.broken] * 99
    result = load()
    assert (result.written, result.details["failed, tried again in an hour"]) == (2, 1)
    assert fresh.execute(STATES).fetchone() == (spotify_id(0), "waiting")
    for _ in range(2):
        fresh.execute("update spotify_playlists set not_before = null")
        load()
    assert fresh.execute(STATES).fetchone() == (spotify_id(0), "failed")
    reason = "select reason from spotify_waiting where state = 'failed'"
    assert "500" in fresh.execute(reason).fetchone()[0]


def test_where_everything_fails_the_crawl_ends(service, load, capsys):
    fill(service)
    service.faults["*"] = [faults.broken] * 999
    service.faults["/api/token"] = []
    assert load().is_good
    assert "again and again" in capsys.readouterr().err
    assert len(service.requests) < 20


def test_a_page_that_comes_twice_stores_nothing_twice(fresh, service, load):
    service.largest_page = 20
    service.add(spotify_id(1), "a list", songs(*range(50)))
    service.repeats = True
    load()
    assert fresh.execute("select count(*) from playlists").fetchone() == (0,)
    reason = "select reason from spotify_waiting where what = 'playlists'"
    assert fresh.execute(reason).fetchone() == ("Spotify answered with the same page twice",)
    assert len([path for path, _ in service.requests if path == "/v1/search"]) < 10


def test_404_after_the_last_page_is_the_end(fresh, service, load):
    service.largest_search = 2
    for number in range(5):
        service.add(spotify_id(number), "a list", songs(number))
    not_found = lambda handler: handler.refuse(404, "Not found")  # noqa: E731
    service.faults["/v1/search"] = [lambda handler: handler.refuse(400, "Invalid limit")] * 4
    load(tracks=False)
    assert fresh.execute("select count(*) from spotify_playlists").fetchone() == (5,)
    fresh.execute("update spotify_words set searched_at = null, next_place = 4 where word = 'a'")
    service.faults["/v1/search"] = [not_found]
    load(tracks=False)
    word = "select searched_at is not null, failure from spotify_words where word = 'a'"
    assert fresh.execute(word).fetchone() == (True, None)


@pytest.mark.parametrize("next", ["http://[", "javascript:1", "https://x/?offset=0", 5, ["a"]])
def test_a_wrong_address_of_the_next_page_is_not_followed(fresh, service, load, next):
    service.add(spotify_id(1), "a list", songs(*range(4)))
    service.largest_page = 50
    service.faults[f"/v1/playlists/{spotify_id(1)}/items"] = [
        lambda handler: handler.refuse(400, "Invalid limit"),
        lambda handler: handler.json(
            200, {"items": [{"item": one} for one in songs(0, 1)], "limit": 2, "next": next}
        ),
    ]  # fmt: skip
    assert load(playlists=(spotify_id(1),)).written == 1
    stored = "select track_ids from playlists"
    assert fresh.execute(stored).fetchone() == ([one["id"] for one in songs(*range(4))],)


def test_a_search_that_is_refused_is_no_search_without_results(fresh, service, load):
    fill(service)
    service.faults["/v1/search"] = [lambda handler: handler.refuse(400, "Bad query")] * 3
    load()
    row = "select state, reason from spotify_waiting where what = 'words'"
    assert fresh.execute(row).fetchall() == [("failed", "Spotify answers 400 Bad query")]
    assert load().written == 0
    fresh.execute("update spotify_words set searched_at = now() - interval '2 days'")
    assert load().written == 3


def test_an_unknown_market_is_told(fresh, service, load):
    fill(service)
    service.faults["/v1/search"] = [lambda handler: handler.refuse(400, "Invalid market code")]
    with pytest.raises(Problem, match="Invalid market code: is --market right"):
        load(market="ZZ")
    assert load().written == 3
    with pytest.raises(Problem, match="is no market"):
        load(market="中文")


@pytest.mark.long
def test_an_outage_of_days_does_not_end_the_crawl(fresh, service, load):
    fill(service)
    service.faults["/v1/search"] = [faults.broken] * 999
    for _ in range(4):
        fresh.execute("update spotify_state set not_before = null")
        load()
    service.faults = {}
    ages = "not_before = null, updated_at = now() - interval '2 days'"
    fresh.execute(f"update spotify_state set {ages}")
    fresh.execute("update spotify_words set searched_at = searched_at - interval '2 days'")
    assert load().written == 3


def test_one_playlist_that_fails_does_not_stop_a_refresh(fresh, service, load):
    fill(service)
    load()
    fresh.execute("update spotify_playlists set checked_at = now() - interval '1 day'")
    service.faults[f"/v1/playlists/{spotify_id(0)}"] = [faults.broken] * 99
    service.add(spotify_id(4), "a Day off", songs(8))
    service.snapshots[spotify_id(4)] = "2"
    row = "select source_id, location, options from sources where location = 'spotify: search'"
    crawled = StoredSource(*fresh.execute(row).fetchone())
    assert refresh(fresh, crawled, service.service).written == 1


def test_one_link_that_fails_does_not_stop_the_others(service, load):
    fill(service)
    service.faults[f"/v1/playlists/{spotify_id(0)}"] = [faults.broken] * 99
    result = load(playlists=(spotify_id(0), spotify_id(1)))
    assert (result.written, len(result.failures)) == (1, 1)


def test_another_playlist_than_the_named_one_is_refused(fresh, service, load):
    fill(service)
    other = service.summary(spotify_id(1))
    service.faults[f"/v1/playlists/{spotify_id(0)}"] = [
        lambda handler: handler.json(200, other)
    ] * 9
    assert load(playlists=(spotify_id(0),)).written == 0
    assert fresh.execute(STATES).fetchall() == []


def test_a_playlist_without_an_end_fails(fresh, service, load, monkeypatch):
    monkeypatch.setattr(crawl, "PLACES", 100)
    service.add(spotify_id(1), "a list", songs(*range(2000)))
    load()
    row = "select state, reason from spotify_playlists"
    assert fresh.execute(row).fetchone() == ("failed", "more than 100 entries")
    assert fresh.execute("select from spotify_pages").fetchone() is None
    assert len(service.requests) < 9


def test_an_app_without_premium_withholds_no_playlist(fresh, service, load):
    fill(service)
    message = "Active premium subscription required for the owner of the app."
    path = f"/v1/playlists/{spotify_id(0)}/items"
    service.faults[path] = [lambda handler: handler.refuse(403, message)]
    with pytest.raises(Problem, match="403 Active premium subscription required"):
        load()
    assert load().written == 3


def test_a_size_that_is_refused_for_a_while_is_asked_for_again(fresh, service, load):
    service.largest_page = 1
    service.add(spotify_id(1), "a list", songs(*range(3)))
    load()
    sizes = "select page_size from spotify_state"
    assert fresh.execute(sizes).fetchone() == (1,)
    service.largest_page = 50
    for number, size in enumerate((5, 10, 20, 50, 50), start=2):
        service.add(spotify_id(number), "a list", songs(number))
        load(playlists=(spotify_id(number),))
        assert fresh.execute(sizes).fetchone() == (size,)


def test_a_total_that_is_too_small_loses_no_page(fresh, service, load):
    service.largest_page = 20
    service.add(spotify_id(1), "a list", songs(*range(50)))
    service.total = 20
    load()
    assert fresh.execute("select places from playlists").fetchone() == (50,)
