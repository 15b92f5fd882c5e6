"""Playlist files: every shape that is known, and what strangers put into them."""

import bz2
import gzip
import io
import json
import random
import zipfile
from datetime import UTC, datetime

import pytest

from loaders.core.config import HOME
from loaders.songs.formats import BadEntry, BadFile, Playlist, read
from loaders.songs.formats.model import known_id, named_id
from loaders.songs.formats.reading import FORMATS, detect
from loaders.songs.samples import billboard, setlists, turned

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
        ("playlist,track_id,name,artist", "7,a.mp3,Creep,Radiohead", "radiohead - creep"),
        ("playlist,track_id,name,artist", "7,spotify:local:a:b:c:9,Creep,X", "x - creep"),
        ("playlist,track", "7,/music/U2 - One.mp3", "u2 - one"),
        ("playlist,track", "7,file:///music/02 U2 - One.flac", "u2 - one"),
    ],
)
def test_what_a_track_is_in_a_table(header, row, expected):
    (playlist,), _ = all_of(f"{header}\n{row}\n")
    assert playlist.tracks[0].track_id == expected


def test_rows_of_a_playlist_need_not_stand_together():
    good, bad = all_of("playlist,track\na,1\nb,2\na,3\n,4\nc,\n\n")
    assert {p.title: [t.track_id for t in p.tracks] for p in good} == {"a": ["1", "3"], "b": ["2"]}
    assert [entry.place for entry in bad] == ["line 5", "line 6"]


def test_the_positions_of_a_table_order_it_and_a_missing_one_follows_the_row_before():
    (playlist,), _ = all_of("playlist,track,pos\na,1,2\na,2,\na,3,3\na,4,1\na,5,2\na,6,nan\n")
    assert [track.track_id for track in playlist.tracks] == ["4", "1", "2", "5", "6", "3"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('playlist,track\na,1\na,"2\nb,3\nb,4\n', "line 3: a quote is opened"),
        ('playlist,track\na,1\na,"2', "line 3: a quote is opened"),
    ],
)
def test_a_quote_that_never_closes_swallows_nothing_silently(content, message):
    with pytest.raises(BadFile, match=message):
        all_of(content)


def test_a_long_text_in_a_table_costs_its_row():
    (playlist,), (bad,) = all_of(f"playlist,track,name\na,1,{'x' * 10_000_000}\na,2,ok\n")
    assert ([track.name for track in playlist.tracks], bad.place) == (["ok"], "line 2")


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("playlist,artist,name\na,Beyoncé,Déjà Vu\na,Sigur Rós,\udcff\n", "line 3"),
        ("#EXTM3U\n#EXTINF:1,Beyoncé - Déjà Vu\n1.mp3\n#EXTINF:1,X - \udcff\n2.mp3\n", "line 5"),
    ],
)
def test_a_bad_byte_costs_its_line_and_leaves_the_names_beside_it(content, place):
    (playlist,), (bad,) = all_of(content.encode(errors="surrogateescape"))
    assert [track.name for track in playlist.tracks] == ["Déjà Vu"]
    assert bad.place == place


def test_what_ends_a_line_in_a_title_ends_no_line_of_a_file():
    (playlist,), bad = all_of("#EXTM3U\r#EXTINF:1,A - B\u2028C\r1.mp3\r")
    assert ([track.track_id for track in playlist.tracks], bad) == (["a - b c"], [])


@pytest.mark.parametrize("path", ["file:///x/nameless.mp3", "http://host/nameless.mp3"])
def test_a_path_alone_names_no_track(path):
    (playlist,), (bad,) = all_of(f"#PLAYLIST:x\n{path}\nhttp://host/U2%20-%20One.mp3\n")
    assert ([track.track_id for track in playlist.tracks], bad.place) == (["u2 - one"], "line 2")


@pytest.mark.parametrize(
    ("addresses", "expected"),
    [
        ([f"spotify:track:{ID}x"], None),
        (["http://musicbrainz.org/recording/8F3471B5-7e6a-48da-86a9-c1c07a0f47ae/"], RECORDING),
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


@pytest.mark.parametrize(
    ("one", "other"),
    [("ガラ", "カラ"), ("हिन्दी", "हिन्दू"), ("???", "!!!"), ("÷", "=")],
)
def test_names_that_differ_stay_apart_in_every_script(one, other):
    assert named_id("", one) != named_id("", other)
    assert named_id(one, "x") != named_id(other, "x")
    assert named_id("", one) == one


def test_a_track_of_a_long_name_is_left_out_and_not_taken_for_another():
    with pytest.raises(ValueError, match="300 are kept"):
        named_id("orchestra " * 40, "First movement")


def test_a_spotify_address_identifies_also_where_a_track_is_said_to_lie():
    address = f"https://open.spotify.com/track/{ID}?si=1"
    (playlist,), _ = all_of(XSPF.replace("file:///nameless.mp3", address))
    assert playlist.tracks[1].track_id == ID
    told = {"playlist": {"track": [{"title": "x", "location": ["file:///x.mp3", address]}]}}
    (playlist,), _ = all_of(json.dumps(told))
    assert playlist.tracks[0].track_id == ID


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
    file = next(members)
    name = file.name
    assert isinstance(next(e for e in file.entries if isinstance(e, Playlist)), Playlist)
    assert name == ("rainy.m3u" if how == "zip" else "whatever.bin")
    if how == "zip":
        with pytest.raises(BadFile, match="whatever.bin/empty.json: it is empty"):
            list(next(members).entries)


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
        for file in read(str(path), format):
            list(file.entries)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"track_uri": 7}, "playlist 1, track 1"),
        ({"track_uri": None, "track_name": None}, "playlist 1, track 1"),
        ({"track_uri": None, "track_name": "a\0b"}, "playlist 1, track 1"),
        ({"track_uri": "spotify:track:1" + ID[1:], "track_name": "x" * 10_000_000}, "playlist 1, track 1"),
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


def test_tracks_whose_address_says_nothing_are_not_one():
    told = {"playlists": [{"pid": 1, "tracks": [
        {"track_uri": "local", "track_name": "One"}, {"track_uri": "local", "track_name": "Two"}]}]}  # fmt: skip
    (playlist,), _ = all_of(json.dumps(told))
    assert [track.track_id for track in playlist.tracks] == ["one", "two"]


@pytest.mark.parametrize(
    "told",
    [
        {"playlists": [{"pid": 1, "tracks": [{"track_uri": None}, {"track_uri": 7}]}]},
        {"playlist": {"title": "x", "track": [{"location": "file:///a"}, 7]}},
    ],
)
def test_where_every_track_is_bad_each_says_why(told):
    _, bad = all_of(json.dumps(told))
    assert sorted(entry.place for entry in bad) == [
        "playlist 1",
        "playlist 1, track 1",
        "playlist 1, track 2",
    ]


def test_the_same_identifier_twice_in_a_jspf_is_kept_once():
    (playlist,), (bad,) = all_of(json.dumps([JSPF, JSPF]))
    assert (playlist.title, bad.place) == ("Rainy", "playlist 2")


@pytest.mark.parametrize("kind", [MPD, JSPF], ids=["mpd", "jspf"])
def test_half_a_character_costs_one_track_and_a_whole_one_none(kind):
    content = json.dumps(kind).replace("Lose Control", "\\ud83d").replace('"One"', '"\\ud83d"')
    (playlist,), (bad,) = all_of(content)
    assert (len(playlist.tracks), bad.reason) == (1, "a NUL or half a character in a text")
    content = (
        json.dumps(kind).replace("Lose Control", "\\ud83d\\ude00").replace('"One"', r'"\\ud83d"')
    )
    (playlist,), bad = all_of(content)
    assert (len(playlist.tracks), bad) == (2, [])


def test_a_byte_order_mark_is_no_fault():
    for told in (MPD, JSPF):
        (_,), bad = all_of(b"\xef\xbb\xbf" + json.dumps(told).encode())
        assert bad == []


def test_a_number_that_nobody_can_hold_is_a_bad_file_or_entry():
    with pytest.raises(BadFile, match="no JSPF: Number out of range"):
        all_of(json.dumps(JSPF).replace("226863", "1e999").replace("1000", "1e999"))


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
                for file in read(str(path)):
                    list(file.entries)
            except BadFile:
                pass


def archive_of(path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def keys_of(path: str) -> list[tuple[str, str]]:
    return [(f.path, e.key) for f in read(path) for e in f.entries if isinstance(e, Playlist)]


def test_files_of_one_name_in_an_archive_stay_apart(tmp_path):
    alike = {"x/a.m3u": M3U.encode(), "y/a.m3u": M3U.encode(), "z/b.m3u": M3U.encode()}
    path = archive_of(tmp_path / "a.zip", alike | {"__MACOSX/z/._b.m3u": b"\0\5\x16\7"})
    assert keys_of(path) == [
        (f"{path}/x/a.m3u", "a.m3u#Rainy"),
        (f"{path}/y/a.m3u", "a.m3u#Rainy"),
        (f"{path}/z/b.m3u", "b.m3u#Rainy"),
    ]


def test_an_archive_may_be_larger_than_a_file_may_be(tmp_path, monkeypatch):
    members = {f"{n}.m3u": M3U.encode() for n in range(9)}
    path = archive_of(tmp_path / "a.zip", members, zipfile.ZIP_STORED)
    monkeypatch.setattr("loaders.songs.formats.reading.LARGEST", 2 * len(M3U))
    assert len(keys_of(path)) == 9


def test_a_broken_member_of_any_compression_is_a_bad_file(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"a\nb.m3u": M3U.encode() * 9}, zipfile.ZIP_LZMA)
    raw = bytearray((tmp_path / "a.zip").read_bytes())
    raw[60:80] = bytes(20)
    (tmp_path / "a.zip").write_bytes(raw)
    with pytest.raises(BadFile, match=r"a\.zip/a\\x0ab\.m3u: cannot be unpacked") as caught:
        keys_of(path)
    assert "\n" not in str(caught.value)


def test_a_nameless_member_is_no_surprise(tmp_path):
    path = archive_of(tmp_path / "a.zip", {"n": M3U.encode()})
    raw = (tmp_path / "a.zip").read_bytes().replace(b"n#EXTM3U", b"\0#EXTM3U")
    (tmp_path / "a.zip").write_bytes(raw.replace(b"nPK\5\6", b"\0PK\5\6"))
    with pytest.raises(BadFile):
        keys_of(path)


def test_a_bomb_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("loaders.songs.formats.reading.LARGEST", 1 << 20)
    for how in ("gz", "bz2", "zip"):
        (tmp_path / how).write_bytes(packed(b"#EXTM3U\n" * (1 << 18), how))
        members = read(str(tmp_path / how))
        with pytest.raises(BadFile, match="more than 1 MB unpacked"):
            list(next(members).entries)


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
