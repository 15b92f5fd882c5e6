"""Open a playlist file: undo its compression, tell its format, hand it to its parser."""

import bz2
import gzip
import io
import lzma
import re
import struct
import sys
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import IO

from loaders.entries import BadEntry, bad_entry, printable
from loaders.playlist_files import jspf, m3u, mpd, table, xspf
from loaders.playlist_files.model import BadFile, Playlist

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
ARCHIVE = b"PK\3\4"
COMPRESSED = re.compile(r"\.(?:gz|bz2|zip)$", re.IGNORECASE)
UNPACK_ERRORS = (
    OSError, EOFError, ValueError, RuntimeError, MemoryError, struct.error,
    zlib.error, lzma.LZMAError, zipfile.BadZipFile,
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
    name = "standard input" if location == "-" else printable(PurePath(location).name)
    with _opened(location) as file:
        if file.read(len(ARCHIVE)) == ARCHIVE:
            yield from _members(file, name, format)
            return
        file.seek(0)
        content = _bytes_of(file, location)
    yield _source(lambda: unpacked(content), name, name, format)


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
    if start[:10].upper().startswith((b"#EXTM3U", b"#EXTINF:", b"#PLAYLIST:")):
        return "m3u"
    first = re.split(rb"[\r\n]", start, maxsplit=1)[0].decode(errors="replace")
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


def _source(
    unpack: Callable[[], bytes], name: str, shown: str, format: str | None
) -> tuple[str, Entries]:
    plain = COMPRESSED.sub("", name)  # packed or not, a playlist stays the same
    return plain, _entries(unpack, plain, shown, format)


def _entries(unpack: Callable[[], bytes], plain: str, name: str, format: str | None) -> Entries:
    try:
        content = unpack()
    except UNPACK_ERRORS as error:
        raise BadFile(f"{name}: cannot be unpacked: {error}") from error
    if not content.strip():
        raise BadFile(f"{name}: it is empty")
    known = format or detect(content)
    if known is None and "/" in name:  # an archive's: datasets come with a README
        yield bad_entry(name, "no playlist, passed over", content[:200])
        return
    if known is None:
        raise BadFile(
            f"{name}: no known playlist format: {', '.join(FORMATS)} (--format names one)"
        )
    try:
        yield from FORMATS[known](content, plain)
    except BadFile as error:
        raise BadFile(f"{name}: {error}") from error
    except RecursionError as error:
        raise BadFile(f"{name}: nested too deeply") from error


def _opened(location: str) -> IO[bytes]:
    """The file, or all of it where it cannot be read twice."""
    try:
        if location == "-":
            return io.BytesIO(_bounded(sys.stdin.buffer))
        file = Path(location).open("rb")  # noqa: SIM115 - who called closes it
        return file if file.seekable() else io.BytesIO(_bounded(file))
    except (OSError, ValueError) as error:
        raise _unreadable(location, error) from error


def _bytes_of(file: IO[bytes], location: str) -> bytes:
    try:
        return _bounded(file)
    except (OSError, ValueError) as error:
        raise _unreadable(location, error) from error


def _unreadable(location: str, error: Exception) -> BadFile:
    return BadFile(f"{printable(location)}: {getattr(error, 'strerror', None) or error}")


def _bounded(file: IO[bytes] | gzip.GzipFile | bz2.BZ2File) -> bytes:
    content = file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise ValueError(f"more than {LARGEST >> 20} MB unpacked: split it")
    return content


def _members(file: IO[bytes], name: str, format: str | None) -> Iterator[tuple[str, Entries]]:
    """The files of an archive, each under its own name; with its folder where two have the same.

    It is read where it lies: the Million Playlist Dataset comes as one of 5 GB.
    """
    try:
        archive = zipfile.ZipFile(file)
    except UNPACK_ERRORS as error:
        raise BadFile(f"{name}: {error}") from error
    # What macOS puts beside each file is no file of anybody's.
    members = [
        member for member in archive.infolist()
        if not member.filename.endswith("/") and "__MACOSX/" not in member.filename
    ]  # fmt: skip
    alike = Counter(PurePath(member.filename).name for member in members)
    with archive:
        for member in members:
            inner = PurePath(member.filename).name
            inner = printable(member.filename if alike[inner] > 1 else inner)
            yield _source(_member(archive, member), inner, f"{name}/{inner}", format)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def unpack() -> bytes:
        with archive.open(member) as file:
            return unpacked(_bounded(file))

    return unpack
