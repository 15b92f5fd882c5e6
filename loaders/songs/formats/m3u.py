"""M3U: a list of files or addresses, each after an optional #EXTINF line that names it."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.model import (
    OWN,
    SPOTIFY,
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    address_id,
    named_by_file,
    playlist,
    track,
)

INFO = re.compile(r"#EXTINF:\s*(-?\d+(?:\.\d+)?)?[^,]*,(.*)", re.IGNORECASE | re.DOTALL)
BAD_BYTE = re.compile("[\udc80-\udcff]")  # as surrogateescape encodes it
BEYOND_ASCII = re.compile("[^\0-\x7f]")
LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() would split titles too


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, named by #PLAYLIST or by its file."""
    tracks: list[Track] = []
    title = album = artist = info = None
    for number, line in enumerate(LINE_END.split(decode_text(content)), start=1):
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


def decode_text(content: bytes) -> str:
    """Decode UTF-16 (with a byte order mark), UTF-8, or else Windows-1252.

    A few bad bytes in UTF-8 become surrogates: only their entries are rejected.
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
    if info and (match := INFO.fullmatch(info)):
        seconds, shown = float(match[1] or 0), match[2].strip()
    if not shown and (SPOTIFY.match(path) or path.startswith(OWN)):
        return track(path)
    if not shown:
        shown = named_by_file(path)
        if " - " not in shown and not artist and not address_id((path,)):
            raise UnusablePlaylistEntry("neither #EXTINF nor a file named Artist - Title")
    by, dash, name = shown.partition(" - ")
    return track(
        path,
        name=name if dash else shown,
        artist=by if dash else artist,
        album=album,
        duration_ms=seconds and seconds * 1000,
    )
