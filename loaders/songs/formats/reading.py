"""Open a playlist file: undo its compression, tell its format, hand it to its parser."""

import bz2
import gzip
import hashlib
import io
import lzma
import re
import struct
import sys
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import IO, NamedTuple

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.pruning import kind
from loaders.songs.formats import jspf, m3u, mpd, table, xspf
from loaders.songs.formats.model import BadFile, Playlist

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
ARCHIVE = b"PK\3\4"
COMPRESSED = re.compile(r"\.(?:gz|bz2|zip)$", re.IGNORECASE)
UNPACK_ERRORS = (
    OSError, EOFError, ValueError, RuntimeError, MemoryError, struct.error,
    zlib.error, lzma.LZMAError, zipfile.BadZipFile,
)  # fmt: skip
AUDIO_LINE = re.compile(
    r"\.(?:mp3|m4a|aac|flac|ogg|opus|wav|wma)\s*$|^https?://|^/|^[A-Za-z]:\\", re.IGNORECASE
)


class File(NamedTuple):
    """A playlist file, by itself or in an archive.

    path: tells it from all other files, its name at the end. name: without its folder and what
    packs it; the key of what it names itself starts with it. archive: the path of its archive.
    """

    path: str
    name: str
    entries: Entries
    archive: str | None = None


def read(location: str, format: str | None = None) -> Iterator[File]:
    """Yield a file, each file in a .zip, or standard input (`-`).

    Packing and format are told by content. The entries raise BadFile where a file is cut off or no
    playlist file; the other files of an archive can still be read.
    """
    if format is not None and format not in FORMATS:
        raise BadFile(f"no format {format!r}: {', '.join(FORMATS)} are known")
    path = path_of(location)
    name = PurePath(path).name
    with _opened(location) as file:
        if file.read(len(ARCHIVE)) == ARCHIVE:
            yield from _members(file, path, format)
            return
        file.seek(0)
        content = _bytes_of(file, location)
    plain = COMPRESSED.sub("", name)
    yield File(path, plain, _entries(lambda: unpacked(content), plain, name, format))


def path_of(location: str) -> str:
    """What tells a file from all others: its path; a pipe has none, as standard input."""
    if location == "-" or not Path(location).is_file():
        return STANDARD_INPUT
    return shortened(printable(str(Path(location).resolve())))


def shortened(path: str) -> str:
    """A path that fits into an identity; the middle of a very long one becomes its hash."""
    if len(path) <= LONGEST_PATH:
        return path
    digest = hashlib.blake2b(path.encode(), digest_size=16).hexdigest()
    return f"{path[: LONGEST_PATH // 2]}...{digest}/{path.rpartition('/')[2][-300:]}"


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


def _entries(unpack: Callable[[], bytes], plain: str, name: str, format: str | None) -> Entries:
    try:
        content = unpack()
    except UNPACK_ERRORS as error:
        raise BadFile(f"{name}: cannot be unpacked: {error}") from error
    if not content.strip():
        raise BadFile(f"{name}: it is empty")
    known, of_archive = format or detect(content), "/" in name
    if known is None and of_archive:  # datasets come with a README
        yield bad_entry(name, "no playlist, passed over", content[:200])
        return
    if known is None:
        formats = f"{', '.join(FORMATS)} (--format names one)"
        raise BadFile(f"{name}: no known playlist format: {formats}; {kind(content)}")
    playlists = 0
    try:
        for entry in FORMATS[known](content, plain):
            playlists += isinstance(entry, Playlist)
            yield entry
    except BadFile as error:
        raise BadFile(f"{name}: {error}; {kind(content)}") from error
    except RecursionError as error:
        raise BadFile(f"{name}: nested too deeply") from error
    if not playlists and not of_archive:
        raise BadFile(f"{name}: no playlist in it can be used; {kind(content)}")


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


def _members(file: IO[bytes], path: str, format: str | None) -> Iterator[File]:
    """The files of an archive, each under its path in it.

    It is read where it lies: the Million Playlist Dataset comes as one of 5 GB.
    """
    archive_name = PurePath(path).name
    try:
        archive = zipfile.ZipFile(file)
    except UNPACK_ERRORS as error:
        raise BadFile(f"{archive_name}: {error}") from error
    with archive:
        for member in archive.infolist():
            if member.filename.endswith("/") or "__MACOSX/" in member.filename:
                continue  # macOS puts a file of its own beside each
            inner = printable(member.filename)
            plain = COMPRESSED.sub("", PurePath(inner).name)
            shown = f"{archive_name}/{inner}"
            entries = _entries(_member(archive, member), plain, shown, format)
            yield File(shortened(f"{path}/{inner}"), plain, entries, path)


def _member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> Callable[[], bytes]:
    def unpack() -> bytes:
        with archive.open(member) as file:
            return unpacked(_bounded(file))

    return unpack
