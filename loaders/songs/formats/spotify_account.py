"""Playlists and liked songs of Spotify's data export: Playlist*.json and YourLibrary.json."""

from collections import Counter
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote_plus

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import (
    LeftOut,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
    track,
)
from loaders.songs.formats.xspf import time_of

LOCAL = "spotify:local:"  # artist, album, title and seconds follow, quoted
LIKED = "Liked songs"


class AccountItem(msgspec.Struct):
    """A place of a playlist. All are null where Spotify no longer has the track."""

    track: dict[str, Any] | None = None
    local: dict[str, Any] | None = msgspec.field(default=None, name="localTrack")
    episode: Any = None
    audiobook: Any = None


class AccountPlaylist(msgspec.Struct):
    """A playlist; its items are decoded one by one."""

    name: str | None = None
    modified: str | None = msgspec.field(default=None, name="lastModifiedDate")
    items: list[msgspec.Raw] | None = None


class Playlists(msgspec.Struct):
    """The file Playlist*.json."""

    playlists: list[msgspec.Raw]


class Library(msgspec.Struct):
    """The file YourLibrary.json; albums, shows, artists and banned tracks are no playlist."""

    tracks: list[msgspec.Raw]


read_playlists = msgspec.json.Decoder(Playlists).decode
read_playlist = msgspec.json.Decoder(AccountPlaylist).decode
read_item = msgspec.json.Decoder(AccountItem).decode
read_library = msgspec.json.Decoder(Library).decode
read_track = msgspec.json.Decoder(dict[str, Any]).decode


def parse_playlists(content: bytes, name: str) -> Iterator[Playlist | BadEntry | LeftOut]:
    """Yield the playlists; the second one of a title has the key `title (2)`."""
    raws = decode_json(read_playlists, content, "playlists of a Spotify account").playlists
    left_out: Counter[str] = Counter()
    titles: Counter[str] = Counter()
    for number, raw in enumerate(raws, start=1):
        place = f"playlist {number}"
        bad: list[BadEntry] = []
        try:
            listed = read_playlist(raw)
            tracks = list(_tracks(listed.items or [], place, bad, left_out))
            title = (listed.name or "").strip() or "untitled"
            titles[title] += 1
            key = title if titles[title] == 1 else f"{title} ({titles[title]})"
            modified = time_of(listed.modified or "")
            yield playlist(f"{name}#{key}", title, tracks, modified_at=modified)
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield bad_entry(place, error, bytes(raw))
        yield from bad
    yield from (LeftOut(label, count) for label, count in left_out.items())


def parse_library(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Yield the liked songs as one playlist."""
    raws = decode_json(read_library, content, "library of a Spotify account").tracks
    tracks: list[Track] = []
    for number, raw in enumerate(raws, start=1):
        try:
            tracks.append(_track(read_track(raw), "uri", "track", "artist", "album"))
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield bad_entry(f"track {number}", error, bytes(raw))
    if tracks:
        yield playlist(f"{name}#{LIKED}", LIKED, tracks)


def _tracks(
    raws: list[msgspec.Raw], place: str, bad: list[BadEntry], left_out: Counter[str]
) -> Iterator[Track]:
    for number, raw in enumerate(raws, start=1):
        try:
            item = read_item(raw)
            if item.track is not None:
                yield _track(item.track, "trackUri", "trackName", "artistName", "albumName")
            elif item.local is not None:
                yield _local_track(item.local)
            elif item.episode or item.audiobook:
                left_out["episodes left out"] += 1
            else:
                left_out["removed tracks left out"] += 1
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            bad.append(bad_entry(f"{place}, track {number}", error, bytes(raw)))


def _track(entry: dict[str, Any], *keys: str) -> Track:
    uri, name, artist, album = (
        value if isinstance(value := entry.get(key), str) else None for key in keys
    )
    return track(uri, name=name, artist=artist, album=album)


def _local_track(entry: dict[str, Any]) -> Track:
    """A track from a file of the user; its names are in the URI."""
    uri = entry.get("uri") or entry.get("trackUri")
    if not isinstance(uri, str) or not uri.startswith(LOCAL):
        return _track(entry, "uri", "trackName", "artistName", "albumName")
    artist, album, name, *_ = [*map(unquote_plus, uri.removeprefix(LOCAL).split(":")), "", "", ""]
    return track(name=name, artist=artist, album=album)
