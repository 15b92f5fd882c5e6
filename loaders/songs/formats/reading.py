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
from loaders.songs.formats import (
    itunes,
    jspf,
    lastfm,
    listenbrainz,
    m3u,
    mpd,
    pls,
    spotify_account,
    spotify_history,
    table,
    text,
    xspf,
)
from loaders.songs.formats.addresses import AUDIO_FILE
from loaders.songs.formats.encodings import DEFAULT, encoding_of
from loaders.songs.formats.history import GAP, History
from loaders.songs.formats.model import BadPlaylistFile, LeftOut, Playlist

Entries = Iterator[Playlist | BadEntry | LeftOut]
Parser = Callable[[bytes, str], Entries]

FORMATS: dict[str, Parser] = {
    "mpd": mpd.parse,
    "jspf": jspf.parse,
    "xspf": xspf.parse,
    "m3u": m3u.parse,
    "pls": pls.parse,
    "table": table.parse,
    "itunes": itunes.parse,
    "text": text.parse,
    "spotify-playlists": spotify_account.parse_playlists,
    "spotify-library": spotify_account.parse_library,
}
# Formats of plays: a parser adds those of a file to a History, which yields sessions.
HISTORIES: dict[str, Callable[[bytes, History], Iterator[BadEntry]]] = {
    "spotify-history": spotify_history.read_plays,
    "lastfm": lastfm.read_plays,
    "listenbrainz": listenbrainz.read_plays,
}
SERVICES = {"spotify-history": "spotify", "lastfm": "last.fm", "listenbrainz": "listenbrainz"}
FORMAT_NAMES = (*FORMATS, *HISTORIES)
LARGEST = 512 << 20  # bytes of one file, unpacked: a Million Playlist slice has 33 MB
LONGEST_PATH = 900  # characters in an identity
STANDARD_INPUT = "standard input"
COMPRESSED = re.compile(r"\.(?:gz|bz2|zip)$", re.IGNORECASE)
AUDIO_LINE = re.compile(r"^https?://|^file:|^spotify:track:|^[\\/]|^[A-Za-z]:\\", re.IGNORECASE)
# Each format of JSON by what its first 64 KB have and those of the formats below have not.
JSON_KEYS = {
    "spotify-history": (rb'"(?:ms_played|msPlayed)"\s*:',),
    "listenbrainz": (rb'"listened_at"\s*:', rb'"track_metadata"\s*:'),
    "lastfm": (rb'"(?:uts|scrobbles)"\s*:',),
    "spotify-playlists": (rb'"lastModifiedDate"\s*:',),
    "spotify-library": (rb'^\{\s*"tracks"\s*:\s*\[\s*(?:\]|\{\s*"artist"\s*:)',),
}
LISTED_JSPF = re.compile(rb'"playlists"\s*:\s*\[\s*\{\s*"playlist"\s*:')  # of ListenBrainz' API
# Members of archives that Spotify and ListenBrainz send; others there are personal data.
EXPORT_MEMBER = re.compile(
    r"(?:^|/)(?:StreamingHistory\w*|Streaming_History_\w+|endsong_\d+|YourLibrary|Playlist\d+"
    r"|listens/\d{4}/\d{1,2})[^/]*\.jsonl?(?:\.json)?$"
)
EXPORTED = {*HISTORIES, "spotify-playlists", "spotify-library"}


class File(NamedTuple):
    """A playlist file, by itself or in an archive.

    path: unique, and ends with the file's name. name: without folder and compression suffix; keys
    of its playlists start with it. archive: the path of its archive. is_history: its playlists are
    the sessions of a listening history.
    """

    path: str
    name: str
    entries: Entries
    archive: str | None = None
    is_history: bool = False


class Reading(NamedTuple):
    """What the files of one archive share, or a single file has.

    is_export: it is an archive that Spotify or ListenBrainz sent.
    """

    format: str | None
    gap: int
    histories: dict[str, History]
    in_archive: bool = False
    is_export: bool = False

    def history(self, format: str) -> History:
        """The history to which the plays of a format belong."""
        service = SERVICES[format]
        named = service != "spotify"  # its times are exact to the millisecond
        history = self.histories.get(format)
        return history or History(service, self.gap, names_first_track=named)


def read(location: str, format: str | None = None, gap: int = GAP) -> Iterator[File]:
    """Yield a file, each file in a .zip, or standard input (`-`).

    Compression and format are detected from the content. The plays of all files in a .zip are one
    history, which comes last. gap: minutes without music that end a session. The entries raise
    BadPlaylistFile where a file is truncated or not a playlist; the other files of an archive can
    still be read.
    """
    path = path_of(location)
    name = PurePath(path).name
    with _opened(location) as file:
        if file.read(len(ZIP)) == ZIP:
            yield from _members(file, path, Reading(format, gap, {}))
            return
        file.seek(0)
        content = _content(file, location)
    plain = COMPRESSED.sub("", name)
    reading = Reading(format, gap, {})
    yield File(path, plain, _entries(lambda: decompress(content, LARGEST), plain, name, reading))
    for history in reading.histories.values():
        yield File(path, plain, _sessions(history, name), is_history=True)


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
    if start[:10].lower() == b"[playlist]":
        return "pls"
    if start[:1] in (b"{", b"["):
        for format, keys in JSON_KEYS.items():
            if all(re.search(key, start) for key in keys):
                return format
        if LISTED_JSPF.search(start):
            return "jspf"
        # A slice has the key "playlists" before its first track, a JSPF the key "playlist".
        match = re.search(rb'"(playlists?)"\s*:', start)
        return "mpd" if match and match[1] == b"playlists" else "jspf" if match else None
    if start[:1] == b"<":
        return "itunes" if re.search(rb"<plist[\s>]", start) else "xspf"
    if start[:10].upper().startswith((b"#EXTM3U", b"#EXTINF:", b"#PLAYLIST:")):
        return "m3u"
    shown = start.decode(errors="replace")
    if table.header_of(shown):
        return "table"
    if lastfm.is_history(shown):
        return "lastfm"
    if table.header_of(shown, needs_playlist=False):
        return "table"
    lines = (line.strip() for line in m3u.LINE_END.split(shown))
    first = next((line for line in lines if line and not line.startswith("#")), "")
    if AUDIO_LINE.search(first) or AUDIO_FILE.search(first):
        return "m3u"
    return "text" if text.is_list(shown) else None


def _entries(unpack: Callable[[], bytes], plain: str, name: str, reading: Reading) -> Entries:
    try:
        content = unpack()
    except BadArchive as error:
        raise BadPlaylistFile(f"{name}: cannot be unpacked: {error}") from error
    if not content.strip():
        raise BadPlaylistFile(f"{name}: it is empty")
    content, encoding = _as_utf8(content)
    format = reading.format or detect(content)
    if reading.is_export and not _is_exported(content, reading.format):
        yield LeftOut("other files skipped", 1)
        return
    if format is None and reading.in_archive:  # archives of datasets contain a README
        yield bad_entry(name, "not a playlist, skipped", content[:200])
        return
    if format is None:
        formats = f"{', '.join(FORMAT_NAMES)} (--format names one)"
        raise BadPlaylistFile(f"{name}: no known playlist format: {formats}; {kind(content)}")
    if encoding:
        yield LeftOut(f"file {encoding}", 1)
    playlists = 0
    try:
        if format in HISTORIES:
            history = reading.history(format)
            yield from HISTORIES[format](content, history)
            reading.histories[format] = history  # its file is not broken
            return
        for entry in FORMATS[format](content, plain):
            playlists += isinstance(entry, Playlist)
            yield entry
    except BadPlaylistFile as error:
        raise BadPlaylistFile(f"{name}: {error}; {kind(content)}") from error
    except RecursionError as error:
        raise BadPlaylistFile(f"{name}: nested too deeply") from error
    if not playlists and not reading.in_archive:
        raise BadPlaylistFile(f"{name}: no playlist in it can be used; {kind(content)}")


def _as_utf8(content: bytes) -> tuple[bytes, str | None]:
    """A text in an old encoding as UTF-8, and what was assumed; other files as they are."""
    start = content.lstrip()[:10].lower()
    is_declared = start[:1] in (b"<", b"{", b"[") and start != b"[playlist]"  # XML, JSON
    if is_declared or b"\0" in content[:1000] or not m3u.is_old(content):
        return content, None
    encoding = encoding_of(content)
    if encoding is None:
        return content, f"not in UTF-8, read as {DEFAULT}"
    return content.decode(encoding, errors="replace").encode(), f"read as {encoding}"


def _is_exported(content: bytes, format: str | None) -> bool:
    """Whether a file of an export has playlists or plays, in the format if one is named."""
    detected = detect(content)
    if format is not None:
        return detected == format
    is_json = content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"[")
    return detected in EXPORTED or (detected is not None and not is_json)


def _sessions(history: History, name: str) -> Entries:
    """The sessions of a history, after its files were read. Errors: BadPlaylistFile for none."""
    sessions = 0
    for entry in history.sessions():
        sessions += isinstance(entry, Playlist)
        yield entry
    if not sessions:
        counts = [f"{count:,} {label}" for label, count in history.left_out.items() if count]
        raise BadPlaylistFile(f"{name}: no music in it: {', '.join(counts) or 'no plays'}")


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


def _members(file: IO[bytes], path: str, reading: Reading) -> Iterator[File]:
    """Yield the files of an archive, each with its path in the archive, and then its histories.

    They are read one by one: the Million Playlist Dataset is an archive of 5 GB.
    """
    archive = PurePath(path).name
    try:
        members = list(zip_members(file))
    except BadArchive as error:
        raise BadPlaylistFile(f"{archive}: {error}") from error
    is_export = any(EXPORT_MEMBER.search(member.name) for member in members)
    reading = reading._replace(in_archive=True, is_export=is_export)
    for member in members:
        inner = printable(member.name)
        plain = COMPRESSED.sub("", PurePath(inner).name)
        entries = _entries(_unpack(member), plain, f"{archive}/{inner}", reading)
        yield File(shortened(f"{path}/{inner}"), plain, entries, path)
    for history in reading.histories.values():
        yield File(path, archive, history.sessions(), path, is_history=True)


def _unpack(member: Member) -> Callable[[], bytes]:
    return lambda: decompress(member.read(LARGEST), LARGEST)
