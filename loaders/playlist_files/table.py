"""Tables: CSV or TSV with a row a place, header names matched loosely."""

import csv
import io
import re
from collections.abc import Iterator
from operator import itemgetter

from loaders.playlist_files.m3u import decoded
from loaders.playlist_files.model import (
    BadEntry,
    BadFile,
    Playlist,
    Track,
    Unusable,
    bad_entry,
    clean,
    known_id,
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
PATH = re.compile(r"[\\/\s]")  # an id holds no path, nor a sentence


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Playlists in the order they begin; rows of one need not stand together.

    A track is what its id column says. Where one column, called track or song, is all there is,
    it holds ids; beside an artist, or with a blank in it, it holds a title.
    """
    text = decoded(content)
    first = text.split("\n", 1)[0]
    header = header_of(first)
    if header is None:
        raise BadFile("line 1: no header with a column for the playlist and one for the track")
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter_of(first))
    lists: dict[str, list[tuple[float, Track]]] = {}
    titles: dict[str, str] = {}
    try:
        next(rows)
        for row in rows:
            place = f"line {rows.line_num}"
            if not any(row):
                continue
            try:
                key, title, position, made = _place(row, header)
            except Unusable as error:
                yield bad_entry(place, error, ",".join(row))
                continue
            lists.setdefault(key, []).append((position, made))
            titles.setdefault(key, title)
    except csv.Error as error:
        raise BadFile(f"line {rows.line_num}: {error}") from error
    for key, places in lists.items():
        places.sort(key=itemgetter(0))  # stable: rows without a position keep their order
        try:
            whole = key if "://" in key or key.startswith("spotify:") else f"{name}#{key}"
            yield playlist(whole, titles[key], [made for _, made in places])
        except Unusable as error:
            yield bad_entry(f"playlist {key[:100]}", error, titles[key])


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


def _place(row: list[str], header: dict[str, int]) -> tuple[str, str, float, Track]:
    told = {column: row[at] for column, at in header.items() if at < len(row)}
    key = clean(told.get("playlist"))
    if key is None:
        raise Unusable("no playlist")
    position = _number(told.get("position"))
    return key, told.get("title") or key, 0.0 if position is None else position, _track(told)


def _track(told: dict[str, str]) -> Track:
    given, name, artist = (told.get("track") or "").strip(), told.get("name"), told.get("artist")
    address = f"spotify:track:{given}" if SPOTIFY_ID.fullmatch(given) else given
    if told.get("name") == told.get("track"):  # one column for both
        is_title = " " in given or bool(artist and not known_id((address,)))
        name, given = (given, "") if is_title else (None, given)
    return track(
        address if given else None,
        own_id=None if PATH.search(given) else given,
        name=name,
        artist=artist,
        artist_id=told.get("artist_id"),
        album=told.get("album"),
        duration_ms=_number(told.get("duration_ms")),
    )


def _number(text: str | None) -> float | None:
    try:
        number = float(text or "")
    except ValueError:
        return None
    return number if abs(number) < 1e15 else None
