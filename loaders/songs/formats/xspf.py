"""XSPF (https://www.xspf.org/spec): playlists in XML, read without entities or a DOCTYPE."""

import codecs
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html.entities import html5
from xml.parsers import expat
from xml.sax.saxutils import escape

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
UTF_16 = {b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16", b"<\0": "utf-16-le", b"\0<": "utf-16-be"}
SLOW = {"idna", "punycode"}  # codecs that take quadratic time, and that no playlist is in
# An & that begins no reference of XML; the first two alternatives are texts in which it is allowed.
STRAY = re.compile(
    r"<!\[CDATA\[.*?(?:\]\]>|\Z)|<!--.*?(?:-->|\Z)"
    r"|&(?!(?:amp|lt|gt|quot|apos|#\d{1,9}|#x[0-9a-fA-F]{1,8});)([A-Za-z][A-Za-z0-9]{1,40};)?",
    re.DOTALL,
)


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
    """The elements of the file; what XML cannot hold is replaced where it has any."""
    try:
        return _parsed(content)
    except BadPlaylistFile:
        mended = _mended(content)
        if mended is None:
            raise
        return _parsed(mended, "utf-8")


def _mended(content: bytes) -> bytes | None:
    """The file as UTF-8 with a MARK for each impossible character; None where it is no text."""
    encoding = _encoding(content)
    if encoding is None:
        return None
    if encoding == "utf-8":
        text = content.decode(errors="surrogateescape")
    else:
        text = content.decode(encoding, errors="replace").replace("\ufffd", MARK)
    text = REFERENCE.sub(_character, STRAY.sub(_ampersand, text.removeprefix("\ufeff")))
    return NOT_XML.sub(MARK, _joined(text)).encode()


def _encoding(content: bytes) -> str | None:
    """The name of the encoding that the file declares, UTF-8 by default; None for no text."""
    if content[:2] in UTF_16:
        return UTF_16[content[:2]]
    match = DECLARATION.search(content[:200])
    try:
        name = codecs.lookup(match[1].decode() if match else "utf-8").name
        b"".decode(name)
    except (LookupError, UnicodeDecodeError):
        return None
    if name.startswith(("utf-16", "utf-32")):  # written so by programs that store UTF-8
        return "utf-8"
    return None if name in SLOW else name


def _ampersand(match: re.Match[str]) -> str:
    """A stray & as XML; a named character of HTML, such as &eacute;, as itself."""
    if not match[0].startswith("&"):
        return match[0]
    return escape(html5.get(match[1] or "", match[0]))


def _character(reference: re.Match[str]) -> str:
    """The reference; a surrogate or another impossible character as itself."""
    code = int(reference[1], 16) if reference[1] else int(reference[2])
    if code < 0x110000 and NOT_XML.match(chr(code)):
        return chr(code)
    return reference[0] if code < 0x110000 else MARK


def _joined(text: str) -> str:
    """The text with pairs of surrogates as the character that they mean."""
    return PAIR.sub(lambda pair: pair[0].encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _parsed(content: bytes, encoding: str | None = None) -> XspfReader:
    """The elements of the file. encoding: in place of the one that the file declares."""
    reader = XspfReader()
    parser = expat.ParserCreate(encoding, namespace_separator=" ")
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
