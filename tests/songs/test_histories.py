"""Listening histories become playlists by sessions, once each."""

import json
import random

import pytest

from loaders.admin.forget import forget_source
from loaders.admin.refresh import refresh
from loaders.songs.formats import BadPlaylistFile
from loaders.songs.formats.history import History
from loaders.songs.formats.reading import FORMATS, HISTORIES, detect
from loaders.songs.load import SongOptions, load
from tests.factories.histories import (
    START,
    at,
    dumped,
    export,
    extended,
    lines_of,
    listen,
    scrobbles,
    short,
)
from tests.factories.playlists import places

SESSIONS = "select title, track_ids from playlists order by identity"


def account_playlist(**fields: object) -> dict:
    track = {"trackName": "Africa", "artistName": "TOTO", "albumName": "IV"}
    track["trackUri"] = f"spotify:track:{1:022d}"
    nothing = {"track": None, "episode": None, "audiobook": None, "localTrack": None}
    items = [
        nothing | {"track": track, "addedDate": "2023-01-02"},
        nothing | {"episode": {"episodeName": "E", "showName": "S", "episodeUri": "spotify:episode:1"}},
        nothing | {"localTrack": {"uri": "spotify:local:Caf%C3%A9+Band:An+Album:Caf%C3%A9%3A+One:215"}},
        nothing,
    ]  # fmt: skip
    return {"name": "My mix", "lastModifiedDate": "2023-01-02", "items": items,
            "description": None, "numberOfFollowers": 0} | fields  # fmt: skip


def sessions(conn) -> list[tuple[str, int]]:
    """The start and the number of tracks of each stored session."""
    places(conn)  # the counts agree
    rows = conn.execute("select title, places from playlists order by title").fetchall()
    return [(title[:16], number) for title, number in rows]


@pytest.mark.parametrize(
    ("name", "content", "ids"),
    [
        ("StreamingHistory0.json", dumped(short(0), short(3, "Two"), short(40)), ["a - one", "a - two"]),
        ("Streaming_History_Audio_2023_1.json",
         dumped(extended(0), extended(3, "Two"), extended(40)), [f"{290:022d}", f"{314:022d}"]),
        ("listens.jsonl", lines_of(listen(0), listen(3, "Two"), listen(40)), ["a - one", "a - two"]),
        ("listens.json", dumped(listen(40), listen(3, "Two"), listen(0)), ["a - one", "a - two"]),
        ("api.json", json.dumps({"payload": {"listens": [listen(0), listen(3, "Two"), listen(40)]}},
         indent=1).encode(), ["a - one", "a - two"]),
        ("scrobbles.csv", scrobbles(0, 3, 40), ["a - one 0", "a - one 3"]),
    ],
)  # fmt: skip
def test_a_session_ends_where_no_music_plays_for_half_an_hour(fresh, write, name, content, ids):
    assert load(fresh, write(name, content)).written == 2
    (first, tracks), (second, one) = fresh.execute(SESSIONS).fetchall()
    assert (tracks, len(one)) == (ids, 1)
    assert first.endswith(" UTC, 2 tracks")
    assert second.endswith(" UTC, 1 track")
    assert fresh.execute("select distinct owner from playlists").fetchall() == [(None,)]


def test_the_gap_is_between_the_end_of_a_play_and_the_start_of_the_next(fresh, write):
    plays = dumped(short(0), short(40, "Long", 12), short(71, "Late", 1))
    assert load(fresh, write("StreamingHistory0.json", plays)).written == 1


def test_gap_is_an_option_that_refresh_repeats(fresh, write):
    name, plays = "StreamingHistory0.json", [short(0), short(13, "Two"), short(60, "Three")]
    path = write(name, dumped(*plays))
    load(fresh, path, SongOptions(gap=60))
    assert sessions(fresh) == [("2023-05-04 21:07", 3)]
    assert load(fresh, path, SongOptions(gap=60)).is_unchanged
    write(name, dumped(*plays, short(110, "Four")))
    assert refresh(fresh, "songs")
    assert sessions(fresh) == [("2023-05-04 21:07", 4)]
    for gap, expected in {30: [2, 1, 1], 5: [1, 1, 1, 1], 60: [4]}.items():
        assert load(fresh, path, SongOptions(gap=gap)).is_good
        assert [number for _, number in sessions(fresh)] == expected
    assert fresh.execute("select options from sources").fetchone() == ({"gap": 60},)


def test_what_is_no_music_is_counted_and_no_error(fresh, write):
    plays = dumped(
        extended(0), extended(1, "Skipped", 0.4), extended(2, "Secret", incognito_mode=True),
        extended(3, spotify_track_uri=None, master_metadata_track_name=None, episode_name="Talk"),
        extended(4, spotify_track_uri=None, master_metadata_track_name=None),
        extended(5, audiobook_uri="spotify:show:1"), extended(6, "Never", ts="1970-01-01T00:00:00Z"),
        extended(7, "Late", ts="2999-01-01T00:00:00Z"), extended(8, "When", ts=None), extended(0),
    )  # fmt: skip
    result = load(fresh, write("Streaming_History_Audio_2023_1.json", plays))
    assert (result.written, result.bad) == (1, 0)
    assert dict(result.details) == {
        "plays under 30 s left out": 1, "plays of private sessions left out": 1,
        "episodes left out": 2, "plays without a track left out": 1,
        "plays at an impossible time left out": 3, "repeated entries of a play left out": 1,
    }  # fmt: skip
    assert sessions(fresh) == [("2023-05-04 21:07", 1)]


def test_podcasts_alone_fail_with_a_line_that_says_so(fresh, write):
    talk = {"endTime": "2023-05-04 21:10", "podcastName": "P", "episodeName": "E", "msPlayed": 9**7}
    result = load(fresh, write("StreamingHistory_podcast_0.json", dumped(talk, talk)))
    assert result.failures == [
        "StreamingHistory_podcast_0.json: no music in it: 2 episodes left out"
    ]


def test_a_truncated_history_fails_with_one_line(fresh, write):
    result = load(fresh, write("StreamingHistory0.json", dumped(short(0), short(3))[:-20]))
    assert [line.split(" (")[0] for line in result.failures] == [
        "StreamingHistory0.json: Input data was truncated"
    ]


def test_plays_of_a_file_may_stand_in_any_order(fresh, write):
    plays = dumped(extended(3, "B"), extended(100, "C"), extended(0, "A"))
    load(fresh, write("Streaming_History_Audio_2023.json", plays))
    names = fresh.execute("select name from playlist_tracks order by playlist_title, place")
    assert [name for (name,) in names] == ["A", "B", "C"]


def test_a_later_export_has_the_same_sessions(fresh, write):
    first = [short(0), short(3, "Two"), short(100, "Three")]
    later = [*first, short(104, "Four"), short(300, "Five")]
    load(fresh, write("old/StreamingHistory0.json", dumped(*first)))
    again = load(fresh, write("new/StreamingHistory0.json", dumped(*later)))
    assert (again.written, again.unchanged) == (2, 1)
    grown = [("2023-05-04 21:07", 2), ("2023-05-04 22:47", 2), ("2023-05-05 02:07", 1)]
    assert sessions(fresh) == grown
    load(fresh, write("old/StreamingHistory0.json", dumped(*first)), SongOptions(again=True))
    assert sessions(fresh) == grown


def test_an_export_that_begins_within_a_session_adds_no_part_of_it(fresh, write):
    plays = [short(0), short(3, "Two"), short(6, "Three"), short(100)]
    load(fresh, write("old/StreamingHistory0.json", dumped(*plays)))
    result = load(fresh, write("new/StreamingHistory0.json", dumped(*plays[1:])))
    assert (result.written, result.unchanged) == (0, 2)
    assert [number for _, number in sessions(fresh)] == [3, 1]


def test_a_forgotten_export_leaves_the_sessions_that_others_have(fresh, write):
    plays = [short(0), short(3, "Two"), short(100), short(200), short(203), short(206)]
    grown = dumped(*plays[1:], short(209))
    old = write("old/StreamingHistory0.json", dumped(*plays))
    new = write("new/StreamingHistory0.json", grown)
    for path in (old, new):
        load(fresh, path)
    for path, expected in ((new, [2, 1, 3]), (old, [1, 1, 4])):
        source = fresh.execute("select * from sources where location = %s", (path,)).fetchone()
        assert forget_source(fresh, path)["playlists"] > 0, source
        assert refresh(fresh, "songs")
        assert [number for _, number in sessions(fresh)] == expected
        load(fresh, path)


def test_a_format_picks_its_files_out_of_a_zip(fresh, write):
    content = export(
        Playlist1__json=json.dumps({"playlists": [account_playlist()]}).encode(),
        StreamingHistory_music_0__json=dumped(short(0)),
    )
    path = write("my_spotify_data.zip", content)
    result = load(fresh, path, SongOptions(format="spotify-playlists"))
    assert (result.written, result.details["other files skipped"]) == (1, 3)
    assert load(fresh, path, SongOptions(format="spotify-history", again=True)).written == 1
    assert [title for title, _ in sessions(fresh)] == ["2023-05-04 21:07", "My mix"]


def test_sessions_of_two_people_at_the_same_time_stay_apart(fresh, write):
    load(fresh, write("ann/StreamingHistory0.json", dumped(short(0), short(5), short(9, "Two"))))
    load(fresh, write("bob/StreamingHistory0.json", dumped(short(5, "One", 2), short(7, "Y", 1))))
    assert [number for _, number in sessions(fresh)] == [3, 2]


@pytest.mark.parametrize("order", [("short", "extended"), ("extended", "short")])
def test_the_extended_form_replaces_the_short_one(fresh, write, order):
    times = [(0, "One"), (3.5, "Two"), (36.2, "Three"), (36.9, "Four", 0.6), (100.9, "Five"),
             (133, "Six", 2.5)]  # fmt: skip
    # The last play starts 30.5 minutes after the minute of an end, 29.6 after its second.
    files = {
        "short": ("StreamingHistory0.json", dumped(*(short(*play) for play in times))),
        "extended": ("endsong_0.json", dumped(*(extended(*play) for play in times))),
    }
    for form in order:
        assert load(fresh, write(*files[form])).is_good
    ids = fresh.execute("select track_ids from playlists order by identity").fetchall()
    assert [len(one) for (one,) in ids] == [4, 1, 1]
    assert all(id.startswith("000") for (one,) in ids for id in one)


def test_the_files_of_a_zip_are_one_history(fresh, write):
    first, second = dumped(short(0), short(3, "Two")), dumped(short(6, "Three"), short(90))
    load(fresh, write("my/StreamingHistory_music_0.json", first))
    load(fresh, write("my/StreamingHistory_music_1.json", second))
    assert [number for _, number in sessions(fresh)] == [2, 1, 1]
    # The files of a zip may stand in any order.
    content = export(StreamingHistory_music_1__json=second, StreamingHistory_music_0__json=first)
    load(fresh, write("my_spotify_data.zip", content))
    assert sessions(fresh) == [("2023-05-04 21:07", 3), ("2023-05-04 22:37", 1)]


def test_the_zip_of_spotify_holds_playlists_and_no_errors(fresh, write):
    library = {
        "tracks": [{"artist": "A", "album": "B", "track": "Liked", "uri": f"spotify:track:{5:022d}"}],
        "albums": [{"artist": "A", "album": "Album", "uri": "spotify:album:1"}],
        "shows": [{"name": "Talk", "publisher": "P", "uri": "spotify:show:1"}], "episodes": [],
        "bannedTracks": [{"artist": "A", "track": "Banned", "uri": f"spotify:track:{6:022d}"}],
        "artists": [], "bannedArtists": [], "other": [],
    }  # fmt: skip
    talk = {"endTime": "2023-05-04 21:10", "podcastName": "P", "episodeName": "E", "msPlayed": 9**7}
    content = export(
        Playlist1__json=json.dumps({"playlists": [account_playlist()]}).encode(),
        YourLibrary__json=json.dumps(library).encode(),
        StreamingHistory_music_0__json=dumped(short(0)),
        StreamingHistory_podcast_0__json=dumped(talk),
        Payments__json=b'{"payment_method": "card 1234"}',
        Inferences__json=b"{}",
        Wrapped2025__json=b'{"playlist": {"track": [{"title": "x"}]}}',
    )
    result = load(fresh, write("my_spotify_data.zip", content))
    assert (result.written, result.bad, result.failures) == (3, 0, [])
    assert dict(result.details) == {
        "other files skipped": 5, "episodes left out": 2, "removed tracks left out": 1,
    }  # fmt: skip
    titles = [title for title, _ in sessions(fresh)]
    assert titles == ["2023-05-04 21:07", "Liked songs", "My mix"]
    assert fresh.execute("select count(*) from tracks where name = 'Banned'").fetchone() == (0,)
    assert_no_secrets(fresh)


def assert_no_secrets(conn) -> None:
    """No table has a user name, an address, a payment or the text of a personal file."""
    tables = "sources", "load_runs", "load_errors", "playlists", "tracks"
    rows = [str(conn.execute(f"select * from muse.{table}").fetchall()) for table in tables]
    for secret in (
        "ann-the-user",
        "203.0.113",
        "phone of ann",
        "ann@example",
        "card 1234",
        "1990-01-01",
    ):
        assert not any(secret in row for row in rows), secret


def test_playlists_of_the_account_keep_local_tracks_and_their_titles(fresh, write):
    mixes = [account_playlist(), account_playlist(), account_playlist(name=None, items=[{"x": 1}])]
    path = write("Playlist1.json", json.dumps({"playlists": mixes}).encode())
    result = load(fresh, path)
    assert (result.written, result.bad) == (2, 1)
    assert fresh.execute("select identity, track_ids from playlists order by 1").fetchall() == [
        (f"{path}#My mix", [f"{1:022d}", "cafe band - cafe one"]),
        (f"{path}#My mix (2)", [f"{1:022d}", "cafe band - cafe one"]),
    ]


def test_a_track_removed_on_the_same_day_is_removed(fresh, write):
    for items in (account_playlist()["items"], account_playlist()["items"][2:]):
        content = json.dumps({"playlists": [account_playlist(items=items)]}).encode()
        load(fresh, write("Playlist1.json", content))
    assert sessions(fresh) == [("My mix", 1)]


def test_bad_plays_of_an_export_leave_no_personal_data(fresh, write):
    plays = dumped(
        extended(0), extended(3, ms_played="long"), extended(6, "\0"), 5, extended(9, "Two")
    )
    result = load(fresh, write("Streaming_History_Audio_2023_1.json", plays))
    assert (result.written, result.bad) == (1, 3)
    assert_no_secrets(fresh)


def test_a_broken_file_of_a_zip_deletes_no_session(fresh, write):
    parts = {
        f"StreamingHistory{n}__json": dumped(short(n * 100), short(n * 100 + 3)) for n in range(3)
    }
    path = write("a.zip", export(**parts))
    load(fresh, path)
    write("a.zip", export(**(parts | {"StreamingHistory1__json": b'[{"msPlayed": '})))
    assert not load(fresh, path).is_good
    assert len(sessions(fresh)) == 3
    write("a.zip", export(**{name: parts[name] for name in parts if "1" not in name}))
    assert load(fresh, path).is_good
    assert len(sessions(fresh)) == 2


def test_a_long_history_is_cut_into_playlists_of_100_000(fresh, write, monkeypatch):
    monkeypatch.setattr("loaders.songs.formats.history.PLACES", 3)
    load(fresh, write("scrobbles.csv", b"A,B,C,04 May 2023 21:10\n" + scrobbles(*range(5))))
    assert [number for _, number in sessions(fresh)] == [3, 3]


def test_last_fm_in_every_form(fresh, write):
    seconds = int(START.timestamp())
    forms = {
        "ghan.csv": b"uts,utc_time,artist,artist_mbid,album,album_mbid,track,track_mbid\n"
        b'"%d","04 May 2023, 21:13","A","","","","One 3",""\n"%d","","A","","","","One 0",""\n'
        % (seconds + 185, seconds + 2),
        "r.csv": b'"","date","artist","track","album"\n"1",2023-05-04 21:13:05,"A","One 3",""\n'
        b'"2",2023-05-04 21:10:02,"A","One 0",""\n',
        "stats.csv": b'Artist;Album;AlbumId;Track;Date#ann\n"A";"B";"";"One 3";"%d000"\n'
        b'"A";"B";"";"One 0";"%d000"\n' % (seconds + 185, seconds + 2),
        "plain.csv": scrobbles(0, 3),
        "api.json": json.dumps([{"recenttracks": {"track": [
            {"name": "Now", "artist": {"#text": "A"}, "@attr": {"nowplaying": "true"}},
            {"name": "One 3", "artist": {"#text": "A", "mbid": ""}, "album": {"#text": ""},
             "date": {"uts": str(seconds + 185), "#text": "04 May 2023, 21:13"}}]}},
            {"recenttracks": {"track": {"name": "One 0", "artist": {"name": "A"},
             "date": {"uts": str(seconds + 2)}}}}]).encode(),
        "stats.json": json.dumps({"username": "ann", "scrobbles": [
            {"track": "One 3", "artist": "A", "album": "B", "date": (seconds + 185) * 1000},
            {"track": "One 0", "artist": "A", "album": "B", "date": (seconds + 2) * 1000},
        ]}).encode(),
    }  # fmt: skip
    for name, content in forms.items():
        result = load(fresh, write(name, content))
        assert result.written + result.unchanged == 1, name
    assert fresh.execute("select identity, track_ids from playlists").fetchall() == [
        ("last.fm:history:2023-05-04T21:10:00.000Z a one 0", ["a - one 0", "a - one 3"])
    ]


def test_plays_of_one_minute_are_in_order_though_the_last_play_is_first_in_the_file(fresh, write):
    rows = b"A,,Two,04 May 2023 21:10\nA,,One,04 May 2023 21:10\nA,,Zero,04 May 2023 21:09\n"
    load(fresh, write("scrobbles.csv", rows))
    assert fresh.execute("select track_ids from playlists").fetchone() == (
        ["a - zero", "a - one", "a - two"],
    )


def test_listens_are_identified_by_spotify_or_musicbrainz(fresh, write):
    mbid = "8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
    mapped = listen(3, "Two")
    mapped["track_metadata"]["mbid_mapping"] = {"recording_mbid": mbid}
    spotify = f"https://open.spotify.com/track/{7:022d}"
    plays = [
        listen(0, spotify_id=spotify, recording_mbid=mbid), mapped, listen(6, "Three", tags=[]),
        listen(9, "Four", duration_played=12), listen(60, "Five", duration=1500), listen(100, "Six"),
    ]  # fmt: skip
    content = export(**{"listens/2023/5__jsonl": lines_of(*plays), "user__json": b'{"user_id": 1}'})
    result = load(fresh, write("listenbrainz_ann.zip", content))
    assert dict(result.details) == {"other files skipped": 3, "plays under 30 s left out": 1}
    tracks = fresh.execute("select track_ids from playlists order by identity").fetchall()
    recording = f"https://musicbrainz.org/recording/{mbid}"
    assert tracks == [([f"{7:022d}", recording, "a - three"],), (["a - five", "a - six"],)]
    assert_no_secrets(fresh)


def test_a_bad_line_of_listens_is_an_error_of_its_own(fresh, write):
    content = lines_of(listen(0)) + b'{"listened_at": \n{"listened_at": 1}\n' + lines_of(listen(3))
    result = load(fresh, write("5.jsonl", content))
    assert (result.written, result.bad) == (1, 2)
    errors = fresh.execute("select place, start from load_errors order by number").fetchall()
    assert errors == [("listen 2", ""), ("listen 3", "")]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("format", "content"),
    [
        ("spotify-history", dumped(*(extended(7 * n) for n in range(3)))),
        ("spotify-history", dumped(*(short(7 * n) for n in range(3)))),
        ("listenbrainz", lines_of(*(listen(7 * n) for n in range(3)))),
        ("lastfm", scrobbles(*range(9))),
        ("spotify-playlists", json.dumps({"playlists": [account_playlist()]}).encode()),
    ],
)
def test_a_damaged_file_is_a_bad_file_or_has_bad_entries(format, content):
    assert detect(content) == format
    dice = random.Random(1)
    for _ in range(300):
        damaged = bytearray(content)
        for place in dice.sample(range(len(damaged)), 3):
            damaged[place] = dice.choice(b'0"{}[],:n\\\xff\0')
        damaged = bytes(damaged[: dice.choice([len(damaged), dice.randrange(len(damaged))])])
        history = History("service")
        try:
            if format in HISTORIES:
                list(HISTORIES[format](damaged, history))
                list(history.sessions())
            else:
                list(FORMATS[format](damaged, "name"))
        except BadPlaylistFile:
            pass


def test_a_session_is_dated_by_its_end(fresh, write):
    load(fresh, write("StreamingHistory0.json", dumped(short(0), short(3))))
    assert fresh.execute("select modified_at from playlists").fetchone() == (at(3),)
