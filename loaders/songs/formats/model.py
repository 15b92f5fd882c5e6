"""What playlist files hold, whatever their format, and how a track is told from another."""

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
# Addresses say where a recording is described; these say where a file lies.
AUDIO_FILE = re.compile(
    r"\.(?:mp3|m4a|aac|flac|ogg|oga|opus|wav|wma|aiff?|m3u8?|pls)(?:[?#]|$)", re.IGNORECASE
)
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # Postgres keeps neither in text
APOSTROPHES = re.compile(r"['’‘`´＇]")
# Of Latin, Greek and Cyrillic letters. Marks of other scripts make another letter.
ACCENTS = re.compile(r"[\u0300-\u036f\ufe00-\ufe0f]")
BETWEEN_WORDS = re.compile(r"[^\w]")
NUMBERED = re.compile(r"^\d{1,3}[ ._-]+(?=\S)")  # 01 - in front of a file's name


class Track(NamedTuple):
    """One place of a playlist."""

    track_id: str
    name: str | None = None
    artist: str | None = None
    artist_id: str | None = None
    album: str | None = None
    duration_ms: int | None = None


class Playlist(NamedTuple):
    """A playlist: order and repeated tracks are kept."""

    key: str  # its address, or what tells it from others in its file
    title: str
    tracks: list[Track]
    owner: str | None = None
    modified_at: datetime | None = None


class BadPlaylistFile(Exception):
    """Nothing of the file can be kept: it says why, and where."""


class UnusablePlaylistEntry(ValueError):
    """Why an entry cannot be used."""


def clean(text: str | None, limit: int = TEXT_LENGTH) -> str | None:
    """A text without white space around it, None where nothing is left."""
    if text is None:
        return None
    if len(text) > limit:
        raise UnusablePlaylistEntry(f"a text of {len(text):,} characters, {limit:,} are kept")
    if not (text.isascii() and "\0" not in text) and UNSTORABLE.search(text):
        raise UnusablePlaylistEntry("a NUL or half a character in a text")
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
    """A track by its Spotify id, else its recording's address, else artist and title.

    `own_id` is one that only its file knows, for what is no address.
    """
    name, artist = clean(name), clean(artist)
    track_id = known_id(addresses) or clean(own_id, ID_LENGTH) or named_id(artist, name)
    other = clean(artist_id, ID_LENGTH), clean(album), milliseconds(duration_ms)
    return Track(track_id, name, artist, *other)


def known_id(addresses: tuple[str | None, ...]) -> str | None:
    """The first Spotify id, else the first address that is not a file's."""
    given = [address.strip() for address in addresses if address]
    for address in given:
        if found := SPOTIFY.match(address):
            return found[1]
    for address in given:
        if found := RECORDING.fullmatch(address):
            return f"https://musicbrainz.org/recording/{found[1].lower()}"
        if ADDRESS.fullmatch(address) and not AUDIO_FILE.search(address):
            return clean(address, ID_LENGTH)
    return None


def named_id(artist: str | None, name: str | None) -> str:
    """`artist - title`, the same for the spellings of one name."""
    if not name:
        raise UnusablePlaylistEntry("neither an id nor a title")
    title, by = normal(name), normal(artist or "")
    # Cut, the titles of an artist with a long name would be one track.
    return clean(f"{by} - {title}" if by else title, ID_LENGTH) or title


def normal(text: str) -> str:
    """Lower case, no accents, no punctuation unless there is nothing else, single blanks."""
    letters = APOSTROPHES.sub("", text)
    if not text.isascii():
        apart = ACCENTS.sub("", unicodedata.normalize("NFKD", letters).casefold())
        letters = unicodedata.normalize("NFKC", apart)
    words = BETWEEN_WORDS.sub(_blank, letters.casefold().replace("&", " and "))
    return " ".join(words.split()) or " ".join(text.casefold().split())


def _blank(found: re.Match[str]) -> str:
    """A blank, but a vowel sign (of Hindi, of Thai) belongs to its word."""
    return found[0] if unicodedata.category(found[0]).startswith("M") else " "


def named_by_file(path: str) -> str:
    """What a file's name says, without its folder, number and ending."""
    last = unquote(re.split(r"[\\/]", path)[-1])
    return NUMBERED.sub("", AUDIO_FILE.sub("", last).strip())


def is_file(text: str) -> bool:
    """Whether this is the path of a file."""
    return bool(AUDIO_FILE.search(text)) or text.lower().startswith("file:")


def spotify_only(locations: Iterable[str]) -> Iterator[str]:
    """Of where a track lies, what identifies it."""
    return (location for location in locations if SPOTIFY.match(location.strip()))


def milliseconds(value: float | None) -> int | None:
    """A length that a column of 4 bytes holds, None for nonsense."""
    return int(value) if value is not None and 0 < value < 2**31 else None


def playlist(
    key: str | None,
    title: str | None,
    tracks: list[Track],
    owner: str | None = None,
    modified_at: datetime | None = None,
) -> Playlist:
    """A playlist that can be stored; raises UnusablePlaylistEntry where it is empty or endless."""
    if not tracks:
        raise UnusablePlaylistEntry("no tracks")
    if len(tracks) > PLACES:
        raise UnusablePlaylistEntry(f"{len(tracks):,} tracks, {PLACES:,} are the most")
    title = clean(title) or "untitled"
    return Playlist(clean(key) or title, title, tracks, clean(owner), modified_at)
