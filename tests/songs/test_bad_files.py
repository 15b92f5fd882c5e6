"""Broken playlist files: the error names the place, and only the broken entry is lost."""

import json
import random

import pytest

from loaders.songs.formats import BadPlaylistFile, read
from loaders.songs.formats.reading import FORMATS
from tests.factories.playlists import CSV, ID, JSPF, M3U, MPD, XSPF, all_of, packed

pytestmark = pytest.mark.unit


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('playlist,track\na,1\na,"2\nb,3\nb,4\n', "line 3: a quote is opened"),
        ('playlist,track\na,1\na,"2', "line 3: a quote is opened"),
    ],
)
def test_a_quote_that_never_closes_swallows_nothing_silently(content, message):
    with pytest.raises(BadPlaylistFile, match=message):
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
    ],
)
def test_a_bad_file_is_one_line_with_its_place(tmp_path, content, format, message):
    path = tmp_path / "bad.file"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    with pytest.raises(BadPlaylistFile, match=message) as caught:
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
    document = json.loads(json.dumps(MPD))
    document["playlists"][0]["tracks"][0] |= change
    (playlist,), (bad,) = all_of(json.dumps(document))
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
    document = json.loads(json.dumps(MPD))
    document["playlists"] += [
        document["playlists"][0] | {"pid": 8},
        document["playlists"][0] | {"pid": 8},
    ]
    document["playlists"][0] |= change
    good, bad = all_of(json.dumps(document))
    assert len(good) == 1
    assert reason in bad[0].reason
    assert bad[1].reason == "an earlier playlist has this pid"


@pytest.mark.parametrize(
    "document",
    [
        {"playlists": [{"pid": 1, "tracks": [{"track_uri": None}, {"track_uri": 7}]}]},
        {"playlist": {"title": "x", "track": [{"location": "file:///a"}, 7]}},
    ],
)
def test_where_every_track_is_bad_each_says_why(document):
    _, bad = all_of(json.dumps(document))
    assert sorted(entry.place for entry in bad) == [
        "playlist 1",
        "playlist 1, track 1",
        "playlist 1, track 2",
    ]


@pytest.mark.parametrize("kind", [MPD, JSPF], ids=["mpd", "jspf"])
def test_an_unpaired_surrogate_costs_one_track_and_a_pair_none(kind):
    content = json.dumps(kind).replace("Lose Control", "\\ud83d").replace('"One"', '"\\ud83d"')
    (playlist,), (bad,) = all_of(content)
    assert (len(playlist.tracks), bad.reason) == (1, "a NUL or an unpaired surrogate in a text")
    content = (
        json.dumps(kind).replace("Lose Control", "\\ud83d\\ude00").replace('"One"', r'"\\ud83d"')
    )
    (playlist,), bad = all_of(content)
    assert (len(playlist.tracks), bad) == (2, [])


@pytest.mark.parametrize(
    "content",
    [
        json.dumps(JSPF).replace('"Rainy"', r'"Rai\ud83d"').encode(),
        json.dumps(MPD).replace('"Throwbacks"', r'"Rai\ud83d"').encode(),
        "#EXTM3U\n#PLAYLIST:Rai\udcff\n#EXTINF:1,Beyoncé - Déjà Vu\n1.mp3\n".encode(
            errors="surrogateescape"
        ),
        b"<playlist><title>Rai&#xd83d;</title><trackList><track><title>A</title></track>"
        b"</trackList></playlist>",
    ],
)
def test_an_impossible_character_in_the_title_of_a_playlist_loses_nothing(content):
    (playlist,), bad = all_of(content)
    assert (playlist.title, bad) == ("Rai\ufffd", [])
    assert "\ud83d" not in playlist.key


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("https://example.com/list?token=secret", "https://example.com/list"),
        ("mix https://ann:secret@h.example/p", "mix https://h.example/p"),
    ],
)
def test_titles_and_owners_of_playlists_have_no_secrets(title, shown):
    track = "<trackList><track><title>A</title></track></trackList>"
    for content in (
        f"<playlist><title>{title}</title><creator>http://ann:secret@h/</creator>{track}</playlist>",
        f"#EXTM3U\n#PLAYLIST:{title}\n#EXTINF:1,U2 - One\n1.mp3\n",
        json.dumps(JSPF).replace("Rainy", title).replace('"ann"', '"http://ann:secret@h/"'),
    ):
        (playlist,), _ = all_of(content)
        assert (playlist.title, "secret" in str(playlist)) == (shown, False)


def test_a_number_that_nobody_can_hold_is_a_bad_file_or_entry():
    with pytest.raises(BadPlaylistFile, match="no JSPF: Number out of range"):
        all_of(json.dumps(JSPF).replace("226863", "1e999").replace("1000", "1e999"))


def test_bad_utf_8_costs_one_track():
    content = json.dumps(MPD).encode().replace(b"Lose Control", b"Lose \xff\xfe")
    (playlist,), (bad,) = all_of(content)
    assert (len(playlist.tracks), bad.place) == (1, "playlist 1, track 2")


@pytest.mark.parametrize(
    "content", [json.dumps(MPD), json.dumps(JSPF), XSPF, M3U, CSV], ids=list(FORMATS)[:5]
)
def test_flipped_and_missing_bytes_never_surprise(tmp_path, content):
    """Random bytes give only BadEntry and BadPlaylistFile."""
    dice, path = random.Random(0), tmp_path / "file"
    for how in ("plain", "gz", "zip"):
        intact = packed(content.encode(), how)
        for _ in range(150):
            raw = bytearray(
                intact[: dice.randrange(len(intact)) + 1 if dice.random() < 0.5 else None]
            )
            for _ in range(dice.randrange(4)):
                raw[dice.randrange(len(raw))] = dice.randrange(256)
            path.write_bytes(raw)
            try:
                for file in read(str(path)):
                    list(file.entries)
            except BadPlaylistFile:
                pass
