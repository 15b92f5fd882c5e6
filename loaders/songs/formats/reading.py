"""Open a playlist file: decompress it, detect its format, and parse it."""

import hashlib
import io
import re
import sys
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import IO, NamedTuple

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.pruning import kind
from loaders.core.streams import BadArchive
from loaders.core.streams.archives import Member, zip_members
from loaders.core.streams.compressed import ZIP, decompress, read_bounded
from loaders.songs.formats import jspf, m3u, mpd, table, xspf
from loaders.songs.formats.model import BadPlaylistFile, Playlist

Entries = Iterator[Playlist | BadEntry]
Parser = Callable[[bytes, str], Entries]

FORMATS: dict[str, Parser] = {
    "mpd": mpd.parse,
    "jspf": jspf.parse,
    "xspf": xspf.parse,
    "m3u": m3u.parse,
    "table": table.parse,
}
LARGEST = 512 << 20  # bytes of one file, unpacked: a Million Playlist slice has 33 MB
LONGEST_PATH = 900  # characters in an identity
STANDARD_INPUT = "standard input"
COMPRESSED = re.compile(r"\.(?:gz|bz2|zip)$", re.IGNORECASE)
AUDIO_LINE = re.compile(
    r"\.(?:mp3|m4a|aac|flac|ogg|opus|wav|wma)\s*$|^https?://|^/|^[A-Za-z]:\\", re.IGNORECASE
)


class File(NamedTuple):
    """A playlist file, by itself or in an archive.

    path: unique, and ends with the file's name. name: without folder and compression suffix; keys
    of its playlists start with it. archive: the path of its archive.
    """

    path: str
    name: str
    entries: Entries
    archive: str | None = None


def read(location: str, format: str | None = None) -> Iterator[File]:
    """Yield a file, each file in a .zip, or standard input (`-`).

    Compression and format are detected from the content. The entries raise BadPlaylistFile where a
    file is truncated or not a playlist; the other files of an archive can still be read.
    """
    path = path_of(location)
    name = PurePath(path).name
    with _opened(location) as file:
        if file.read(len(ZIP)) == ZIP:
            yield from _members(file, path, format)
            return
        file.seek(0)
        content = _content(file, location)
    plain = COMPRESSED.sub("", name)
    yield File(path, plain, _entries(lambda: decompress(content, LARGEST), plain, name, format))


def path_of(location: str) -> str:
    """The identity of a file: its absolute path. Pipes and standard input share one."""
    if location == "-" or not Path(location).is_file():
        return STANDARD_INPUT
    return shortened(printable(str(Path(location).resolve())))


def shortened(path: str) -> str:
    """A path of at most about LONGEST_PATH characters; a hash replaces the middle of a long one."""
    if len(path) <= LONGEST_PATH:
        return path
    digest = hashlib.blake2b(path.encode(), digest_size=16).hexdigest()
    return f"{path[: LONGEST_PATH // 2]}...{digest}/{path.rpartition('/')[2][-300:]}"


def detect(content: bytes) -> str | None:
    """The format of a file, from its first 64 KB; None where it is not a playlist."""
    start = content[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = content[:65536].decode("utf-16", errors="replace").lstrip().encode(errors="replace")
    if start[:1] in (b"{", b"["):
        # A slice has the key "playlists" before its first track, a JSPF the key "playlist".
        match = re.search(rb'"(playlists?)"\s*:', start)
        return "mpd" if match and match[1] == b"playlists" else "jspf" if match else None
    if start[:1] == b"<":
        return "xspf"
    if start[:10].upper().startswith((b"#EXTM3U", b"#EXTINF:", b"#PLAYLIST:")):
        return "m3u"
    first = re.split(rb"[\r\n]", start, maxsplit=1)[0].decode(errors="replace")
    if table.header_of(first):
        return "table"
    return "m3u" if AUDIO_LINE.search(first) else None


def _entries(unpack: Callable[[], bytes], plain: str, name: str, format: str | None) -> Entries:
    try:
        content = unpack()
    except BadArchive as error:
        raise BadPlaylistFile(f"{name}: cannot be unpacked: {error}") from error
    if not content.strip():
        raise BadPlaylistFile(f"{name}: it is empty")
    format, in_archive = format or detect(content), "/" in name
    if format is None and in_archive:  # archives of datasets contain a README
        yield bad_entry(name, "not a playlist, skipped", content[:200])
        return
    if format is None:
        formats = f"{', '.join(FORMATS)} (--format names one)"
        raise BadPlaylistFile(f"{name}: no known playlist format: {formats}; {kind(content)}")
    playlists = 0
    try:
        for entry in FORMATS[format](content, plain):
            playlists += isinstance(entry, Playlist)
            yield entry
    except BadPlaylistFile as error:
        raise BadPlaylistFile(f"{name}: {error}; {kind(content)}") from error
    except RecursionError as error:
        raise BadPlaylistFile(f"{name}: nested too deeply") from error
    if not playlists and not in_archive:
        raise BadPlaylistFile(f"{name}: no playlist in it can be used; {kind(content)}")


def _opened(location: str) -> IO[bytes]:
    """The open file; a pipe is read into memory."""
    if location == "-":
        return io.BytesIO(_content(sys.stdin.buffer, location))
    try:
        file = Path(location).open("rb")  # noqa: SIM115 - the caller closes it
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadPlaylistFile(f"{printable(location)}: {reason}") from error
    return file if file.seekable() else io.BytesIO(_content(file, location))


def _content(file: IO[bytes], location: str) -> bytes:
    try:
        return read_bounded(file, LARGEST)
    except BadArchive as error:
        raise BadPlaylistFile(f"{printable(location)}: {error}") from error


def _members(file: IO[bytes], path: str, format: str | None) -> Iterator[File]:
    """Yield the files of an archive, each with its path in the archive.

    They are read one by one: the Million Playlist Dataset is an archive of 5 GB.
    """
    archive = PurePath(path).name
    try:
        members = zip_members(file)
    except BadArchive as error:
        raise BadPlaylistFile(f"{archive}: {error}") from error
    for member in members:
        inner = printable(member.name)
        plain = COMPRESSED.sub("", PurePath(inner).name)
        entries = _entries(_unpack(member), plain, f"{archive}/{inner}", format)
        yield File(shortened(f"{path}/{inner}"), plain, entries, path)


def _unpack(member: Member) -> Callable[[], bytes]:
    return lambda: decompress(member.read(LARGEST), LARGEST)
