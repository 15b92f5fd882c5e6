"""Exported playlists, which load again to the same tracks."""

import csv
import io
import json
import subprocess
import sys

import pytest

from loaders.core.errors import Problem
from loaders.songs import export
from loaders.songs.formats.model import Playlist, Track, track
from loaders.songs.load import load, load_entries
from loaders.songs.writers import WRITERS
from tests.factories.playlists import IDS, RECORDING
from tests.factories.rows import add_track, publish_songs

HOSTILE = [
    track(name="你好,世界", artist="王菲", album="唱遊", duration_ms=61_500),
    track(f"spotify:track:{IDS[1]}", name='He said "no", twice', artist="A;B\tC", album="&"),
    track(name="Two\nlines\r\nand\x0b\x01more", artist="<b>&amp;</b> ]]> & Co"),
    track(RECORDING, name="#1 Crush", artist="#hash"),
    track(name="- Untitled - 1 -"),
    track(name="=1+1", artist="=cmd|'/c calc'!A0"),
    track(name="C", artist="A - B"),
    track("https://example.org/songs?id=1&x=<2>", name="Address"),
    track(own_id="b42", name="Its own id"),
    track(own_id="50%25,'\"&#"),
    Track(IDS[2]),
    track(name="One", artist="\u2028\u202eNobody"),
]
FORMATS = [name for name in WRITERS if name != "spotify-uris"]


@pytest.fixture
def hostile(fresh):
    playlist = Playlist("list", 'Mix, "the" <1st> & =2\n#3', [*HOSTILE, HOSTILE[0]])
    load_entries(fresh, "somewhere", [playlist])
    return fresh


def stored_ids(conn) -> dict[str, list[str]]:
    return dict(conn.execute("select identity, track_ids from playlists").fetchall())


@pytest.mark.parametrize("format", FORMATS)
def test_a_playlist_loads_again_to_the_same_tracks(hostile, tmp_path, format):
    path = tmp_path / f"copy{WRITERS[format].endings[0]}"
    before = hostile.execute("select * from tracks order by track_id").fetchall()
    export.write([export.stored(hostile, "list")], format, str(path))
    result = load(hostile, str(path))
    assert (result.written, result.bad) == (1, 0)
    (copy,) = [ids for key, ids in stored_ids(hostile).items() if key != "list"]
    assert copy == stored_ids(hostile)["list"]
    names = "select track_id, name, artist, album, duration_ms from tracks order by track_id"
    assert len(hostile.execute(names).fetchall()) == len(before)


@pytest.mark.parametrize("format", FORMATS)
def test_another_database_gets_the_same_ids_and_names(hostile, tmp_path, format):
    path = str(tmp_path / f"copy{WRITERS[format].endings[0]}")
    export.write([export.stored(hostile, "list")], format, path)
    expected = stored_ids(hostile)["list"]
    names = hostile.execute("select track_id, name from tracks where name = '你好,世界'").fetchall()
    hostile.execute("truncate muse.playlists, muse.tracks cascade")
    load(hostile, path)
    assert list(stored_ids(hostile).values()) == [expected]
    again = hostile.execute("select track_id, name from tracks where name = '你好,世界'").fetchall()
    assert again == names


def test_spotify_uris_are_lines_without_the_tracks_that_have_none(hostile, tmp_path, capfd):
    export.write([export.stored(hostile, "list")], "spotify-uris", "-")
    printed = capfd.readouterr()
    assert printed.out.splitlines() == [f"spotify:track:{IDS[1]}", f"spotify:track:{IDS[2]}"]
    assert "2 tracks, 11 without a Spotify id left out" in printed.err
    (tmp_path / "uris.txt").write_text(printed.out)
    load(hostile, str(tmp_path / "uris.txt"))
    assert [IDS[1], IDS[2]] in stored_ids(hostile).values()


def test_names_of_a_list_of_uris_stay_empty(fresh, write):
    load(fresh, write("uris.txt", f"spotify:track:{IDS[1]}\n".encode()))
    assert fresh.execute("select track_id, name from tracks").fetchall() == [(IDS[1], None)]


@pytest.fixture
def model(fresh):
    """A model in which all tracks are alike."""
    ids = [*IDS[:4], "a - b, c"]
    publish_songs(fresh, {one: ([1, number / 9], [1, 0]) for number, one in enumerate(ids)})
    for one in ids:
        add_track(fresh, one)
    return fresh


def run(*arguments: str) -> subprocess.CompletedProcess:
    command = [sys.executable, "-m", "loaders", "export", *arguments]
    return subprocess.run(command, capture_output=True, check=False)


@pytest.mark.long
def test_a_reader_exports_a_radio_and_stores_nothing(model, server, monkeypatch):
    model.execute("create role export_login login in role muse_reader")
    monkeypatch.setenv("PGUSER", "export_login")
    try:
        done = run("playlist", "--seeds", f"{IDS[0]},{IDS[1]}", "--seeds", "a - b, c", "-n", "2",
                   "--per-artist", "2", "--format", "csv")  # fmt: skip
        rows = list(csv.DictReader(io.StringIO(done.stdout.decode())))
        assert {row["track_uri"] for row in rows} == {f"spotify:track:{one}" for one in IDS[2:4]}
        assert rows[0]["playlist"].endswith(" and 2 more")
        missing = run("playlist", "--seeds", "nobody")
        assert (missing.returncode, missing.stdout) == (1, b"")
        assert b"look up ids with find_songs" in missing.stderr
        assert run("radio_samples").returncode == 1
    finally:
        monkeypatch.delenv("PGUSER")
        model.execute("drop role export_login")
    assert model.execute("select count(*) from samples").fetchone() == (0,)


@pytest.mark.long
def test_wrong_usage_is_2(model, tmp_path):
    assert run("playlist").returncode == 2
    assert run("playlist", "list", "--seeds", IDS[0]).returncode == 2
    assert run("playlist", "--seeds", IDS[0], "--out", str(tmp_path)).returncode == 2
    assert run("playlist", "--seeds", IDS[0], "--out", "mix.doc").returncode == 1


def test_stored_radios_are_one_file_or_one_of_each(model, tmp_path):
    model.execute("select save_radio(array[%s], 2), save_radio(array[%s], 3)", (IDS[0], IDS[1]))
    radios = export.samples(model)
    assert [len(one.tracks) for one in radios] == [2, 3]
    for format in ("jspf", "csv"):
        path = str(tmp_path / f"all.{format}")
        export.write(radios, format, path)
        assert load(model, path).written == 2
    with pytest.raises(Problem, match="m3u holds one playlist"):
        export.write(radios, "m3u", "-")
    (tmp_path / "folder").mkdir()
    export.write(radios, "xspf", str(tmp_path / "folder"))
    files = sorted((tmp_path / "folder").iterdir())
    assert [load(model, str(file)).written for file in files] == [1, 1]
    (sample,) = model.execute("select min(sample_id) from samples").fetchone()
    assert [one.key for one in export.samples(model, sample)] == [f"radio-{sample}"]
    with pytest.raises(Problem, match="no stored radio 999"):
        export.samples(model, 999)


def test_a_playlist_with_an_address_keeps_it(fresh, tmp_path):
    address = "https://example.org/playlist/1?a=1&b=2"
    load_entries(fresh, "somewhere", [Playlist(address, "Mix", HOSTILE, "ann")])
    for format in ("jspf", "xspf"):
        path = str(tmp_path / f"copy.{format}")
        export.write([export.stored(fresh, address)], format, path)
        result = load(fresh, path)
        assert (result.written, result.unchanged) == (0, 1)
    document = json.loads((tmp_path / "copy.jspf").read_text())
    assert document["playlist"]["creator"] == "ann"
