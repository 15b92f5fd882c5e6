"""Playlist files for tests, one of every format, and what was stored of them."""

import bz2
import gzip
import io
import json
import zipfile

from loaders.songs.formats import BadEntry, Playlist, read
from loaders.songs.formats.model import Track
from loaders.songs.formats.reading import FORMATS, detect
from loaders.songs.load import load_entries

IDS = [f"{i:022d}" for i in range(300)]


def slice_of(*lists: list[str], first: int = 0, title: str = "List {}", **fields: object) -> bytes:
    """A Million Playlist slice with these track ids.

    first: the number of the first playlist. title: of each, with its number.
    """
    playlists = [
        {
            "pid": pid,
            "name": title.format(pid),
            "tracks": [
                {
                    "pos": pos,
                    "track_uri": f"spotify:track:{i}",
                    "track_name": f"T{i}",
                    "artist_name": "A",
                }
                for pos, i in enumerate(ids)
            ],
        }
        | fields
        for pid, ids in enumerate(lists, first)
    ]
    return json.dumps({"playlists": playlists}).encode()


def places(conn):
    """Every place that is stored, and that the counts agree."""
    rows = conn.execute(
        "select title, place, track_id from playlist_tracks "
        "join playlists using (playlist_id) order by title, place"
    ).fetchall()
    counted = conn.execute(
        "select track_id, places from tracks where places > 0 order by 1"
    ).fetchall()
    true = conn.execute(
        "select track_id, count(*) from playlist_tracks group by 1 order by 1"
    ).fetchall()
    assert counted == true
    return [(title, track_id[-1]) for title, _, track_id in rows]


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
    everything = list(entries)
    good = [entry for entry in everything if isinstance(entry, Playlist)]
    return good, [entry for entry in everything if isinstance(entry, BadEntry)]


def packed(content: bytes, how: str) -> bytes:
    if how == "zip":
        memory = io.BytesIO()
        with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("inner/rainy.m3u", content)
            archive.writestr("empty.json", b"")
        return memory.getvalue()
    return {"plain": bytes, "gz": gzip.compress, "bz2": bz2.compress}[how](content)


def archive_of(path, members: dict[str, bytes], how: int = zipfile.ZIP_DEFLATED) -> str:
    with zipfile.ZipFile(path, "w", how) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return str(path)


def keys_of(path: str) -> list[tuple[str, str]]:
    return [(f.path, e.key) for f in read(path) for e in f.entries if isinstance(e, Playlist)]


def fill(conn, playlists: dict[str, list[str]]) -> None:
    """Store playlists of tracks whose artist is the first letter of their id."""
    entries = (
        Playlist(key, key, [Track(track, track.upper(), track[0]) for track in tracks])
        for key, tracks in playlists.items()
    )
    load_entries(conn, "test", entries)
