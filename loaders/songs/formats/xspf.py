"""XSPF (https://www.xspf.org/spec): playlists in XML, read without entities or a DOCTYPE."""

from collections.abc import Iterator
from datetime import UTC, datetime
from xml.parsers import expat

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    playlist,
    spotify_only,
    track,
)

DEEPEST = 100  # elements within one another
FIELDS = {"title", "creator", "album", "duration", "identifier", "location"}


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
        text = "".join(self.text)
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
    key = (identifier or "").strip()
    return key if "://" in key else f"{name}#{key or title or 'untitled'}"


def time_of(text: str) -> datetime | None:
    """The time of an ISO 8601 text, in UTC by default; None where it is invalid."""
    try:
        time = datetime.fromisoformat(text.strip())
        return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)
    except (ValueError, OverflowError):
        return None


def _read(content: bytes) -> XspfReader:
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
    duration = (_first(entry, "duration") or "").strip()
    return track(
        *(text.strip() for text in entry.get("identifier", [])),
        *spotify_only(entry.get("location", [])),
        name=_first(entry, "title"),
        artist=_first(entry, "creator"),
        album=_first(entry, "album"),
        duration_ms=int(duration)
        if duration.isascii() and duration.isdigit() and len(duration) < 12
        else None,
    )


def _first(entry: dict[str, list[str]], name: str) -> str | None:
    return entry[name][0] if name in entry else None
