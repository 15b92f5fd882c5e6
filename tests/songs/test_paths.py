"""Artist and title in the paths of files."""

import pytest

from loaders.songs.formats.paths import names_of
from loaders.songs.formats.reading import detect
from tests.factories.playlists import all_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("Queen/Jazz/01 - Mustapha.mp3", "queen - mustapha"),
        ("Queen\\Jazz\\1-03 - Jealousy.mp3", "queen - jealousy"),
        ("/home/ann/Music/Queen/Jazz/CD 2/03. Jealousy.flac", "queen - jealousy"),
        ("C:\\Users\\ann\\Musik\\Queen\\1978 - Jazz\\03_Jealousy.wma", "queen - jealousy"),
        ("file:///home/ann/M%C3%BAsica/Sigur%20R%C3%B3s/%28%29/02 Untitled.ogg",
         "sigur ros - untitled"),
        ("../Queen/Jealousy.mp3", "queen - jealousy"),
        ("Queen - Jazz/03 Jealousy.mp3", "queen - jealousy"),
        ("Various Artists/Hits/07 - Queen - Jealousy.mp3", "queen - jealousy"),
        ("Queen/Live/07 - Jealousy - Live.mp3", "queen - jealousy live"),
        ("Queen - Jazz - 03 - Jealousy.mp3", "queen - jealousy"),
        ("Queen \u2013 Jealousy.mp3", "queen - jealousy"),
        ("50 Cent - In Da Club.mp3", "50 cent - in da club"),
        ("Nena/Best/99 Luftballons.mp3", "nena - 99 luftballons"),
        ("Logic/Hits/1-800-273-8255.mp3", "logic - 1 800 273 8255"),
        ("https://x.org/a/Queen - Jealousy.mp3?token=secret", "queen - jealousy"),
    ],
)  # fmt: skip
def test_a_path_names_a_track(path, expected):
    (playlist,), bad = all_of(f"# a comment\n\n{path}\n", "list.m3u", "m3u")
    assert ([track.track_id for track in playlist.tracks], bad) == ([expected], [])


@pytest.mark.parametrize(
    "path",
    ["nameless.mp3", "/home/ann/x/nameless.mp3", "C:\\Music\\nameless.mp3",
     "Compilations/Hits/03 - nameless.mp3", "https://x.org/a/b/nameless.mp3"],
)  # fmt: skip
def test_folders_of_other_things_are_no_artist(path):
    assert names_of(path).artist is None


def test_numbers_without_a_zero_count_where_the_list_has_some_with_one():
    (playlist,), _ = all_of("Q/J/09 Dreamers.mp3\nQ/J/10 Fun It.mp3\n", "a.m3u")
    assert [track.name for track in playlist.tracks] == ["Dreamers", "Fun It"]


def test_relative_paths_after_a_comment_are_a_playlist():
    (playlist,), bad = all_of("# my list\nQueen/Jazz/Fun It.mp3\n", "fun.m3u")
    assert (playlist.title, playlist.tracks[0].album, bad) == ("fun", "Jazz", [])


@pytest.mark.parametrize(
    ("info", "expected"),
    [
        ('300 id="7" genre="Rock, Pop",An Artist - A Title', ("an artist - a title", 300_000)),
        ('-1 name="a, b, c",Show - With, commas', ("show - with commas", None)),
        ('12 name="odd,An Artist - A Title', ("an artist - a title", 12_000)),
        ("187341,An Artist - A Title", ("an artist - a title", 187_341)),
        ("60,03 - An Artist - A Title", ("an artist - a title", 60_000)),
        ("60,A Title - Queen", ("queen - a title", 60_000)),
        ("60,A Title", ("queen - a title", 60_000)),
    ],
)
def test_extinf(info, expected):
    (playlist,), _ = all_of(f"#EXTM3U\n#EXTINF:{info}\nMusic/Queen/Jazz/x.mp3\n")
    assert (playlist.tracks[0].track_id, playlist.tracks[0].duration_ms) == expected


def test_an_entry_without_an_artist_has_its_length_in_its_identity():
    (playlist,), _ = all_of(
        "#EXTM3U\n#EXTINF:42,Intro\n1.mp3\n#EXTINF:43,Intro\n2.mp3\n#EXTINF:-1,Intro\n3.mp3\n"
        "#EXTINF:42,Unknown Artist - Intro\n4.mp3\n"
    )
    assert [track.track_id for track in playlist.tracks] == [
        "intro (42 s)", "intro (43 s)", "intro", "intro (42 s)"]  # fmt: skip


def test_pls():
    (playlist,), bad = all_of(
        "[playlist]\nFile2=Queen/Jazz/02 - Fun It.mp3\nLength2=210\nFile1=http://nas/x?t=secret\n"
        "Title1=ABBA - Waterloo\nFile3=nameless.mp3\nNumberOfEntries=3\nVersion=2\n",
        "mine.pls",
    )
    assert [track.track_id for track in playlist.tracks] == ["abba - waterloo", "queen - fun it"]
    assert (playlist.key, [entry.place for entry in bad]) == ("mine.pls#mine", ["entry 3"])


def test_a_text_of_artists_and_titles():
    songs = "Queen - Fun It\n\n2. ABBA \u2013 Waterloo\nAC/DC - T.N.T. - Live\nno song\n"
    (playlist,), bad = all_of(songs, "90s Rock.txt", "text")
    assert [track.track_id for track in playlist.tracks] == [
        "queen - fun it", "abba - waterloo", "ac dc - t n t live"]  # fmt: skip
    assert (playlist.title, bad[0].place) == ("90s Rock", "line 5")


@pytest.mark.parametrize(
    "text",
    ["one - two\n", "- a - b\n" * 9, "2024-01-01 10:00 - INFO - x\n" * 9, "some words\n" * 9],
)
def test_other_text_is_no_playlist(text):
    assert detect(text.encode()) is None
