"""Playlist files of every format."""

import json
from datetime import UTC, datetime

import pytest

from tests.factories.playlists import CSV, ID, JSPF, M3U, MPD, RECORDING, XSPF, all_of

pytestmark = pytest.mark.unit


def test_million_playlist_slice():
    (playlist,), bad = all_of(json.dumps(MPD), "mpd.slice.0-999.json")
    assert bad == []
    assert playlist.key == "mpd.slice.0-999.json#7"
    assert playlist.modified_at == datetime(2017, 4, 29, tzinfo=UTC)
    first = playlist.tracks[0]  # by its pos
    assert first == (ID, "Lose Control", "Missy Elliott", "2wI", "The Cookbook", 226863)


def test_jspf():
    (playlist,), bad = all_of(json.dumps(JSPF))
    assert (playlist.key, playlist.title, playlist.owner) == (
        "https://example.org/playlist/1",
        "Rainy",
        "ann",
    )
    assert playlist.modified_at == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    assert [track.track_id for track in playlist.tracks] == [RECORDING, "u2 - two"]
    assert bad == []


def test_xspf():
    (playlist,), bad = all_of(XSPF, "rainy.xspf")
    assert (playlist.key, playlist.owner) == ("rainy.xspf#Rainy", "ann")
    assert playlist.tracks[0] == (RECORDING, "One & only", "U2", None, "A", 1000)
    assert [entry.place for entry in bad] == ["track 2"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_m3u(encoding):
    (playlist,), bad = all_of(M3U.replace("One", "Öne").encode(encoding), "r.m3u")
    assert playlist.title == "Rainy"
    assert [track.track_id for track in playlist.tracks] == ["u2 - one", "queen - innuendo"]
    assert playlist.tracks[0].name == "Öne"
    assert playlist.tracks[0].duration_ms == 226_000
    assert [entry.place for entry in bad] == ["line 6"]


@pytest.mark.parametrize("separator", [",", "\t", ";"])
def test_tables(separator):
    (playlist,), bad = all_of(CSV.replace(",", separator), "t.csv")
    assert [track.track_id for track in playlist.tracks] == ["u2 - two", ID]
    assert (playlist.key, playlist.title, bad) == ("t.csv#mix", "mix", [])


def test_rows_of_a_playlist_need_not_stand_together():
    good, bad = all_of("playlist,track\na,1\nb,2\na,3\n,4\nc,\n\n")
    assert {p.title: [t.track_id for t in p.tracks] for p in good} == {"a": ["1", "3"], "b": ["2"]}
    assert [entry.place for entry in bad] == ["line 5", "line 6"]


def test_the_positions_of_a_table_order_it_and_a_missing_one_follows_the_row_before():
    (playlist,), _ = all_of("playlist,track,pos\na,1,2\na,2,\na,3,3\na,4,1\na,5,2\na,6,nan\n")
    assert [track.track_id for track in playlist.tracks] == ["4", "1", "2", "5", "6", "3"]


def test_what_ends_a_line_in_a_title_ends_no_line_of_a_file():
    (playlist,), bad = all_of("#EXTM3U\r#EXTINF:1,A - B\u2028C\r1.mp3\r")
    assert ([track.track_id for track in playlist.tracks], bad) == (["a - b c"], [])


def test_the_same_identifier_twice_in_a_jspf_is_kept_once():
    (playlist,), (bad,) = all_of(json.dumps([JSPF, JSPF]))
    assert (playlist.title, bad.place) == ("Rainy", "playlist 2")


def test_a_byte_order_mark_is_no_fault():
    for document in (MPD, JSPF):
        (_,), bad = all_of(b"\xef\xbb\xbf" + json.dumps(document).encode())
        assert bad == []


@pytest.mark.parametrize("modified_at", [-1, 0, 1e300, None])
def test_a_time_that_nobody_meant_is_none(modified_at):
    document = json.loads(json.dumps(MPD))
    document["playlists"][0]["modified_at"] = modified_at
    (playlist,), _ = all_of(json.dumps(document))
    assert playlist.modified_at is None


def test_a_long_playlist_keeps_all_tracks():
    document = json.loads(json.dumps(MPD))
    document["playlists"][0]["tracks"] = document["playlists"][0]["tracks"][:1] * 5000
    (playlist,), _ = all_of(json.dumps(document))
    assert len(playlist.tracks) == 5000
