"""Tables: CSV or TSV with one row per place of a playlist."""

import csv
import re
from array import array
from collections.abc import Iterator
from math import inf

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.csv_rows import rows_of
from loaders.songs.formats.m3u import LINE_END, decode_text
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    address_id,
    clean,
    is_file,
    named_by_file,
    playlist,
    track,
)

# Names of each column without blanks and punctuation; the first one in the header is used.
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
PATH = re.compile(r"[\\/\s]|^spotify:local:")  # an id is neither a path nor several words
PLACE_COLUMNS = {"playlist", "title", "position"}  # they do not describe the track
HEADER_LENGTH = 65_536


class TablePlaylist:
    """The rows of one playlist, which may be anywhere in the file; 16 bytes per place."""

    def __init__(self, title: str) -> None:
        self.title = title
        self.tracks: list[Track] = []
        self.positions = array("d")

    def add(self, parsed: Track, position: float | None) -> None:
        """Add a place; without a position it follows the previous one."""
        if position is None:
            position = self.positions[-1] if self.positions else -inf
        self.tracks.append(parsed)
        self.positions.append(position)

    def in_order(self) -> list[Track]:
        """The tracks by position; equal positions keep the order of the file."""
        order = sorted(range(len(self.tracks)), key=self.positions.__getitem__)
        return [self.tracks[number] for number in order]


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Yield playlists in the order of their first rows.

    The id column identifies a track. A single column named track or song holds ids; beside an
    artist column, or where a value has blanks, it holds titles. The path of a file is never an id:
    its name is read as in M3U.
    """
    text = decode_text(content)
    first = LINE_END.split(text[:HEADER_LENGTH], maxsplit=1)[0]
    header = header_of(first)
    if header is None:
        raise BadPlaylistFile(
            "line 1: no header with a column for the playlist and one for the track"
        )
    lists: dict[str, TablePlaylist] = {}
    tracks: dict[tuple[str, ...], Track] = {}  # by their cells: rows often repeat a track
    columns = [column for column in header if column not in PLACE_COLUMNS]
    for line, row in rows_of(text, delimiter_of(first)):
        values = {column: row[at] for column, at in header.items() if at < len(row)}
        try:
            key = clean(values.get("playlist"))
            if key is None:
                raise UnusablePlaylistEntry("no playlist")
            cells = tuple([values.get(column, "") for column in columns])
            if (parsed := tracks.get(cells)) is None:
                parsed = tracks[cells] = _track(dict(zip(columns, cells, strict=True)))
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"line {line}", error, ",".join(row))
            continue
        if key not in lists:
            lists[key] = TablePlaylist((values.get("title") or "").strip() or key)
        lists[key].add(parsed, _number(values.get("position")))
    for key, listed in lists.items():
        try:
            is_address = "://" in key or key.startswith("spotify:")
            unique_key = key if is_address else f"{name}#{key}"
            yield playlist(unique_key, listed.title, listed.in_order())
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"playlist {key[:100]}", error, listed.title)


def delimiter_of(first: str) -> str:
    """The most frequent separator of the header."""
    return max("\t;,", key=first.count)


def header_of(first: str) -> dict[str, int] | None:
    """The number of each column by its name in NAMES; None without a playlist or track column."""
    try:
        cells = next(csv.reader([first.strip("\ufeff\r\n")], delimiter=delimiter_of(first)))
    except (csv.Error, StopIteration):
        return None
    in_file = {re.sub(r"[\W_]", "", cell.lower()): number for number, cell in enumerate(cells)}
    header = {}
    for column, names in NAMES.items():
        for name in names:
            if name in in_file:
                header[column] = in_file[name]
                break
    return header if "playlist" in header and ("track" in header or "name" in header) else None


def _track(cells: dict[str, str]) -> Track:
    own_id, name, artist = cells.get("track", "").strip(), cells.get("name"), cells.get("artist")
    address = f"spotify:track:{own_id}" if SPOTIFY_ID.fullmatch(own_id) else own_id
    if cells.get("name") == cells.get("track"):  # one column for both
        is_title = " " in own_id or bool(artist and not address_id((address,)))
        name, own_id = (own_id, "") if is_title else (None, own_id)
        if is_file(address):
            name, artist, own_id = *_of_file(address, artist), ""
    return track(
        address if own_id else None,
        own_id=None if PATH.search(own_id) or is_file(own_id) else own_id,
        name=name,
        artist=artist,
        artist_id=cells.get("artist_id"),
        album=cells.get("album"),
        duration_ms=_number(cells.get("duration_ms")),
    )


def _of_file(path: str, artist: str | None) -> tuple[str, str | None]:
    by, dash, name = named_by_file(path).partition(" - ")
    if not dash and not artist:
        raise UnusablePlaylistEntry("the file is not named Artist - Title")
    return (name, by) if dash else (by, artist)


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None
