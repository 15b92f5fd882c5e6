"""Open a playlist file: undo its compression, tell its format, hand it to its parser."""

import bz2
import gzip
import io
import re
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import IO

from loaders.playlist_files import jspf, m3u, mpd, table, xspf
from loaders.playlist_files.model import BadEntry, BadFile, Playlist

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
COMPRESSED = re.compile(r"\.(?:gz|bz2|zip)$", re.IGNORECASE)
UNPACK_ERRORS = (
    OSError, EOFError, ValueError, RuntimeError, zlib.error, zipfile.BadZipFile
)  # fmt: skip
AUDIO_LINE = re.compile(
    r"\.(?:mp3|m4a|aac|flac|ogg|opus|wav|wma)\s*$|^https?://|^/|^[A-Za-z]:\\", re.IGNORECASE
)


def read(location: str, format: str | None = None) -> Iterator[tuple[str, Entries]]:
    """Yield (name, entries) of a file, of each file in a .zip, or of standard input (`-`).

    Whether it is packed and in what format is told by its content. The entries raise BadFile
    where a file is cut off or no playlist file; the other files of an archive can still be read.
    """
    if format is not None and format not in FORMATS:
        raise BadFile(f"no format {format!r}: {', '.join(FORMATS)} are known")
    name = "standard input" if location == "-" else PurePath(location).name
    content = _bytes_of(location)
    if not content.startswith(b"PK\3\4"):
        yield COMPRESSED.sub("", name), _entries(lambda: unpacked(content), name, format)
        return
    try:
        archive = zipfile.ZipFile(io.BytesIO(content))
    except UNPACK_ERRORS as error:
        raise BadFile(f"{name}: {error}") from error
    with archive:
        for member in archive.infolist():
            if not member.is_dir():
                inner = PurePath(member.filename).name
                unpack = _member(archive, member)
                yield COMPRESSED.sub("", inner), _entries(unpack, f"{name}/{inner}", format)


def detect(content: bytes) -> str | None:
    """The format that this content has, by how it starts."""
    start = content[:65536].lstrip(b"\xef\xbb\xbf \t\r\n")
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        start = content[:65536].decode("utf-16", errors="replace").lstrip().encode(errors="replace")
    if start[:1] in (b"{", b"["):
        # A slice says "playlists" before its first track; a JSPF has one "playlist".
        found = re.search(rb'"(playlists?)"\s*:', start)
        return "mpd" if found and found[1] == b"playlists" else "jspf" if found else None
    if start[:1] == b"<":
        return "xspf"
    if start[:7].upper() == b"#EXTM3U" or start[:8].upper() == b"#EXTINF:":
        return "m3u"
    first = start.split(b"\n", 1)[0].decode(errors="replace")
    if table.header_of(first):
        return "table"
    return "m3u" if AUDIO_LINE.search(first) else None


def unpacked(content: bytes) -> bytes:
    """Content without its .gz or .bz2."""
    if content.startswith(b"\x1f\x8b"):
        return _bounded(gzip.GzipFile(fileobj=io.BytesIO(content)))
    if content.startswith(b"BZh"):
        return _bounded(bz2.BZ2File(io.BytesIO(content)))
    return content


def _entries(unpack: Callable[[], bytes], name: str, format: str | None) -> Entries:
    try:
        content = unpack()
    except UNPACK_ERRORS as error:
        raise BadFile(f"{name}: cannot be unpacked: {error}") from error
    if not content.strip():
        raise BadFile(f"{name}: it is empty")
    known = format or detect(content)
    if known is None:
        raise BadFile(
            f"{name}: no known playlist format: {', '.join(FORMATS)} (--format names one)"
        )
    try:
        yield from FORMATS[known](content, COMPRESSED.sub("", PurePath(name).name))
    except BadFile as error:
        raise BadFile(f"{name}: {error}") from error
    except RecursionError as error:
        raise BadFile(f"{name}: nested too deeply") from error


def _bytes_of(location: str) -> bytes:
    try:
        if location == "-":
            return _bounded(sys.stdin.buffer)
        with Path(location).open("rb") as file:
            return _bounded(file)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BadFile(f"{location}: {reason}") from error


def _bounded(file: IO[bytes] | gzip.GzipFile | bz2.BZ2File) -> bytes:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MB unpacked: split it")
    return content


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def unpack() -> bytes:
        with archive.open(member) as file:
            return unpacked(_bounded(file))

    return unpack
