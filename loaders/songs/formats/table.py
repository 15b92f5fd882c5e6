"""Tables: CSV or TSV with a row a place, header names matched loosely."""

import csv
import re
from array import array
from collections.abc import Iterator
from math import inf

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.csv_rows import rows_of
from loaders.songs.formats.m3u import LINE_END, decoded
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    clean,
    is_file,
    known_id,
    named_by_file,
    playlist,
    track,
)

# What a column may be called, without blanks and punctuation; the first that stands there counts.
NAMES = {
    name: words.split()
    for name, words in {
        "playlist": "playlistid pid playlisturi playlist playlistname playlisttitle list",
        "title": "playlistname playlisttitle playlist",
        "track": "trackid trackuri spotifyid spotifytrackid trackurl uri url songid recording "
        "recordingmbid track song",
        "position": "position pos place index trackposition tracknumber order",
        "name": "trackname tracktitle songname songtitle name title track song",
        "artist": "artist artistname creator artistnames artists performer",
        "artist_id": "artistid artisturi",
        "album": "album albumname albumtitle",
        "duration_ms": "durationms trackdurationms",
    }.items()
}
SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
PATH = re.compile(r"[\\/\s]|^spotify:local:")  # an id holds no path, nor a sentence
OF_PLACE = {"playlist", "title", "position"}  # not of the track
HEADER_LENGTH = 65_536


class TablePlaylist:
    """What is known of one playlist; rows of it may come much later: 16 bytes a place."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tracks: list[Track] = []
        self.positions = array("d")

    def add(self, made: Track, position: float | None) -> None:
        """One more place; without a position it follows the one before it."""
        if position is None:
            position = self.positions[-1] if self.positions else -inf
        self.tracks.append(made)
        self.positions.append(position)

    def in_order(self) -> list[Track]:
        """By position; where that is the same, as they stand in the file."""
        order = sorted(range(len(self.tracks)), key=self.positions.__getitem__)
        return [self.tracks[number] for number in order]


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Playlists in the order they begin; rows of one need not stand together.

    A track is what its id column says. Where one column, called track or song, is all there is,
    it holds ids; beside an artist, or with a blank in it, it holds a title. A file's path is
    never an id: it is named as in M3U.
    """
    text = decoded(content)
    first = LINE_END.split(text[:HEADER_LENGTH], maxsplit=1)[0]
    header = header_of(first)
    if header is None:
        raise BadPlaylistFile(
            "line 1: no header with a column for the playlist and one for the track"
        )
    lists: dict[str, TablePlaylist] = {}
    known: dict[tuple[str, ...], Track] = {}  # a row often repeats a track
    columns = [column for column in header if column not in OF_PLACE]
    for line, row in rows_of(text, delimiter_of(first)):
        told = {column: row[at] for column, at in header.items() if at < len(row)}
        try:
            key = clean(told.get("playlist"))
            if key is None:
                raise UnusablePlaylistEntry("no playlist")
            cells = tuple([told.get(column, "") for column in columns])
            if (made := known.get(cells)) is None:
                made = known[cells] = _track(dict(zip(columns, cells, strict=True)))
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"line {line}", error, ",".join(row))
            continue
        if key not in lists:
            lists[key] = TablePlaylist((told.get("title") or "").strip() or key)
        lists[key].add(made, _number(told.get("position")))
    for key, collected in lists.items():
        try:
            whole = key if "://" in key or key.startswith("spotify:") else f"{name}#{key}"
            yield playlist(whole, collected.title, collected.in_order())
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"playlist {key[:100]}", error, collected.title)


def delimiter_of(first: str) -> str:
    """The separator that the header has most of."""
    return max("\t;,", key=first.count)


def header_of(first: str) -> dict[str, int] | None:
    """Which column holds what; None where playlist or track is missing."""
    try:
        cells = next(csv.reader([first.strip("\ufeff\r\n")], delimiter=delimiter_of(first)))
    except (csv.Error, StopIteration):
        return None
    there = {re.sub(r"[\W_]", "", cell.lower()): number for number, cell in enumerate(cells)}
    found = {}
    for column, names in NAMES.items():
        for name in names:
            if name in there:
                found[column] = there[name]
                break
    return found if "playlist" in found and ("track" in found or "name" in found) else None


def _track(told: dict[str, str]) -> Track:
    given, name, artist = told.get("track", "").strip(), told.get("name"), told.get("artist")
    address = f"spotify:track:{given}" if SPOTIFY_ID.fullmatch(given) else given
    if told.get("name") == told.get("track"):  # one column for both
        is_title = " " in given or bool(artist and not known_id((address,)))
        name, given = (given, "") if is_title else (None, given)
        if is_file(address):
            name, artist, given = *_of_file(address, artist), ""
    return track(
        address if given else None,
        own_id=None if PATH.search(given) or is_file(given) else given,
        name=name,
        artist=artist,
        artist_id=told.get("artist_id"),
        album=told.get("album"),
        duration_ms=_number(told.get("duration_ms")),
    )


def _of_file(path: str, artist: str | None) -> tuple[str, str | None]:
    by, dash, name = named_by_file(path).partition(" - ")
    if not dash and not artist:
        raise UnusablePlaylistEntry("a file that is not named Artist - Title")
    return (name, by) if dash else (by, artist)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None
