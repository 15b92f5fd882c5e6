"""Playlist files: every shape that is known, and what strangers put into them."""

import bz2
import gzip
import io
import json
import random
import zipfile
from datetime import UTC, datetime

import pytest

from loaders.playlist_files import BadEntry, BadFile, Playlist, read
from loaders.playlist_files.model import known_id, named_id
from loaders.playlist_files.reading import FORMATS, detect
from loaders.playlist_files.samples import billboard, setlists, turned
from loaders.server import HOME

ID = "0UaMYEvWZi0ZqiDOoHU3YI"
RECORDING = "https://musicbrainz.org/recording/8f3471b5-7e6a-48da-86a9-c1c07a0f47ae"
MPD = {
    "info": {"slice": "0-999"},
    "playlists": [
        {"name": "Throwbacks", "collaborative": "false", "pid": 7, "modified_at": 1493424000,
         "tracks": [
             {"pos": 1, "track_uri": "spotify:track:2" + ID[1:], "track_name": "B", "artist_name": "X"},
             {"pos": 0, "artist_name": "Missy Elliott", "track_uri": f"spotify:track:{ID}",
              "artist_uri": "spotify:artist:2wI", "track_name": "Lose Control", "duration_ms": 226863,
              "album_uri": "spotify:album:6vV", "album_name": "The Cookbook"}]}],
}  # fmt: skip
JSPF = {
    "playlist": {
        "title": "Rainy", "creator": "ann", "identifier": "https://example.org/playlist/1",
        "date": "2026-01-02T03:04:05+00:00",
        "track": [
            {"title": "One", "creator": "U2", "identifier": [RECORDING], "duration": 1000,
             "location": ["file:///home/ann/one.mp3"]},
            {"title": "Two", "creator": "U2", "identifier": "file:///two.mp3"}]},
}  # fmt: skip
XSPF = f"""<?xml version="1.0" encoding="UTF-8"?>
<playlist version="1" xmlns="http://xspf.org/ns/0/"><title>Rainy</title><creator>ann</creator>
<trackList><track><title>One &amp; only</title><creator>U2</creator><album>A</album>
<duration>1000</duration><identifier>{RECORDING}</identifier><location>file:///one.mp3</location>
</track><track><location>file:///nameless.mp3</location></track></trackList></playlist>"""
M3U = """#EXTM3U
#PLAYLIST:Rainy
#EXTINF:226,U2 - One
/home/ann/music/one.mp3
C:\\music\\03 - Queen - Innuendo.mp3
/home/ann/music/nameless.mp3
"""
CSV = f"Playlist Name,Position,Track URI,Track Name,Artist Name(s)\nmix,2,{ID},One,U2\nmix,1,,Two,U2\n"


def all_of(content: bytes | str, name: str = "file", format: str | None = None, tmp=None):
    """Playlists and bad entries of a file with this content."""
    raw = content.encode() if isinstance(content, str) else content
    entries = FORMATS[format or detect(raw) or "m3u"](raw, name)
    found = list(entries)
    good = [entry for entry in found if isinstance(entry, Playlist)]
    return good, [entry for entry in found if isinstance(entry, BadEntry)]


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


@pytest.mark.parametrize(
    ("header", "row", "expected"),
    [
        ("playlist_id,track_id", "7,12493", "12493"),
        ("playlist,track", "7,12493", "12493"),
        ("playlist,track", "7,Say My Name", "say my name"),
        ("playlist,track,artist", "7,Creep,Radiohead", "radiohead - creep"),
        ("playlist,track", f"7,{ID}", ID),
        ("pid,track_uri", f"7,spotify:track:{ID}", ID),
        ("playlist,url", f"7,https://open.spotify.com/track/{ID}?si=x", ID),
        ("playlist,recording", f"7,{RECORDING}", RECORDING),
        ("playlist,track_id,name,artist", "7,/music/a.mp3,Creep,Radiohead", "radiohead - creep"),
    ],
)
def test_what_a_track_is_in_a_table(header, row, expected):
    (playlist,), _ = all_of(f"{header}\n{row}\n")
    assert playlist.tracks[0].track_id == expected


def test_rows_of_a_playlist_need_not_stand_together():
    good, bad = all_of("playlist,track\na,1\nb,2\na,3\n,4\nc,\n\n")
    assert {p.title: [t.track_id for t in p.tracks] for p in good} == {"a": ["1", "3"], "b": ["2"]}
    assert [entry.place for entry in bad] == ["line 5", "line 6"]


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        (["file:///a.mp3", RECORDING], RECORDING),
        ([RECORDING, f"spotify:track:{ID}"], ID),
        (["https://example.org/a.mp3?x=1"], None),
        (["/home/ann/a.mp3"], None),
        (["spotify:local:a:b:c:1"], None),
        ([None, ""], None),
    ],
)
def test_a_track_is_its_address_but_never_a_path(addresses, expected):
    assert known_id(tuple(addresses)) == expected


def test_spellings_of_a_name_are_one():
    spellings = [("Destiny's Child", "Say My Name"), ("DESTINY’S  CHILD", "say my name!"),
                 ("Destinys Child", " Say  My Name ")]  # fmt: skip
    assert {named_id(*spelling) for spelling in spellings} == {"destinys child - say my name"}
    assert named_id("Beyoncé", "Déjà Vu") == "beyonce - deja vu"
    assert named_id("Simon & Garfunkel", "America") == "simon and garfunkel - america"


def packed(content: bytes, how: str) -> bytes:
    if how == "zip":
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner/rainy.m3u", content)
            archive.writestr("empty.json", b"")
        return memory.getvalue()
    return {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress}[how](content)


@pytest.mark.parametrize("how", ["plain", "gz", "bz2", "zip"])
def test_packing_is_told_by_content(tmp_path, how):
    path = tmp_path / "whatever.bin"
    path.write_bytes(packed(M3U.encode(), how))
    members = read(str(path))
    name, entries = next(members)
    assert isinstance(next(e for e in entries if isinstance(e, Playlist)), Playlist)
    assert name == ("rainy.m3u" if how == "zip" else "whatever.bin")
    if how == "zip":
        with pytest.raises(BadFile, match="whatever.bin/empty.json: it is empty"):
            list(next(members)[1])


@pytest.mark.parametrize(
    ("content", "format", "message"),
    [
        (json.dumps(MPD)[:-40], None, r"truncated.*byte [\d,]+"),
        (json.dumps(MPD).replace('"info"', "info", 1), None, r"byte 1\)|byte"),
        (b'{"playlists": {}}', None, "no Million Playlist slice"),
        (b'{"entities": {"Q146": {}}}', None, "no known playlist format"),
        (b'{"playlist": 7}', None, 'no JSPF: it has no object "playlist"'),
        (XSPF[:-30], None, r"line \d+: "),
        ("<rss><channel/></rss>", None, "its root is 'rss'"),
        ('<!DOCTYPE x [<!ENTITY a "b">]><playlist>&a;</playlist>', None, "declares a DOCTYPE"),
        ("<playlist>" * 500, None, "nested too deeply"),
        ("a,b\n1,2\n", "table", "line 1: no header"),
        (b"\x1f\x8b\x08\x00", None, "cannot be unpacked"),
        (b"BZh9xxxx", None, "cannot be unpacked"),
        (b"PK\x03\x04xxxx", None, "not a zip file"),
        (b"\x7fELF\x02\x01", None, "no known playlist format"),
        (b" \n", None, "it is empty"),
        ("[" * 100_000, "jspf", "nested too deeply|Invalid|truncated"),
        ("x", "doc", "no format 'doc'"),
    ],
)
def test_a_bad_file_is_one_line_with_its_place(tmp_path, content, format, message):
    path = tmp_path / "bad.file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadFile, match=message) as caught:
        for _, entries in read(str(path), format):
            list(entries)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"track_uri": 7}, "playlist 1, track 1"),
        ({"track_uri": None, "track_name": None}, "playlist 1, track 2"),
        ({"track_uri": None, "track_name": "a\0b"}, "playlist 1, track 2"),
        ({"track_uri": "spotify:track:1" + ID[1:], "track_name": "x" * 10_000_000}, "playlist 1, track 2"),
    ],
)  # fmt: skip
def test_one_bad_track_costs_one_track(change, place):
    told = json.loads(json.dumps(MPD))
    told["playlists"][0]["tracks"][0] |= change
    (playlist,), (bad,) = all_of(json.dumps(told))
    assert [track.name for track in playlist.tracks] == ["Lose Control"]
    assert bad.place == place
    assert len(bad.start) <= 200
    assert "\0" not in bad.start


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"tracks": []}, "no tracks"),
        ({"tracks": 7}, "Expected `array`"),
        ({"name": "x" * 10_000_000}, "10,000,000 characters"),
        ({"pid": {}}, "Expected"),
    ],
)
def test_one_bad_playlist_costs_one_playlist(change, reason):
    told = json.loads(json.dumps(MPD))
    told["playlists"] += [told["playlists"][0] | {"pid": 8}, told["playlists"][0] | {"pid": 8}]
    told["playlists"][0] |= change
    good, bad = all_of(json.dumps(told))
    assert len(good) == 1
    assert reason in bad[0].reason
    assert bad[1].reason == "this pid stands in the file before"


def test_bad_utf_8_costs_one_track():
    content = json.dumps(MPD).encode().replace(b"Lose Control", b"Lose \xff\xfe")
    (playlist,), (bad,) = all_of(content)
    assert (len(playlist.tracks), bad.place) == (1, "playlist 1, track 2")


@pytest.mark.parametrize("modified_at", [-1, 0, 1e300, None])
def test_a_time_that_nobody_meant_is_none(modified_at):
    told = json.loads(json.dumps(MPD))
    told["playlists"][0]["modified_at"] = modified_at
    (playlist,), _ = all_of(json.dumps(told))
    assert playlist.modified_at is None


def test_a_long_playlist_is_kept_whole():
    told = json.loads(json.dumps(MPD))
    told["playlists"][0]["tracks"] = told["playlists"][0]["tracks"][:1] * 5000
    (playlist,), _ = all_of(json.dumps(told))
    assert len(playlist.tracks) == 5000


@pytest.mark.parametrize(
    "content", [json.dumps(MPD), json.dumps(JSPF), XSPF, M3U, CSV], ids=list(FORMATS)
)
def test_flipped_and_missing_bytes_never_surprise(tmp_path, content):
    """Whatever the bytes, only BadEntry and BadFile come out."""
    dice, path = random.Random(0), tmp_path / "file"
    for how in ("plain", "gz", "zip"):
        whole = packed(content.encode(), how)
        for _ in range(150):
            raw = bytearray(
                whole[: dice.randrange(len(whole)) + 1 if dice.random() < 0.5 else None]
            )
            for _ in range(dice.randrange(4)):
                raw[dice.randrange(len(raw))] = dice.randrange(256)
            path.write_bytes(raw)
            try:
                for _, entries in read(str(path)):
                    list(entries)
            except BadFile:
                pass


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.playlist_files.reading.LARGEST", 1 << 20)
    for how in ("gz", "bz2", "zip"):
        (tmp_path / how).write_bytes(packed(b"#EXTM3U\n" * (1 << 18), how))
        members = read(str(tmp_path / how))
        with pytest.raises(BadFile, match="more than 1 MB unpacked"):
            list(next(members)[1])


def test_samples_have_names_the_right_way_round():
    folder = HOME / "samples"
    if not (folder / "datar").is_dir():
        pytest.skip("the sample packages are not installed: ./pgmuse setup")
    charts = list(billboard(folder))
    assert len(charts) == 97
    artists = {track.artist for chart in charts for track in chart.tracks}
    assert {
        "Whitney Houston",
        "The Backstreet Boys",
        'Missy "Misdemeanor" Elliott',
        "Creed",
    } <= artists
    assert not [artist for artist in artists if "," in artist]
    assert len(list(setlists(folder))) == 92


def test_lists_of_names_stay():
    assert turned("Houston, Whitney") == "Whitney Houston"
    assert turned("Earth, Wind & Fire") == "Earth, Wind & Fire"
