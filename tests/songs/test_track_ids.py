"""The id of a track: its address, its column in a table, or its artist and name."""

import json

import pytest

from loaders.songs.formats.model import address_id, named_id
from tests.factories.playlists import ID, RECORDING, XSPF, all_of

pytestmark = pytest.mark.unit


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
        ("playlist,Track #,artist,title", "7,1,U2,One", "u2 - one"),
        ("Track,artist,title", "A1,U2,One", "u2 - one"),
        ("Track Id,artist,title", "1,U2,One", "u2 - one"),
        ("playlist,Track Id,title", "p,3,One", "one"),
        ("track_id,artist,title", "3135556,U2,One", "u2 - one"),
        ("track_id,artist,title", "3135556123,U2,One", "3135556123"),
        ("playlist,track", "7,/music/U2 - One.mp3", "u2 - one"),
        ("playlist,track", "7,file:///music/02 U2 - One.flac", "u2 - one"),
    ],
)
def test_what_a_track_is_in_a_table(header, row, expected):
    (playlist,), _ = all_of(f"{header}\n{row}\n")
    assert playlist.tracks[0].track_id == expected


@pytest.mark.parametrize(
    "address",
    [f"spotify:episode:{ID}", f"https://open.spotify.com/user/ann/playlist/{ID}",
     f"spotify:user:ann:playlist:{ID}", f"https://open.spotify.com/intl-de/album/{ID}",
     "https://www.youtube.com/playlist?list=PLx", "https://youtube.com/@ann"],
)  # fmt: skip
def test_what_is_no_track_at_a_service_is_left_out(address):
    header = "playlist,track_uri,title,artist"
    (playlist,), (bad,) = all_of(f"{header}\np,{ID},One,U2\np,{address},Talk,Ann\n")
    assert [track.track_id for track in playlist.tracks] == [ID]
    assert (bad.place, "no track" in bad.reason) == ("line 3", True)


def test_an_impossible_id_of_a_service_leaves_artist_and_title():
    header = "playlist,track_uri,title,artist"
    for address in ("spotify:track:BAD", "https://youtu.be/BAD"):
        (playlist,), (bad,) = all_of(f"{header}\np,{address},One,U2\np,{address},,\n")
        assert [track.track_id for track in playlist.tracks] == ["u2 - one"]
        assert (bad.place, bad.reason) == ("line 3", "neither an id nor a title")


def test_a_number_on_an_album_orders_nothing_and_names_no_artist():
    header = "Playlist name,Track #,Artist,Title,Artist ID"
    (playlist,), bad = all_of(f"{header}\np,2,U2,One,1\np,1,Queen,Innuendo,1\n")
    assert [track[:4] for track in playlist.tracks] == [
        ("u2 - one", "One", "U2", None), ("queen - innuendo", "Innuendo", "Queen", None)]  # fmt: skip
    assert bad == []


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
    assert address_id(tuple(addresses)) == expected


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
    with pytest.raises(ValueError, match="the maximum is 300"):
        named_id("orchestra " * 40, "First movement")


def test_a_spotify_address_identifies_also_where_a_track_is_said_to_lie():
    address = f"https://open.spotify.com/track/{ID}?si=1"
    (playlist,), _ = all_of(XSPF.replace("file:///nameless.mp3", address))
    assert playlist.tracks[1].track_id == ID
    document = {"playlist": {"track": [{"title": "x", "location": ["file:///x.mp3", address]}]}}
    (playlist,), _ = all_of(json.dumps(document))
    assert playlist.tracks[0].track_id == ID


def test_tracks_whose_address_says_nothing_are_not_one():
    document = {"playlists": [{"pid": 1, "tracks": [
        {"track_uri": "local", "track_name": "One"}, {"track_uri": "local", "track_name": "Two"}]}]}  # fmt: skip
    (playlist,), _ = all_of(json.dumps(document))
    assert [track.track_id for track in playlist.tracks] == ["one", "two"]
