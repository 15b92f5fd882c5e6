"""M3U: a list of files or addresses, each after an optional #EXTINF line that names it."""

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.addresses import OWN, SPOTIFY, is_file, is_stream
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    address_id,
    normal,
    playlist,
    track,
)
from loaders.songs.formats.paths import has_padded_number, names_of, split_names

# The duration, attributes (a quoted value may have commas), and what a player shows.
INFO = re.compile(r'#EXTINF:\s*(-?\d+(?:\.\d+)?)?((?:"[^"]*+"|[^",]++)*+),(.*)', re.I | re.DOTALL)
UNQUOTED_INFO = re.compile(r"#EXTINF:\s*(-?\d+(?:\.\d+)?)?([^,]*),(.*)", re.I | re.DOTALL)
STREAM = "the stream of a server, without a title"
LONGEST = 36_000  # seconds: ten hours; larger numbers are milliseconds
BAD_BYTE = re.compile("[\udc80-\udcff]")  # as surrogateescape encodes it
BEYOND_ASCII = re.compile("[^\0-\x7f]")
LINE_END = re.compile(r"\r\n|\r|\n")  # str.splitlines() would split titles too


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, named by #PLAYLIST or by its file."""
    tracks: list[Track] = []
    title = album = artist = info = None
    lines = [line.strip() for line in LINE_END.split(decode_text(content))]
    is_numbered = any(has_padded_number(line) for line in lines if not line.startswith("#"))
    for number, text in enumerate(lines, start=1):
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
                shown, seconds = _info(info)
                try:
                    tracks.append(
                        track_at(text, shown, seconds, artist, album, is_numbered=is_numbered)
                    )
                except UnusablePlaylistEntry as error:
                    yield bad_entry(f"line {number}", error, text)
                info = artist = None
    shown = (title or "").strip() or PurePosixPath(name).stem
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
    return content.decode("cp1252", errors="replace") if _has_bad_bytes(text) else text


def is_old(content: bytes) -> bool:
    """Whether a text is in an encoding of before Unicode."""
    if content.isascii() or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return False
    return _has_bad_bytes(content.decode("utf-8-sig", errors="surrogateescape"))


def _has_bad_bytes(text: str) -> bool:
    """Whether more bytes are no UTF-8 than characters beyond ASCII are."""
    if text.isascii() or not (bad := len(BAD_BYTE.findall(text))):
        return False
    return bad >= len(BEYOND_ASCII.findall(text)) - bad


def track_at(
    path: str,
    shown: str | None,
    seconds: float | None = None,
    artist: str | None = None,
    album: str | None = None,
    *,
    is_numbered: bool = False,
) -> Track:
    """The track of a file or address, by what a player shows for it, else by its path."""
    is_address = address_id((path,)) is not None
    if not shown and (SPOTIFY.match(path) or path.startswith(OWN)):
        return track(path)
    is_nameless = is_stream(path) or ("://" in path and not is_file(path))
    in_path = None if is_nameless else names_of(path, is_numbered=is_numbered)
    names = split_names(shown) if shown else in_path
    folder = in_path and in_path.artist
    if names and names.artist and folder and normal(names.name) == normal(folder):
        names = names._replace(name=names.artist, artist=names.name)  # `Title - Artist`
    by = (names and names.artist) or artist or folder
    if not shown and not by and is_stream(path):
        raise UnusablePlaylistEntry(STREAM)
    if not shown and not by and not is_address:
        raise UnusablePlaylistEntry("neither #EXTINF nor Artist - Title or Artist/Album/Title")
    return track(
        path,
        name=names and names.name,
        artist=by,
        album=album or (in_path and in_path.album),
        duration_ms=milliseconds_of(seconds),
    )


def milliseconds_of(seconds: float | None) -> float | None:
    """A duration in milliseconds; some programs write it so where seconds are due."""
    if seconds is None or seconds <= 0:
        return None
    return seconds if seconds > LONGEST else seconds * 1000


def _info(line: str | None) -> tuple[str | None, float | None]:
    """What an #EXTINF line shows, and its duration."""
    match = line and (INFO.fullmatch(line) or UNQUOTED_INFO.fullmatch(line))
    if not match:
        return None, None
    return match[3].strip() or None, float(match[1]) if match[1] else None
