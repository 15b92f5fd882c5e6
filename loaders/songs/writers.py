"""Writers of playlists as M3U, JSPF, XSPF, CSV and lists of Spotify URIs.

`load playlists` reads what they write to the same tracks. An id that is no address is written as
`pgmuse:track:` and the quoted id.
"""

import csv
import io
import json
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple
from urllib.parse import quote
from xml.sax.saxutils import escape

from loaders.songs.formats.addresses import OWN
from loaders.songs.formats.model import Playlist, Track, address_id

NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
COLUMNS = [
    "playlist", "position", "track_uri", "track_name", "artist_name", "album_name", "duration_ms",
]  # fmt: skip
URI = "spotify:track:"


class Writer(NamedTuple):
    """A format. endings: of its files, the first is written. is_single: holds one playlist."""

    write: Callable[[Sequence[Playlist]], str]
    endings: tuple[str, ...]
    is_single: bool = False


def address(track_id: str) -> str:
    """The address of a track, from which its id can be read again."""
    for candidate in (URI + track_id, track_id):
        if address_id((candidate,)) == track_id:
            return candidate
    return OWN + quote(track_id, safe="")


def m3u(playlists: Sequence[Playlist]) -> str:
    """A playlist as extended M3U."""
    (playlist,) = playlists
    lines = ["#EXTM3U", f"#PLAYLIST:{_line(playlist.title)}"]
    for track in playlist.tracks:
        names = " - ".join(_line(text) for text in (track.artist, track.name) if text)
        seconds = -1 if track.duration_ms is None else round(track.duration_ms / 1000)
        lines += [f"#EXTINF:{seconds},{names}"] if names else []
        lines.append(address(track.track_id))
    return "\n".join(lines) + "\n"


def jspf(playlists: Sequence[Playlist]) -> str:
    """A playlist as JSPF; several as a list of them."""
    documents = [{"playlist": _fields(playlist)} for playlist in playlists]
    document: Any = documents[0] if len(documents) == 1 else documents
    return json.dumps(document, indent=1, ensure_ascii=False) + "\n"


def xspf(playlists: Sequence[Playlist]) -> str:
    """A playlist as XSPF, without characters that XML cannot hold."""
    (playlist,) = playlists
    fields = _fields(playlist)
    tracks = fields.pop("track")
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        '<playlist version="1" xmlns="http://xspf.org/ns/0/">',
        *_elements(fields),
        "<trackList>",
        *(f"<track>{''.join(_elements(track))}</track>" for track in tracks),
        "</trackList>",
        "</playlist>",
    ]
    return "\n".join(lines) + "\n"


def table(playlists: Sequence[Playlist]) -> str:
    """The places of playlists as CSV."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for playlist in playlists:
        for place, track in enumerate(playlist.tracks, start=1):
            names = track.name, track.artist, track.album, track.duration_ms
            rows.writerow([playlist.title, place, address(track.track_id), *names])
    return out.getvalue()


def spotify_uris(playlists: Sequence[Playlist]) -> str:
    """A Spotify URI per line, without the tracks that have none."""
    addresses = [address(track.track_id) for one in playlists for track in one.tracks]
    return "".join(f"{uri}\n" for uri in addresses if uri.startswith(URI))


WRITERS = {
    "m3u": Writer(m3u, (".m3u8", ".m3u"), is_single=True),
    "jspf": Writer(jspf, (".jspf",)),
    "xspf": Writer(xspf, (".xspf",), is_single=True),
    "csv": Writer(table, (".csv",)),
    "spotify-uris": Writer(spotify_uris, (".txt",)),
}
FORMATS = {ending: name for name, writer in WRITERS.items() for ending in writer.endings}


def _fields(playlist: Playlist) -> dict[str, Any]:
    """The fields that JSPF and XSPF share."""
    fields = {
        "title": playlist.title,
        "creator": playlist.owner,
        "identifier": playlist.key if "://" in playlist.key else None,
        "date": playlist.modified_at and playlist.modified_at.isoformat(),
        "track": [_track_fields(track) for track in playlist.tracks],
    }
    return {name: value for name, value in fields.items() if value is not None}


def _track_fields(track: Track) -> dict[str, Any]:
    fields = {
        "identifier": [address(track.track_id)],
        "title": track.name,
        "creator": track.artist,
        "album": track.album,
        "duration": track.duration_ms,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _elements(fields: dict[str, Any]) -> list[str]:
    texts = {name: value[0] if isinstance(value, list) else value for name, value in fields.items()}
    return [
        f"<{name}>{escape(NOT_XML.sub('', str(text)))}</{name}>" for name, text in texts.items()
    ]


def _line(text: str) -> str:
    """The text on one line, for M3U."""
    return " ".join(text.split())
