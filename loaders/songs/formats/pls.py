"""PLS: an INI file with File1=, Title1= and Length1= for each entry."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.m3u import LINE_END, decode_text, track_at
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
)
from loaders.songs.formats.paths import has_padded_number

FIELD = re.compile(r"\s*(File|Title|Length)(\d{1,7})\s*=\s*(.*)", re.IGNORECASE | re.DOTALL)
TITLE = re.compile(r"\s*(?:X-GNOME-Title|PlaylistName)\s*=\s*(.+)", re.IGNORECASE | re.DOTALL)


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, named by its file; entries in the order of their numbers."""
    entries: dict[int, dict[str, str]] = {}
    title = PurePosixPath(name).stem
    for line in LINE_END.split(decode_text(content)):
        if match := FIELD.fullmatch(line):
            entries.setdefault(int(match[2]), {})[match[1].lower()] = match[3].strip()
        elif match := TITLE.fullmatch(line):
            title = match[1].strip()
    if not entries:
        raise BadPlaylistFile("no PLS: it has no line File1=")
    is_numbered = any(has_padded_number(entry.get("file", "")) for entry in entries.values())
    tracks: list[Track] = []
    for number, entry in sorted(entries.items()):
        try:
            tracks.append(
                track_at(
                    entry.get("file", ""),
                    entry.get("title"),
                    _seconds(entry.get("length", "")),
                    is_numbered=is_numbered,
                )
            )
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"entry {number}", error, entry)
    try:
        yield playlist(f"{name}#{title}", title, tracks)
    except UnusablePlaylistEntry as error:
        yield bad_entry("playlist 1", error, title)


def _seconds(text: str) -> float | None:
    return float(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
