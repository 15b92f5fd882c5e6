"""XSPF (https://www.xspf.org/spec): playlists in XML, read without entities or a DOCTYPE."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from xml.parsers import expat

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.addresses import services_only, without_tokens
from loaders.songs.formats.m3u import milliseconds_of
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
    track,
)

DEEPEST = 100  # elements within one another
FIELDS = {"title", "creator", "album", "duration", "identifier", "location", "url"}
# Characters that XML cannot hold, by their bytes or as references, become this noncharacter;
# clean() rejects the NUL that it then becomes, so that only the entry is lost.
MARK = "\ufdd0"
REFERENCE = re.compile(r"&#(?:x([0-9a-fA-F]{1,8})|(\d{1,9}));")
PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
DECLARATION = re.compile(rb"<\?xml[^>]*?encoding\s*=\s*[\"']([\w.-]+)", re.IGNORECASE)


class XspfReader:
    """Collects the elements of a playlist from the events of expat."""

    def __init__(self) -> None:
        self.path: list[str] = []
        self.text: list[str] = []
        self.playlist: dict[str, list[str]] = {}
        self.tracks: list[dict[str, list[str]]] = []

    def start(self, tag: str, _attributes: object) -> None:
        """Handle the start of an element."""
        name = tag.rpartition(" ")[2].lower()
        if not self.path and name != "playlist":
            raise BadPlaylistFile(f"no XSPF: its root is {name!r}")
        self.path.append(name)
        self.text.clear()
        if len(self.path) > DEEPEST:
            raise BadPlaylistFile("nested too deeply")
        if self.path == ["playlist", "tracklist", "track"]:
            self.tracks.append({})

    def end(self, _tag: str) -> None:
        """Handle the end of an element: store its text for the playlist or the track."""
        above, name = self.path[:-1], self.path.pop()
        text = "".join(self.text).replace(MARK, "\0")
        self.text.clear()
        if above == ["playlist"]:
            self.playlist.setdefault(name, []).append(text)
        elif above == ["playlist", "tracklist", "track"] and name in FIELDS:
            self.tracks[-1].setdefault(name, []).append(text)


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Yield the playlist of the file."""
    reader = _read(content)
    tracks: list[Track] = []
    for number, entry in enumerate(reader.tracks, start=1):
        try:
            tracks.append(_track(entry))
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"track {number}", error, entry)
    fields = reader.playlist
    title = _first(fields, "title")
    try:
        yield playlist(
            key_of(_first(fields, "identifier"), name, title),
            title,
            tracks,
            _first(fields, "creator"),
            time_of(_first(fields, "date") or ""),
        )
    except UnusablePlaylistEntry as error:
        yield bad_entry("playlist 1", error, fields)


def key_of(identifier: str | None, name: str, title: str | None) -> str:
    """A playlist's address; without one, its file's name with its identifier or title."""
    key = without_tokens((identifier or "").strip())
    return key if "://" in key else f"{name}#{key or title or 'untitled'}"


def time_of(text: str) -> datetime | None:
    """The time of an ISO 8601 text, in UTC by default; None where it is invalid."""
    try:
        time = datetime.fromisoformat(text.strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _read(content: bytes) -> XspfReader:
    """The elements of the file; characters that XML cannot hold are replaced where it has any."""
    try:
        return _parsed(content)
    except BadPlaylistFile:
        mended = _mended(content)
        if mended is None:
            raise
        return _parsed(mended)


def _mended(content: bytes) -> bytes | None:
    """The file as UTF-8 with a MARK for each impossible character; None where it has none."""
    start = content[:200]
    match = DECLARATION.search(start)
    if content[:2] in (b"\xff\xfe", b"\xfe\xff") or (match and match[1].lower() != b"utf-8"):
        return None
    text = content.decode("utf-8-sig", errors="surrogateescape")
    mended = NOT_XML.sub(MARK, _joined(REFERENCE.sub(_character, text)))
    return mended.encode() if mended != text else None


def _character(reference: re.Match[str]) -> str:
    """The reference; a surrogate or another impossible character as itself."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    if code < 0x110000 and NOT_XML.match(chr(code)):
        return chr(code)
    return reference[0] if code < 0x110000 else MARK


def _joined(text: str) -> str:
    """The text with pairs of surrogates as the character that they mean."""
    return PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _parsed(content: bytes) -> XspfReader:
    reader = XspfReader()
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = reader.start
    parser.EndElementHandler = reader.end
    parser.CharacterDataHandler = reader.text.append
    parser.StartDoctypeDeclHandler = _reject_doctype  # it could declare entities
    try:
        parser.Parse(content, True)
    except expat.ExpatError as error:
        raise BadPlaylistFile(f"line {error.lineno}: {expat.ErrorString(error.code)}") from error
    except (ValueError, LookupError) as error:  # an unknown encoding
        raise BadPlaylistFile(f"line 1: {error}") from error
    return reader


def _reject_doctype(*_declaration: object) -> None:
    raise BadPlaylistFile("line 1: it declares a DOCTYPE, which a playlist does not need")


def _track(entry: dict[str, list[str]]) -> Track:
    # Soundiiz writes seconds, beside an element <url> of its own; XSPF has milliseconds.
    text = (_first(entry, "duration") or "").strip()
    duration = int(text) if text.isascii() and text.isdigit() and len(text) < 12 else None
    return track(
        *(text.strip() for text in entry.get("identifier", [])),
        *services_only([*entry.get("location", []), *entry.get("url", [])]),
        name=_first(entry, "title"),
        artist=_first(entry, "creator"),
        album=_first(entry, "album"),
        duration_ms=milliseconds_of(duration) if "url" in entry else duration,
    )


def _first(entry: dict[str, list[str]], name: str) -> str | None:
    return entry[name][0] if name in entry else None
