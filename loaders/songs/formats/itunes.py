"""The library of iTunes and Apple Music: a property list with tracks and playlists."""

import plistlib
from collections import Counter
from collections.abc import Iterator
from typing import Any
from xml.parsers.expat import ExpatError

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.model import (
    BadPlaylistFile,
    LeftOut,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
    track,
)

# Kinds of lists that the program makes by itself, such as all films.
OWN_LISTS = (
    "Master", "Distinguished Kind", "Folder", "Audiobooks", "Books", "Movies", "Music", "Podcasts",
    "Purchased Music", "TV Shows", "Party Shuffle", "iTunesU",
)  # fmt: skip
NO_MUSIC = ("Podcast", "Movie", "TV Show", "Has Video", "Audiobook")


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry | LeftOut]:
    """Yield the playlists; the lists of the whole library and folders are left out."""
    library = _read(content)
    tracks: dict[int, Track] = {}
    for number, entry in enumerate(_entries(library.get("Tracks")), start=1):
        if any(entry.get(kind) for kind in NO_MUSIC):
            continue
        try:
            tracks[entry.get("Track ID", 0)] = _track(entry)
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"track {number}", error, entry.get("Name"))
    titles: Counter[str] = Counter()
    left_out = 0
    for number, listed in enumerate(_entries(library.get("Playlists")), start=1):
        if any(listed.get(kind) for kind in OWN_LISTS):
            left_out += 1
            continue
        title = _text(listed, "Name") or "untitled"
        titles[title] += 1
        key = title if titles[title] == 1 else f"{title} ({titles[title]})"
        ids = [item.get("Track ID") for item in _entries(listed.get("Playlist Items"))]
        try:
            places = [tracks[one] for one in ids if isinstance(one, int) and one in tracks]
            yield playlist(f"{name}#{key}", title, places)
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"playlist {number}", error, title)
    if left_out:
        yield LeftOut("lists of the whole library left out", left_out)


def _read(content: bytes) -> dict[str, Any]:
    try:
        library = plistlib.loads(content)
    except (plistlib.InvalidFileException, ExpatError, ValueError, TypeError, KeyError) as error:
        raise BadPlaylistFile(f"no library of iTunes: {error}") from error
    except (AttributeError, IndexError, OverflowError) as error:  # of its parser, for odd elements
        raise BadPlaylistFile(f"no library of iTunes: {error}") from error
    if not isinstance(library, dict) or "Tracks" not in library:
        raise BadPlaylistFile("no library of iTunes: it has no key Tracks")
    return library


def _entries(value: Any) -> list[dict[str, Any]]:
    values = value.values() if isinstance(value, dict) else value
    return [one for one in values or [] if isinstance(one, dict)] if values else []


def _track(entry: dict[str, Any]) -> Track:
    length = entry.get("Total Time")
    return track(
        name=_text(entry, "Name"),
        artist=_text(entry, "Artist") or _text(entry, "Album Artist"),
        album=_text(entry, "Album"),
        duration_ms=length if isinstance(length, int) else None,
    )


def _text(entry: dict[str, Any], name: str) -> str | None:
    value = entry.get(name)
    return value if isinstance(value, str) else None
