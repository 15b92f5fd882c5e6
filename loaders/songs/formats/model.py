"""Playlists and tracks of any file format, and the ids of tracks."""

import re
import unicodedata
from datetime import datetime
from typing import NamedTuple

from loaders.songs.formats.addresses import (
    SPOTIFY,
    other_kind,
    private_id,
    public_id,
    without_secrets,
)

TEXT_LENGTH, ID_LENGTH = 1000, 300
PLACES = 100_000  # of one playlist

# The number of a track on an album, or of a row: of no meaning in another file.
SMALL_NUMBER = re.compile(r"#?[A-Za-z]?\d{1,7}(?:[.-]\d{1,3})?")
UNSTORABLE = re.compile(r"[\0\ud800-\udfff]")  # not valid in Postgres text
APOSTROPHES = re.compile(r"['’‘`´＇]")
# Marks of Latin, Greek and Cyrillic letters; in other scripts a mark makes another letter.
ACCENTS = re.compile(r"[\u0300-\u036f\ufe00-\ufe0f]")
BETWEEN_WORDS = re.compile(r"[^\w]")
# Other symbols (of mathematics, currencies, hearts) are words: C++ is not C.
SYMBOLS, NO_SYMBOLS = (
    "#%@",
    "|~<>\u00a9\u00ac\u00ae\u2044\u2117\u2120\u2212\u2215\u2217\u2219\u223c\u22c5",
)
# Of players and taggers for a file without an artist; and of records of several artists.
NO_ARTIST = {
    "unknown", "unknown artist", "various", "various artists", "va", "v a", "diverse",
    "verschiedene interpreten", "unbekannter interpret", "unbekannter kunstler", "artiste inconnu",
    "artista desconocido", "artista desconhecido", "artista sconosciuto", "onbekende artiest",
    "nieznany wykonawca", "неизвестныи исполнитель", "不明なアーティスト", "未知艺术家", "未知藝人",
}  # fmt: skip


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

    own_id: an id of the file that is not an address. A small number beside a title, or as the id
    of an artist beside its name, is no id: other files have the same.
    """
    name, artist, length = _text(name), _text(artist), milliseconds(duration_ms)
    if other := other_kind(addresses):
        raise UnusablePlaylistEntry(f"{other}: no track")
    if own_id and (
        (name and SMALL_NUMBER.fullmatch(own_id.strip())) or own_id.startswith("spotify:")
    ):
        own_id = None
    if artist_id and artist and SMALL_NUMBER.fullmatch(artist_id.strip()):
        artist_id = None
    track_id = (
        address_id(addresses)
        or clean(own_id, ID_LENGTH)
        or (clean(private_id(addresses), ID_LENGTH) if not name else None)
        or named_id(artist, name, length)
    )
    return Track(track_id, name, artist, clean(artist_id, ID_LENGTH), clean(album), length)


def _text(text: str | None) -> str | None:
    """A name that can be stored, without secrets in addresses."""
    return clean(without_secrets(text) if text and "://" in text else text)


def address_id(addresses: tuple[str | None, ...]) -> str | None:
    """The id in addresses: see `public_id`. Errors: UnusablePlaylistEntry where it is too long."""
    if len(addresses) == 1 and addresses[0] and (match := SPOTIFY.match(addresses[0])):
        return match[1]  # most are of Spotify
    return clean(public_id(addresses), ID_LENGTH)


def named_id(artist: str | None, name: str | None, duration_ms: int | None = None) -> str:
    """`artist - title`, normalized; without an artist the title and its length in seconds."""
    if not name:
        raise UnusablePlaylistEntry("neither an id nor a title")
    title, by = normal(name), normal(artist or "")
    if not by or by in NO_ARTIST:
        return (
            clean(f"{title} ({duration_ms / 1000:.0f} s)" if duration_ms else title, ID_LENGTH)
            or title
        )
    # Not truncated: else all titles of an artist with a long name would be one track.
    return clean(f"{by} - {title}", ID_LENGTH) or title


def normal(text: str, *, symbols: bool = True) -> str:
    """The text in lower case, without accents and punctuation, with single blanks.

    Punctuation stays where there is nothing else. symbols: keep each as a word.
    """
    letters = APOSTROPHES.sub("", text)
    if not text.isascii():
        apart = ACCENTS.sub("", unicodedata.normalize("NFKD", letters).casefold())
        letters = unicodedata.normalize("NFKC", apart).replace("\u266f", "#")
    between = _symbol_or_blank if symbols else _blank
    words = BETWEEN_WORDS.sub(between, letters.casefold().replace("&", " and "))
    return " ".join(words.split()) or " ".join(text.casefold().split())


def _blank(match: re.Match[str]) -> str:
    """A blank, except for vowel signs (of Hindi or Thai), which are part of a word."""
    return match[0] if unicodedata.category(match[0]).startswith("M") else " "


def _symbol_or_blank(match: re.Match[str]) -> str:
    """Punctuation as a blank, and a symbol as a word."""
    if match[0] == " ":
        return " "
    is_symbol = match[0] in SYMBOLS or (
        unicodedata.category(match[0]) in ("Sc", "Sm", "So") and match[0] not in NO_SYMBOLS
    )
    return f" {match[0]} " if is_symbol else _blank(match)


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
    """A playlist that can be stored, its title and owner without secrets in addresses.

    Errors: UnusablePlaylistEntry for no tracks, or more than PLACES.
    """
    if not tracks:
        raise UnusablePlaylistEntry("no tracks")
    if len(tracks) > PLACES:
        raise UnusablePlaylistEntry(f"{len(tracks):,} tracks: the maximum is {PLACES:,}")
    key, title, owner = _mended(key), _mended(title), _mended(owner)
    shown = _text(title) or "untitled"
    if title and key and title.strip() != shown and key.endswith(title):
        key = key.removesuffix(title) + shown
    return Playlist(clean(key) or shown, shown, tracks, _text(owner), modified_at)


def _mended(text: str | None) -> str | None:
    """The name of a playlist with a mark for each impossible character: none loses its tracks."""
    return UNSTORABLE.sub("\N{REPLACEMENT CHARACTER}", text) if text else text
