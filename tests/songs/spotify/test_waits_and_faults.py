"""Waits that Spotify asks for, and responses that are wrong, late or cut off."""

import time

import pytest

from loaders.songs.spotify import crawl
from tests.factories.spotify import STATES, fill, songs, spotify_id
from tests.servers import faults


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


def test_a_short_wait_is_waited_for(service, load, capsys):
    fill(service)
    service.faults["/v1/search"] = [faults.busy_for("1"), faults.busy_for("1")]
    begun = time.monotonic()
    assert load(max_wait=2).written == 3
    assert time.monotonic() - begun >= 2
    assert "waiting 1 s, until" in capsys.readouterr().err


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
     faults.raw(b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 6\r\n\r\n[1, 2]")],
)  # fmt: skip
def test_what_fails_once_is_tried_again(fresh, service, load, fault):
    fill(service)
    items = f"/v1/playlists/{spotify_id(0)}/items"
    service.faults = {"/v1/search": [fault], items: [fault]}
    assert load().written == 3
    assert fresh.execute(
        "select count(*) from spotify_words where failure is not null"
    ).fetchone() == (0,)


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
