"""Addresses of tracks: forms of one id, and secrets that are never stored."""

import pytest

from loaders.core.entries import bad_entry
from loaders.songs.formats.addresses import public_id, without_secrets, without_tokens
from tests.factories.playlists import ID, all_of

pytestmark = pytest.mark.unit
VIDEO = "https://www.youtube.com/watch?v=dQw4-9Wg_cQ"


@pytest.mark.parametrize(
    "address",
    [
        VIDEO,
        "http://youtube.com/watch?list=PLx&v=dQw4-9Wg_cQ&index=3#t=10",
        "https://music.youtube.com/watch?v=dQw4-9Wg_cQ&si=abc",
        "https://m.youtube.com/shorts/dQw4-9Wg_cQ?feature=share",
        "https://www.youtube-nocookie.com/embed/dQw4-9Wg_cQ?autoplay=1",
        "https://youtu.be/dQw4-9Wg_cQ?t=4",
        "//www.youtube.com/live/dQw4-9Wg_cQ",
        "plugin://plugin.video.youtube/play/?video_id=dQw4-9Wg_cQ",
    ],
)
def test_each_form_of_a_youtube_address_is_one_track(address):
    assert public_id([address]) == VIDEO


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (f"https://open.spotify.com/embed/track/{ID}?utm_source=x", ID),
        ("https://soundcloud.com/ann/song?si=1&utm_source=x&in=ann/sets/y#t=1",
         "https://soundcloud.com/ann/song"),
        ("https://Music.Apple.com/us/album/song/1?i=22&l=en",
         "https://music.apple.com/us/album/song/1?i=22"),
        ("https://music.163.com/#/song?id=123", "https://music.163.com/song?id=123"),
        ("https://www.youtube.com/playlist?list=PLx", None),
        ("https://youtu.be/short", None),
        ("https://ann:secret@example.org/song", None),
        ("https://cdn.example.org/song?id=1&Signature=secret&Expires=1", None),
        ("http://nas:4533/rest/stream?id=abc", None),
        ("http://192.168.1.2/song", None),
        ("https://example.org/", None),
    ],
)  # fmt: skip
def test_an_address_identifies_where_it_is_public(address, expected):
    assert public_id([address]) == expected


STREAM = "http://ann:secret1@nas:4533/rest/stream?id=abc&u=ann&t=secret2&s=secret3"


def test_a_private_stream_is_its_artist_and_title():
    lines = f"#EXTM3U\n#EXTINF:200,Queen - One Vision\n{STREAM}\n{STREAM}\n"
    (playlist,), bad = all_of(lines)
    assert [track.track_id for track in playlist.tracks] == ["queen - one vision"]
    assert [entry.place for entry in bad] == ["line 4"]  # no title
    assert "secret" not in f"{playlist}{bad}"


@pytest.mark.parametrize(
    "path",
    ["/library/parts/17/160000/file.mp3", "http://nas:32400/library/parts/17/160000/file.mp3?x=1",
     "/live/u9/p9/44.ts", "http://tv.example/live/u9/p9/44.ts", "http://nas/rest/stream?id=7"],
)  # fmt: skip
def test_the_path_of_a_stream_is_neither_artist_nor_title(path):
    (playlist,), (bad,) = all_of(f"#EXTM3U\n/music/U2 - One.mp3\n{path}\n")
    assert [track.track_id for track in playlist.tracks] == ["u2 - one"]
    assert (bad.place, bad.reason) == ("line 3", "the stream of a server, without a title")


def test_the_path_of_a_stream_in_a_table_is_none_either():
    (playlist,), (bad,) = all_of("playlist,track\np,Creep\np,/library/parts/17/160000/file.mp3\n")
    assert [track.track_id for track in playlist.tracks] == ["creep"]
    assert (bad.place, bad.reason) == ("line 3", "the stream of a server, without a title")


def test_secrets_are_stripped_wherever_an_address_stands():
    csv = f"playlist,track_url,title,artist\nhttps://x.org/p?a=1&token=secret,{STREAM},,\n"
    xspf = (
        f"<playlist><title>{STREAM.replace('&', '&amp;')}</title><trackList><track><title>"
        f"{STREAM.replace('&', '&amp;')}</title></track></trackList></playlist>"
    )
    for content in (csv, xspf):
        (playlist,), bad = all_of(content)
        assert "secret" not in str((playlist.tracks, playlist.key if content == csv else "", bad))
    assert all_of(csv)[0][0].key == "https://x.org/p?a=1"
    assert without_secrets(f"see {STREAM} now") == "see http://nas:4533/rest/stream?id=abc now"


@pytest.mark.parametrize(
    ("address", "stored"),
    [
        ("http://tv.example/live/ann/secret/45.ts", "http://tv.example/live/.../45.ts"),
        ("http://tv.example:8080/ann/secret/777", "http://tv.example:8080/.../777"),
        ("http://tv.example/ann/secret/777.ts", "http://tv.example/.../777.ts"),
        ("https://tv.example/movie/ann/secret/7.mkv?x=1", "https://tv.example/movie/.../7.mkv"),
        ("https://soundcloud.com/ann/song/s-secret12", "https://soundcloud.com/ann/song"),
        ("https://drive.google.com/uc?id=secret&export=download", "https://drive.google.com"),
        ("https://www.dropbox.com/s/secret/song", "https://www.dropbox.com"),
        ("rtsp://ann:secret@x.org/a?token=secret", "rtsp://x.org/a"),
    ],
)
def test_secrets_in_a_path_are_no_part_of_an_id_or_title(address, stored):
    assert (public_id([address]), without_secrets(address)) == (None, stored)
    (playlist,), bad = all_of(f"#EXTM3U\n#EXTINF:1,U2 - One\n{address}\n{address}\n")
    assert playlist.tracks[0].track_id == "u2 - one"
    assert "secret" not in f"{playlist}{bad}"


@pytest.mark.parametrize(
    "address",
    ["http://www.deezer.com/en/track/777", "http://www.beatport.com/track/one/777",
     "https://www.discogs.com/a/b/777"],
)  # fmt: skip
def test_a_number_in_a_public_address_is_no_secret(address):
    assert public_id([address]) == address


@pytest.mark.parametrize("name", ["access_token", "X-Amz-Signature", "api_key", "pwd", "sid"])
def test_the_address_of_a_playlist_keeps_what_tells_it_apart(name):
    assert without_tokens(f"https://x.org/p?list=7&{name}=secret&b=2") == (
        "https://x.org/p?list=7&b=2"
    )


def test_a_rejected_entry_is_stored_without_secrets():
    start = bad_entry("line 1", "odd", f"'{STREAM}' and https://x.org/a?b=secret").start
    assert start == "'http://nas:4533' and https://x.org"
    for secret in ("http://h/live/ann/secret/4.ts", "https://drive.google.com/file/d/secret/view"):
        assert "secret" not in bad_entry("line 1", "odd", secret).start
    assert bad_entry("line 1", "odd", "file:///music/one.mp3").start == "file:///music/one.mp3"


def test_a_long_address_takes_no_time():
    for address in ("https://x.org/" + "aB1" * 1_000_000, "https://youtu.be/" + "&" * 3_000_000):
        assert public_id([address]) is None
