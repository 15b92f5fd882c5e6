"""JSPF: XSPF in JSON (https://www.xspf.org/jspf), as MusicBrainz and ListenBrainz write it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.addresses import services_only
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
    track,
)
from loaders.songs.formats.xspf import key_of, time_of


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, or of each object in a list of them, which an object may hold."""
    document: Any = decode_json(msgspec.json.decode, content, "JSPF")
    while isinstance(document, dict) and "playlist" not in document:  # a page of ListenBrainz' API
        document = document.get("playlists") or document.get("payload")
    files = document if isinstance(document, list) else [document]
    if not any(isinstance(file, dict) and isinstance(file.get("playlist"), dict) for file in files):
        raise BadPlaylistFile('no JSPF: it has no object "playlist"')
    keys: set[str] = set()
    for number, file in enumerate(files, start=1):
        place = f"playlist {number}"
        bad: list[BadEntry] = []
        try:
            listed = _object(_object(file, "the file").get("playlist"), "playlist")
            if isinstance(listed.get("playlist"), dict):
                listed = listed["playlist"]
            parsed = _playlist(listed, place, name, bad)
            if parsed.key in keys:
                raise UnusablePlaylistEntry("an earlier playlist has this identifier or title")
        except UnusablePlaylistEntry as error:
            yield from bad
            yield bad_entry(place, error, file)
            continue
        keys.add(parsed.key)
        yield from bad
        yield parsed


def _playlist(listed: dict[str, Any], place: str, name: str, bad: list[BadEntry]) -> Playlist:
    tracks: list[Track] = []
    entries = listed.get("track")
    for number, entry in enumerate(entries if isinstance(entries, list) else [], start=1):
        try:
            tracks.append(_track(_object(entry, "a track")))
        except UnusablePlaylistEntry as error:
            bad.append(bad_entry(f"{place}, track {number}", error, entry))
    title, owner = _text(listed, "title"), _text(listed, "creator")
    identifier = _texts(listed.get("identifier"))
    key = key_of(identifier[0] if identifier else None, name, title)
    return playlist(key, title, tracks, owner, _time(listed))


def _track(entry: dict[str, Any]) -> Track:
    duration = entry.get("duration")
    return track(
        *_texts(entry.get("identifier")),
        *services_only(_texts(entry.get("location"))),
        name=_text(entry, "title"),
        artist=_text(entry, "creator"),
        album=_text(entry, "album"),
        duration_ms=duration if isinstance(duration, int | float) else None,
    )


def _time(listed: dict[str, Any]) -> datetime | None:
    """The time of the last change, from ListenBrainz' extension; else `date`, the creation."""
    extensions = listed.get("extension")
    for extension in extensions.values() if isinstance(extensions, dict) else []:
        changed = extension.get("last_modified_at") if isinstance(extension, dict) else None
        if isinstance(changed, str) and (time := time_of(changed)):
            return time
    date = listed.get("date")
    return time_of(date) if isinstance(date, str) else None


def _object(value: object, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise UnusablePlaylistEntry(f"{name} is no object")
    return value


def _text(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    if value is not None and not isinstance(value, str):
        raise UnusablePlaylistEntry(f"{name} is no text")
    return value


def _texts(value: object) -> list[str]:
    """The strings of a list, or a single string."""
    values = value if isinstance(value, list) else [value]
    return [text for text in values if isinstance(text, str)]
