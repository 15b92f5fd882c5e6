"""Playlists and tracks of any file format, and the ids of tracks."""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import NamedTuple
from urllib.parse import unquote

TEXT_LENGTH, ID_LENGTH = 1000, 300
PLACES = 100_000  # of one playlist

SPOTIFY = re.compile(
    r"(?:spotify:track:|https?://open\.spotify\.com/(?:intl-\w+/)?track/)([0-9A-Za-z]{22})(?![0-9A-Za-z])"
)
RECORDING = re.compile(
    r"https?://(?:www\.)?musicbrainz\.org/recording/([0-9a-f-]{36})/?", re.IGNORECASE
)
ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)
OWN = "pgmuse:track:"  # before the quoted id of any track, in playlists that pgmuse wrote
# Addresses of audio files identify a file, not a recording.
AUDIO_FILE = re.compile(
    r"\.(?:mp3|m4a|aac|flac|ogg|oga|opus|wav|wma|aiff?|m3u8?|pls)(?:[?#]|$)", re.IGNORECASE
)
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # not valid in Postgres text
APOSTROPHES = re.compile(r"['’‘`´＇]")
# Marks of Latin, Greek and Cyrillic letters; in other scripts a mark makes another letter.
ACCENTS = re.compile(r"[\u0300-\u036f\ufe00-\ufe0f]")
BETWEEN_WORDS = re.compile(r"[^\w]")
NUMBERED = re.compile(r"^\d{1,3}[ ._-]+(?=\S)")  # "01 - " before a file's name


class Track(NamedTuple):
    """A track at one place of a playlist."""

    track_id: str
    name: str | None = None
    artist: str | None = None
    artist_id: str | None = None
    album: str | None = None
    duration_ms: int | None = None


class Playlist(NamedTuple):
    """A playlist; tracks are in order and may repeat."""

    key: str  # its address, or its file's name with `#` and a key unique in the file
    title: str
    tracks: list[Track]
    owner: str | None = None
    modified_at: datetime | None = None


class LeftOut(NamedTuple):
    """A number of entries that are left out on purpose; the label is part of the result line."""

    label: str
    number: int


class BadPlaylistFile(Exception):
    """A file of which no entry can be used; the message gives place and reason."""


class UnusablePlaylistEntry(ValueError):
    """An entry that cannot be used; the message gives the reason."""


def clean(text: str | None, limit: int = TEXT_LENGTH) -> str | None:
    """The text without surrounding white space; None where it is empty.

    Errors: UnusablePlaylistEntry where it is longer than `limit`, or Postgres cannot store it.
    """
    if text is None:
        return None
    if len(text) > limit:
        raise UnusablePlaylistEntry(f"a text of {len(text):,} characters: the maximum is {limit:,}")
    if not (text.isascii() and "\0" not in text) and UNSTORABLE.search(text):
        raise UnusablePlaylistEntry("a NUL or an unpaired surrogate in a text")
    return text.strip() or None


def track(
    *addresses: str | None,
    own_id: str | None = None,
    name: str | None = None,
    artist: str | None = None,
    artist_id: str | None = None,
    album: str | None = None,
    duration_ms: float | None = None,
) -> Track:
    """A track, identified by its Spotify id, else its address, else own_id, else artist and title.

    own_id: an id of the file that is not an address.
    """
    name, artist = clean(name), clean(artist)
    track_id = address_id(addresses) or clean(own_id, ID_LENGTH) or named_id(artist, name)
    other = clean(artist_id, ID_LENGTH), clean(album), milliseconds(duration_ms)
    return Track(track_id, name, artist, *other)


def address_id(addresses: tuple[str | None, ...]) -> str | None:
    """The first Spotify id, else the first address that is not an audio file's."""
    stripped = [address.strip() for address in addresses if address]
    for address in stripped:
        if match := SPOTIFY.match(address):
            return match[1]
        if address.startswith(OWN):
            return clean(unquote(address.removeprefix(OWN)), ID_LENGTH)
    for address in stripped:
        if match := RECORDING.fullmatch(address):
            return f"https://musicbrainz.org/recording/{match[1].lower()}"
        if ADDRESS.fullmatch(address) and not AUDIO_FILE.search(address):
            return clean(address, ID_LENGTH)
    return None


def named_id(artist: str | None, name: str | None) -> str:
    """`artist - title`, normalized."""
    if not name:
        raise UnusablePlaylistEntry("neither an id nor a title")
    title, by = normal(name), normal(artist or "")
    # Not truncated: else all titles of an artist with a long name would be one track.
    return clean(f"{by} - {title}" if by else title, ID_LENGTH) or title


def normal(text: str) -> str:
    """The text in lower case, without accents and punctuation, with single blanks.

    Punctuation stays where there is nothing else.
    """
    letters = APOSTROPHES.sub("", text)
    if not text.isascii():
        apart = ACCENTS.sub("", unicodedata.normalize("NFKD", letters).casefold())
        letters = unicodedata.normalize("NFKC", apart)
    words = BETWEEN_WORDS.sub(_blank, letters.casefold().replace("&", " and "))
    return " ".join(words.split()) or " ".join(text.casefold().split())


def _blank(match: re.Match[str]) -> str:
    """A blank, except for vowel signs (of Hindi or Thai), which are part of a word."""
    return match[0] if unicodedata.category(match[0]).startswith("M") else " "


def named_by_file(path: str) -> str:
    """A file's name without folder, leading number and suffix."""
    last = unquote(re.split(r"[\\/]", path)[-1])
    return NUMBERED.sub("", AUDIO_FILE.sub("", last).strip())


def is_file(text: str) -> bool:
    """Whether the text is the path of an audio file, or a file: address."""
    return bool(AUDIO_FILE.search(text)) or text.lower().startswith("file:")


def spotify_only(locations: Iterable[str]) -> Iterator[str]:
    """The locations that are addresses of Spotify: others do not identify a track."""
    return (location for location in locations if SPOTIFY.match(location.strip()))


def milliseconds(value: float | None) -> int | None:
    """A duration that fits an integer column; None where it is out of range."""
    return int(value) if value is not None and 0 < value < 2**31 else None


def playlist(
    key: str | None,
    title: str | None,
    tracks: list[Track],
    owner: str | None = None,
    modified_at: datetime | None = None,
) -> Playlist:
    """A playlist that can be stored.

    Errors: UnusablePlaylistEntry for no tracks, or more than PLACES.
    """
    if not tracks:
        raise UnusablePlaylistEntry("no tracks")
    if len(tracks) > PLACES:
        raise UnusablePlaylistEntry(f"{len(tracks):,} tracks: the maximum is {PLACES:,}")
    title = clean(title) or "untitled"
    return Playlist(clean(key) or title, title, tracks, clean(owner), modified_at)
