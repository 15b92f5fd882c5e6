"""Characters that XML and JSON cannot hold, and libraries of iTunes."""

import plistlib

import pytest

from loaders.songs.formats import BadPlaylistFile
from loaders.songs.formats.model import named_id
from loaders.songs.formats.reading import FORMATS
from tests.factories.playlists import all_of

pytestmark = pytest.mark.unit


@pytest.mark.parametrize("odd", ["&#56553;", "&#xD83D;", "&#0;", "&#11;", "\x0b", "\udcff"])
def test_an_impossible_character_in_xml_costs_its_entry(odd):
    tracks = "".join(f"<track><title>{t}</title><creator>é</creator></track>" for t in (odd, "B"))
    content = f"<playlist><title>x</title><trackList>{tracks}</trackList></playlist>"
    (playlist,), (bad,) = all_of(content.encode(errors="surrogateescape"))
    assert ([track.name for track in playlist.tracks], bad.place) == (["B"], "track 1")


@pytest.mark.parametrize("encoding", ["ISO-8859-1", "windows-1252", "UTF-16", "Shift_JIS"])
@pytest.mark.parametrize("odd", ["&#xD800;", "&#0;", "\x0b"])
def test_in_another_encoding_an_impossible_character_costs_its_entry_too(encoding, odd):
    title = "カ" if encoding == "Shift_JIS" else "£5"
    tracks = f"<track><title>{odd}</title></track><track><title>{title}</title></track>"
    content = f'<?xml version="1.0" encoding="{encoding}"?><playlist><trackList>{tracks}'
    (playlist,), (bad,) = all_of((content + "</trackList></playlist>").encode(encoding))
    assert ([track.name for track in playlist.tracks], bad.place) == ([title], "track 1")


@pytest.mark.parametrize("encoding", ["UTF-8", "ISO-8859-1", "UTF-16"])
def test_an_unescaped_ampersand_in_xml_is_itself(encoding):
    titles = ("A & B", "R&B; C", "&eacute;t&eacute;", "1&amp;2", "<![CDATA[3&4]]>", "5&nothing;")
    tracks = "".join(f"<track><title>{title}</title></track>" for title in titles)
    content = f'<?xml version="1.0" encoding="{encoding}"?><playlist><trackList>{tracks}'
    (playlist,), _ = all_of((content + "</trackList></playlist>").encode(encoding))
    assert [track.name for track in playlist.tracks] == [
        "A & B", "R&B; C", "été", "1&2", "3&4", "5&nothing;"]  # fmt: skip


def test_xml_that_says_utf_16_and_is_utf_8():
    content = '<?xml version="1.0" encoding="utf-16"?><playlist><trackList><track><title>é</title>'
    (playlist,), _ = all_of((content + "</track></trackList></playlist>").encode())
    assert [track.name for track in playlist.tracks] == ["é"]


def test_a_pair_of_surrogates_in_xml_is_its_character():
    title = "<title>&#55357;&#56832;&#1;</title><title>&#55357;&#56832;</title>"
    content = f"<playlist><trackList><track>{title[23 + 12 :]}</track></trackList></playlist>"
    content = content.replace("</track>", "</track><track><title>&#1;</title></track>")
    (playlist,), bad = all_of(content)
    assert ([track.name for track in playlist.tracks], len(bad)) == (["\U0001f600"], 1)


@pytest.mark.parametrize("odd", [b"\\ud83d", b"\xed\xa0\xbd", b"\xff"])
def test_an_impossible_character_in_jspf_costs_its_entry(odd):
    content = b'{"playlist":{"title":"x","track":[{"title":"%s"},{"title":"B"}]}}' % odd
    (playlist,), (bad,) = all_of(content)
    assert ([track.name for track in playlist.tracks], bad.place) == (["B"], "playlist 1, track 1")


@pytest.mark.parametrize(
    "content",
    [
        '{"playlists":[{"playlist":{"title":"x","track":[{"title":"B"}]}}]}',
        '{"payload":{"playlists":[{"playlist":{"title":"x","track":[{"title":"B"}]}}]}}',
        '{"playlist":{"playlist":{"title":"x","track":[{"title":"B"}]}}}',
    ],
)
def test_nested_playlists_of_listenbrainz(content):
    (playlist,), bad = all_of(content)
    assert (playlist.title, playlist.tracks[0].track_id, bad) == ("x", "b", [])


def test_seconds_and_addresses_of_soundiiz():
    (playlist,), _ = all_of(
        "<playlist><trackList><track><title>A</title><creator>B</creator><duration>187</duration>"
        "<url>https://youtu.be/dQw4-9Wg_cQ</url></track></trackList></playlist>"
    )
    assert playlist.tracks[0].track_id == "https://www.youtube.com/watch?v=dQw4-9Wg_cQ"
    assert playlist.tracks[0].duration_ms == 187_000


LIBRARY = {
    "Tracks": {
        "1": {"Track ID": 1, "Name": "One", "Artist": "U2", "Total Time": 276_000},
        "2": {"Track ID": 2, "Name": "A talk", "Podcast": True},
        "3": {"Track ID": 3, "Artist": "no title"},
    },
    "Playlists": [
        {"Name": "Library", "Master": True, "Playlist Items": [{"Track ID": 1}]},
        {"Name": "Mine", "Playlist Items": [{"Track ID": 1}, {"Track ID": 2}, {"Track ID": 1}]},
        {"Name": "Mine", "Playlist Items": [{"Track ID": 1}]},
        {"Name": "Empty"},
    ],
}


def test_a_library_of_itunes():
    good, bad = all_of(plistlib.dumps(LIBRARY), "Library.xml")
    assert [(one.key, len(one.tracks)) for one in good] == [
        ("Library.xml#Mine", 2), ("Library.xml#Mine (2)", 1)]  # fmt: skip
    assert good[0].tracks[0][:3] == ("u2 - one", "One", "U2")
    assert [entry.place for entry in bad] == ["track 3", "playlist 4"]


@pytest.mark.parametrize(
    "content",
    [
        b"<plist><array/></plist>", b"<plist><dict><key>Tracks</key>", b"<plist><integer>x",
        b'<!DOCTYPE plist [<!ENTITY a "b">]><plist><dict><key>&a;</key></dict></plist>',
        b"<plist><dict><string>x</string></dict></plist>",
    ],
)  # fmt: skip
def test_another_property_list_is_a_bad_file(content):
    with pytest.raises(BadPlaylistFile, match="no library of iTunes"):
        list(FORMATS["itunes"](content, "x.xml"))


@pytest.mark.parametrize(
    ("one", "other"),
    [("C", "C++"), ("C", "C#"), ("C+", "C++"), ("1+1", "1-1"), ("100%", "100"), ("I ♥ U", "I U"),
     ("$", "£"), ("98°", "98"), ("=", "÷")],
)  # fmt: skip
def test_symbols_tell_names_apart(one, other):
    assert named_id("x", one) != named_id("x", other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("1+1", "1 + 1"), ("F♯", "F#"), ("Help!", "Help"), ("1−1", "1-1"), ("A | B", "A B"),
     ("Rock & Roll", "Rock and Roll")],
)  # fmt: skip
def test_spellings_of_one_name(one, other):
    assert named_id("x", one) == named_id("x", other)
