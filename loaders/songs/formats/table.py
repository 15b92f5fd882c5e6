"""Tables: CSV or TSV with one row per place of a playlist."""

import csv
import re
from array import array
from collections.abc import Callable, Iterator
from math import inf
from pathlib import PurePosixPath
from typing import NamedTuple

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.addresses import is_file, is_stream, without_tokens
from loaders.songs.formats.columns import columns_of
from loaders.songs.formats.csv_rows import rows_of
from loaders.songs.formats.m3u import LINE_END, STREAM, decode_text, milliseconds_of
from loaders.songs.formats.model import (
    BadPlaylistFile,
    Playlist,
    Track,
    UnusablePlaylistEntry,
    address_id,
    clean,
    playlist,
    track,
)
from loaders.songs.formats.paths import names_of

SPOTIFY_ID = re.compile(r"[0-9A-Za-z]{22}")
CODE = re.compile(r"(?=.*\d)\S+")  # an id in a column that may hold titles too: it has a digit
PATH = re.compile(r"[\\/\s]|^spotify:local:")  # an id is neither a path nor several words
PLACE_COLUMNS = {"playlist", "title", "position"}  # they do not describe the track
HEADER_LENGTH = 65_536
EXCEL = re.compile(r"\ufeff?\"?sep=(.)\"?\s*", re.IGNORECASE)  # Excel's line before the header
CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,3}):(\d{2})(?:[.,]\d+)?")
NO_HEADER = (
    "no header with columns for title and artist or for an id of the track, such as: playlist "
    "(optional); track_name, title; artist, artist_name; track_uri, spotify_id. docs/songs.md "
    "lists all names, in 25 languages"
)


class Header(NamedTuple):
    """The header of a table. line: its number in the file."""

    columns: dict[str, int]
    delimiter: str
    line: int


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

    Without a column for the playlist the file is one, with its name. The id column identifies a
    track. A single column named track holds ids where they have a digit and no blank, and there is
    no artist; else titles. The path of a file is never an id: it is read as in M3U.
    """
    text = decode_text(content)
    header = header_of(text[:HEADER_LENGTH]) or header_of(
        text[:HEADER_LENGTH], needs_playlist=False
    )
    if header is None:
        raise BadPlaylistFile(f"line 1: {NO_HEADER}")
    lists: dict[str, TablePlaylist] = {}
    tracks: dict[tuple[str, ...], Track] = {}  # by their cells: rows often repeat a track
    columns = [column for column in header.columns if column not in PLACE_COLUMNS]
    of_file = None if "playlist" in header.columns else PurePosixPath(name).stem
    for line, row in rows_of(text, header.delimiter):
        if line <= header.line:
            continue
        values = {column: row[at] for column, at in header.columns.items() if at < len(row)}
        try:
            key = of_file or clean(values.get("playlist"))
            if key is None:
                raise UnusablePlaylistEntry("no playlist")
            cells = tuple([values.get(column, "") for column in columns])
            if (parsed := tracks.get(cells)) is None:
                parsed = tracks[cells] = track_of(dict(zip(columns, cells, strict=True)))
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"line {line}", error, ",".join(row))
            continue
        if key not in lists:
            lists[key] = TablePlaylist((values.get("title") or "").strip() or key)
        lists[key].add(parsed, _number(values.get("position")))
    for key, listed in lists.items():
        try:
            is_address = "://" in key or key.startswith("spotify:")
            unique_key = without_tokens(key) if is_address else f"{name}#{key}"
            yield playlist(unique_key, listed.title, listed.in_order())
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"playlist {key[:100]}", error, listed.title)


def header_of(
    start: str,
    *,
    needs_playlist: bool = True,
    rename: Callable[[list[str]], list[str]] = list,
) -> Header | None:
    """The header in the first lines of a table; None where they have none.

    needs_playlist: see `columns_of`. rename: replaces the cells of the header.
    """
    delimiter = None
    for line, text in enumerate(LINE_END.split(start, maxsplit=9)[:9], start=1):
        if excel := EXCEL.fullmatch(text):
            delimiter = excel[1]
        elif text.strip("\ufeff "):
            delimiter = delimiter or max("\t;,|", key=text.count)
            try:
                cells = next(csv.reader([text.strip("\ufeff\r\n")], delimiter=delimiter))
            except (csv.Error, StopIteration, TypeError):
                return None
            columns = columns_of(rename(cells), needs_playlist=needs_playlist)
            return Header(columns, delimiter, line) if columns else None
    return None


def track_of(cells: dict[str, str]) -> Track:
    """The track of a row, by its cells and the columns' names. Errors: UnusablePlaylistEntry."""
    own_id, name, artist = cells.get("track", "").strip(), cells.get("name"), cells.get("artist")
    if not own_id and (video := cells.get("video", "").strip()):
        own_id = f"https://youtu.be/{video}"
    album = cells.get("album")
    address = f"spotify:track:{own_id}" if SPOTIFY_ID.fullmatch(own_id) else own_id
    if cells.get("name") == cells.get("track"):  # one column for both
        is_id = bool(address_id((address,))) or (not artist and bool(CODE.fullmatch(own_id)))
        name, own_id = (None, own_id) if is_id else (own_id, "")
        if is_file(address):
            name, artist, album = _of_file(address, artist, album)
    return track(
        address if own_id else None,
        own_id=None if PATH.search(own_id) or is_file(own_id) else own_id,
        name=name,
        artist=artist,
        artist_id=_first_artist(cells.get("artist_id")),
        album=album,
        duration_ms=_length(cells),
    )


def _of_file(path: str, artist: str | None, album: str | None) -> tuple[str, str, str | None]:
    if is_stream(path):
        raise UnusablePlaylistEntry(STREAM)
    names = names_of(path)
    if not (by := artist or names.artist):
        raise UnusablePlaylistEntry("the file is not named Artist - Title")
    return names.name, by, album or names.album


def _first_artist(ids: str | None) -> str | None:
    """The first of some ids, without the prefix of Spotify."""
    return re.split(r"[,;]", ids)[0].strip().removeprefix("spotify:artist:") if ids else None


def _length(cells: dict[str, str]) -> float | None:
    """The duration in milliseconds: of their column, else of minutes and seconds, or seconds."""
    if (exact := _number(cells.get("duration_ms"))) is not None:
        return exact
    text = cells.get("length", "").strip()
    if clock := CLOCK.fullmatch(text):
        return 1000 * (3600 * int(clock[1] or 0) + 60 * int(clock[2]) + int(clock[3]))
    return milliseconds_of(_number(text))


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None
