"""Tables of many programs: their columns, separators and languages."""

from pathlib import Path

import pytest

from loaders.songs.formats import BadPlaylistFile
from loaders.songs.formats.columns import WORDS
from loaders.songs.load import load
from tests.factories.playlist_files import zipped
from tests.factories.playlists import ID, all_of

URI = f"spotify:track:{ID}"


@pytest.mark.unit
@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("Track URI,Track Name,Artist URI(s),Artist Name(s),Disc Number,Track Number",
         f"{URI},One,spotify:artist:2wI,U2,1,9", (ID, "One", "U2", "2wI")),
        ("Track-URI,Track-Name,Künstler-URI(s),Künstlername(n),Track-Nummer",
         f"{URI},One,spotify:artist:2wI,U2,9", (ID, "One", "U2", "2wI")),
        ("Titel;Künstler;Album", "One;U2;A", ("u2 - one", "One", "U2", None)),
        ("Titre;Artiste", "One;U2", ("u2 - one", "One", "U2", None)),
        ("Título,Artista", "One,U2", ("u2 - one", "One", "U2", None)),
        ("Nome da faixa,Nome(s) do artista", "One,U2", ("u2 - one", "One", "U2", None)),
        ("Titolo\tArtista", "One\tU2", ("u2 - one", "One", "U2", None)),
        ("Nummernaam,Naam van artiest", "One,U2", ("u2 - one", "One", "U2", None)),
        ("Tytuł;Wykonawca", "One;U2", ("u2 - one", "One", "U2", None)),
        ("Название;Исполнитель", "One;U2", ("u2 - one", "One", "U2", None)),
        ("曲名,アーティスト", "One,U2", ("u2 - one", "One", "U2", None)),
        ("歌名,歌手", "One,U2", ("u2 - one", "One", "U2", None)),
        ("title;artist;album;isrc;addedDate;duration;url",
         f"One;U2;A;X;;276;https://open.spotify.com/track/{ID}", (ID, "One", "U2", None)),
        ("Video ID,Playlist Video Creation Timestamp", "dQw4-9Wg_cQ,2024-01-01",
         ("https://www.youtube.com/watch?v=dQw4-9Wg_cQ", None, None, None)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
def test_a_table_without_a_playlist_is_one(header, row, expected, encoding):
    (playlist,), bad = all_of(f"{header}\r\n{row}\r\n".encode(encoding), "mine.csv")
    assert (playlist.key, playlist.title, bad) == ("mine.csv#mine", "mine", [])
    assert playlist.tracks[0][:4] == expected


@pytest.mark.unit
def test_the_number_on_an_album_is_no_position():
    (playlist,), _ = all_of("playlist,Track Number,title,artist\nc,9,A,X\nc,2,B,X\nc,1,C,X\n")
    assert [track.name for track in playlist.tracks] == ["A", "B", "C"]


@pytest.mark.unit
@pytest.mark.parametrize("first", ["sep=;", '"sep=;"', "\ufeffsep=;", "", "\r\n"])
def test_lines_before_the_header(first):
    (playlist,), bad = all_of(f"{first}\nPlaylist;Titel;Interpret\np;A;B\np;;\n")
    assert ([track.track_id for track in playlist.tracks], playlist.title) == (["b - a"], "p")
    assert [entry.place for entry in bad] == [f"line {4 + first.count(chr(10))}"]


@pytest.mark.unit
def test_a_column_of_songs_holds_names():
    (playlist,), _ = all_of("playlist,song\np,Hello\np,1979\np,Hello\n")
    assert [track[:2] for track in playlist.tracks] == [
        ("hello", "Hello"), ("1979", "1979"), ("hello", "Hello")]  # fmt: skip
    (playlist,), _ = all_of("playlist,track\np,Hello\np,TR12\n")
    assert [track[:2] for track in playlist.tracks] == [("hello", "Hello"), ("TR12", None)]


@pytest.mark.unit
@pytest.mark.parametrize(
    ("length", "expected"), [("3:45", 225_000), ("225", 225_000), ("225280", 225_280), ("x", None)]
)
def test_durations(length, expected):
    (playlist,), _ = all_of(f"title,artist,duration\nA,B,{length}\n")
    assert playlist.tracks[0].duration_ms == expected


@pytest.mark.unit
def test_dates_without_a_time_are_no_history():
    (playlist,), _ = all_of("title,artist,date\nA,B,2020-01-01\n", "mine.csv")
    assert playlist.tracks[0].track_id == "b - a"


@pytest.mark.unit
def test_the_error_and_the_docs_have_the_names_of_columns():
    with pytest.raises(BadPlaylistFile, match=r"track_name, title; artist, .* docs/songs\.md"):
        all_of("a,b\n1,2\n", format="table")
    docs = Path("docs/songs.md").read_text()
    names = [
        name.strip() for words in WORDS.values() for name in words.replace("\n", ",").split(",")
    ]
    assert [name for name in names if name and name not in docs] == []


def test_each_table_of_an_archive_is_a_playlist(fresh, write):
    header = "Track URI,Track Name,Artist Name(s)"
    files = {f"{name}.csv": f"{header}\n{URI},One,U2\n".encode() for name in ("rock", "jazz")}
    assert load(fresh, write("spotify_playlists.zip", zipped(files))).written == 2
    rows = fresh.execute("select title, places from playlists order by 1").fetchall()
    assert rows == [("jazz", 1), ("rock", 1)]
