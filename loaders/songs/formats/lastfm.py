"""Scrobbles of Last.fm, as the tools that export them write them: CSV and JSON.

CSV has the columns artist, album, track and date, without a header from
https://benjaminbenben.com/lastfm-to-csv/, and more of them with one from https://lastfm.ghan.nl/export/
and https://lastfmstats.com. JSON holds the entries of user.getRecentTracks, or the scrobbles of
lastfmstats.com. Times are those at which a track started, in UTC, some only to the minute.
"""

import csv
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.csv_rows import rows_of
from loaders.songs.formats.history import TIMELESS, History, seconds_of
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.m3u import LINE_END, decode_text
from loaders.songs.formats.model import BadPlaylistFile, UnusablePlaylistEntry, track

# Names of each column without blanks and punctuation; the first one in the header is used.
NAMES = {
    "time": ["uts", "utctime", "timestamp", "date", "playedat", "scrobbledat"],
    "artist": ["artist", "artistname"],
    "album": ["album", "albumname"],
    "name": ["track", "trackname", "name", "title", "song"],
}
WITHOUT_HEADER = {"artist": 0, "album": 1, "name": 2, "time": 3}
DATE = re.compile(r"(\d{1,2}) ([A-Z][a-z]{2}) (\d{4}),? (\d{2}):(\d{2})(?::(\d{2}))?")
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]


class Scrobble(NamedTuple):
    """A play as the file has it."""

    artist: str | None
    album: str | None
    name: str | None
    time: str | int | None


def columns_of(lines: list[str]) -> dict[str, int] | None:
    """The number of each column by its name in NAMES; None where the lines are no scrobbles."""
    if not lines:
        return None
    rows = [_cells(line, lines[0]) for line in lines]
    header = [re.sub(r"[\W_]", "", cell.partition("#")[0].lower()) for cell in rows[0]]
    columns = {
        column: header.index(name)
        for column, names in NAMES.items()
        if (name := next((name for name in names if name in header), None))
    }
    if {"artist", "name", "time"} <= columns.keys():
        return columns
    is_plain = any(len(row) == 4 and DATE.fullmatch(row[3].strip()) for row in rows)
    return WITHOUT_HEADER if is_plain else None


def is_history(text: str) -> bool:
    """Whether a text begins as scrobbles do: a column for times has one in the first lines."""
    lines = first_lines(text)
    if (columns := columns_of(lines)) is None:
        return False
    rows = [_cells(line, lines[0]) for line in lines[1:]]
    times = [row[columns["time"]] for row in rows if columns["time"] < len(row)]
    return columns is WITHOUT_HEADER or not any(times) or any(map(_seconds, times))


def read_plays(content: bytes, history: History) -> Iterator[BadEntry]:
    """Add the scrobbles of a file to a history; yield entries that are no scrobbles."""
    scrobbles = list(_scrobbles(content))
    times = [_seconds(scrobble.time) for _, scrobble in scrobbles]
    dated = [time for time in times if time is not None]
    # Files begin with the last play: those of one minute are reversed too.
    is_reversed = bool(dated) and dated[0] > dated[-1]
    for (place, scrobble), seconds in _ordered(zip(scrobbles, times, strict=True), is_reversed):
        if seconds is None:
            history.left_out[TIMELESS] += 1
            continue
        key = scrobble[:3]
        if (number := history.numbers.get(key)) is None:
            try:
                parsed = track(name=scrobble.name, artist=scrobble.artist, album=scrobble.album)
            except UnusablePlaylistEntry as error:
                yield bad_entry(place, error, "")
                continue
            number = history.add_track(key, parsed)
        minute = seconds // 60 * 60_000  # all that some exports have
        history.add(number, seconds, minute, minute)


def _ordered(entries: Iterable[Any], is_reversed: bool) -> Iterable[Any]:
    return reversed(list(entries)) if is_reversed else entries


def _scrobbles(content: bytes) -> Iterator[tuple[str, Scrobble]]:
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        document: Any = decode_json(msgspec.json.decode, content, "scrobbles of Last.fm")
        for number, entry in enumerate(_entries(document), start=1):
            yield f"scrobble {number}", entry
        return
    text = decode_text(content)
    lines = first_lines(text)
    if (columns := columns_of(lines)) is None:
        raise BadPlaylistFile("line 1: no columns for artist, track and time")
    if columns is WITHOUT_HEADER:
        text = f"\n{text}"
    for line, row in rows_of(text, _delimiter(lines[0])):
        cells = {name: row[at] for name, at in columns.items() if at < len(row)}
        scrobble = Scrobble(*(cells.get(name) for name in Scrobble._fields))
        yield f"line {line - (columns is WITHOUT_HEADER)}", scrobble


def first_lines(text: str) -> list[str]:
    """The first lines that have text: one of them shows the format of its date."""
    return [line for line in LINE_END.split(text[:65_536])[:9] if line.strip("\ufeff ")]


def _entries(value: Any) -> Iterator[Scrobble]:
    """Each scrobble in lists and objects of pages."""
    if isinstance(value, list):
        for entry in value:
            yield from _entries(entry)
    elif isinstance(value, dict) and "artist" in value:
        if (value.get("@attr") or {}) != {"nowplaying": "true"}:
            yield _entry(value)
    elif isinstance(value, dict):
        for name in ("recenttracks", "scrobbles", "track", "tracks"):
            yield from _entries(value.get(name))


def _entry(value: dict[str, Any]) -> Scrobble:
    date = value.get("date")
    time = (date.get("uts") or date.get("#text")) if isinstance(date, dict) else date
    return Scrobble(
        _text(value["artist"]),
        _text(value.get("album")),
        _text(value.get("name") or value.get("track")),
        time if isinstance(time, str | int) else None,
    )


def _text(value: Any) -> str | None:
    """A name, which may be in an object."""
    if isinstance(value, dict):
        value = value.get("#text") or value.get("name")
    return value if isinstance(value, str) else None


def _seconds(time: str | int | None) -> int | None:
    """The Unix time of a number of seconds or milliseconds, or of a date."""
    text = str(time or "").strip()
    if text.isascii() and text.isdigit() and len(text) < 16:
        number = int(text)
        return number // 1000 if number > 10**11 else number
    if (match := DATE.fullmatch(text)) and match[2] in MONTHS:
        day, month, year, hour, minute, second = match.groups(default="0")
        try:
            parts = int(year), MONTHS.index(month) + 1, int(day), int(hour), int(minute)
            return int(datetime(*parts, int(second), tzinfo=UTC).timestamp())
        except ValueError:
            return None
    return seconds_of(text)


def _cells(line: str, first: str) -> list[str]:
    try:
        return next(csv.reader([line.strip("\ufeff\r\n")], delimiter=_delimiter(first)), [])
    except csv.Error:
        return []


def _delimiter(first: str) -> str:
    return max("\t;,", key=first.count)
