"""M3U: a list of files or addresses, each after a line that says what it is."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    known_id,
    named_by_file,
    playlist,
    track,
)

INFO = re.compile(r"#EXTINF:\s*(-?\d+(?:\.\d+)?)?[^,]*,(.*)", re.IGNORECASE | re.DOTALL)
BAD_BYTE = re.compile("[\udc80-\udcff]")  # how surrogateescape writes one
BEYOND_ASCII = re.compile("[^\0-\x7f]")
LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() also ends lines inside titles


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, named by #PLAYLIST or by its file."""
    tracks: list[Track] = []
    title = album = artist = info = None
    for number, line in enumerate(LINE_END.split(decoded(content)), start=1):
        text = line.strip()
        word, _, rest = text.partition(":")
        match word.upper():
            case "":
                continue
            case "#PLAYLIST":
                title = rest
            case "#EXTALB":
                album = rest
            case "#EXTART":
                artist = rest
            case "#EXTINF":
                info = text
            case comment if comment.startswith("#"):
                continue
            case _:
                try:
                    tracks.append(_track(text, info, artist, album))
                except UnusablePlaylistEntry as error:
                    yield bad_entry(f"line {number}", error, line)
                info = artist = None
    shown = title or PurePosixPath(name).stem
    try:
        yield playlist(f"{name}#{shown}", shown, tracks)
    except UnusablePlaylistEntry as error:
        yield bad_entry("playlist 1", error, shown)


def decoded(content: bytes) -> str:
    """Text of UTF-8 or UTF-16 where it says or is so, else of Western Windows.

    A few bad bytes in UTF-8 become halves of characters, and cost the entries they stand in.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        try:
            return content.decode("utf-16")
        except UnicodeDecodeError as error:
            raise BadPlaylistFile(f"byte {error.start:,}: {error.reason}") from error
    text = content.decode("utf-8-sig", errors="surrogateescape")
    if text.isascii() or not (bad := len(BAD_BYTE.findall(text))):
        return text
    good = len(BEYOND_ASCII.findall(text)) - bad
    return text if good > bad else content.decode("cp1252", errors="replace")


def _track(path: str, info: str | None, artist: str | None, album: str | None) -> Track:
    seconds, shown = None, None
    if info and (found := INFO.fullmatch(info)):
        seconds, shown = float(found[1] or 0), found[2].strip()
    if not shown:
        shown = named_by_file(path)
        if " - " not in shown and not artist and not known_id((path,)):
            raise UnusablePlaylistEntry("neither #EXTINF nor a file named Artist - Title")
    by, dash, name = shown.partition(" - ")
    return track(
        path,
        name=name if dash else shown,
        artist=by if dash else artist,
        album=album,
        duration_ms=seconds and seconds * 1000,
    )
