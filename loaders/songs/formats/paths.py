"""Artist, album and title in the path of an audio file."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from loaders.songs.formats.addresses import AUDIO_FILE
from loaders.songs.formats.model import NO_ARTIST, normal

LONGEST = 4000  # characters that are split; no longer text is stored
DASH = re.compile(r"\s+[-\u2013\u2014]\s+")
# A number of the disc and the track, a number and punctuation, or a number with a leading zero.
NUMBER = re.compile(
    r"\d{1,2}[-.]\d{2}(?:[\s._)-]+)(?=\S)|\d{1,3}(?:\s*[.)_-]+\s*)(?=\D)|0\d{1,2}\s+(?=\S)"
)
LISTED_NUMBER = re.compile(r"\d{1,3}\s+(?=\S)")  # where other names of the list have a zero
PADDED = re.compile(r"0\d{1,2}\s+\S")
NUMBER_ALONE = re.compile(r"0\d{1,2}|\d{1,2}-\d{2}")
MIDDLE_NUMBER = re.compile(r"(?:\d{1,2}-)?\d{1,3}")
DISC = re.compile(r"(?:cd|dis[ck]|dvd|lp|vol(?:ume)?|side)[\s._-]*[\da-d]{1,2}", re.IGNORECASE)
YEAR = re.compile(r"[(\[]?\d{4}[)\]]?")
# What follows a title, in names without an artist.
VERSION = re.compile(
    r"live\b|acoustic\b|instrumental\b|demo\b|bonus\b|reprise\b|(?:\d{4} )?re-?master|remix"
    r"|.*\b(?:version|edit|mix|remaster(?:ed)?|remix)$|(?:feat|ft)\b",
    re.IGNORECASE,
)
# Folders whose folders are no artists, and folders whose folders may be, in some languages.
MIXED = NO_ARTIST | {
    "compilations",
    "soundtracks",
    "playlists",
    "tmp",
    "temp",
    "desktop",
    "documents",
}
ROOTS = MIXED | {
    "music", "my music", "musik", "musique", "musica", "musicas", "muziek", "muzyka", "музыка",
    "音楽", "音乐", "音樂", "audio", "mp3", "mp3s", "flac", "songs", "media", "library", "itunes",
    "itunes media", "itunes music", "download", "downloads", "collection", "singles", "shared",
    "share",
}  # fmt: skip
OWNED = {"home", "users", "documents and settings"}  # the next folder is a user's name


class Named(NamedTuple):
    """What a path says of a file; artist and album may be in its folders."""

    name: str
    artist: str | None = None
    album: str | None = None


def names_of(path: str, *, is_numbered: bool = False) -> Named:
    """Artist, album and title of a file.

    `Artist - Title`, `01 - Title` in folders of artist and album, and `Artist - Album - 01 - Title`
    are read. is_numbered: names in the same list have numbers with a leading zero.
    """
    if len(path) > LONGEST:
        return Named(path)
    is_web = path.lower().startswith(("http:", "https:"))
    *folders, last = re.split(r"[\\/]", unquote(re.split("[?#]", path)[0] if is_web else path))
    stem = AUDIO_FILE.sub("", last).strip()
    name = NUMBER.sub("", stem, count=1) if NUMBER.match(stem) else stem
    if is_numbered and name == stem:
        name = LISTED_NUMBER.sub("", stem, count=1) if LISTED_NUMBER.match(stem) else stem
    by, album = _of_folders(folders, is_web=is_web)
    parts = DASH.split(name)
    for at in range(1, len(parts) - 1):
        if MIDDLE_NUMBER.fullmatch(parts[at]):
            within = " - ".join(parts[1:at]) or album
            return Named(" - ".join(parts[at + 1 :]), parts[0], within)
    is_version = len(parts) == 2 and name != stem and by and VERSION.match(parts[1])
    if len(parts) > 1 and not is_version:
        return Named(" - ".join(parts[1:]), parts[0], album)
    return Named(name, by, album)


def split_names(shown: str) -> Named:
    """The artist before the first dash and the title; a number there is no artist."""
    by, *rest = DASH.split(shown.strip(), maxsplit=1) if len(shown) <= LONGEST else [shown]
    if rest and NUMBER_ALONE.fullmatch(by):
        return split_names(rest[0])
    return Named(rest[0], by) if rest else Named(by)


def has_padded_number(path: str) -> bool:
    """Whether the name of a file begins with a number such as 01."""
    return bool(PADDED.match(re.split(r"[\\/]", unquote(path))[-1]))


def _of_folders(folders: list[str], *, is_web: bool) -> tuple[str | None, str | None]:
    """Artist and album, from the folders above a file; on the web only below one for music."""
    is_absolute = bool(folders) and (folders[0] in ("", "file:") or folders[0].endswith(":"))
    inner = [one.strip() for one in folders if one.strip(". ") and not one.endswith(":")]
    if inner and inner[0].lower() in OWNED:
        inner = inner[2:]
    while inner and DISC.fullmatch(inner[-1]):
        inner.pop()
    roots = [at for at, folder in enumerate(inner) if normal(folder) in ROOTS]
    below = inner[roots[-1] + 1 :] if roots else inner
    if not below or (is_web and not (roots and len(below) > 1)):
        return None, None
    first, *rest = DASH.split(below[-1], maxsplit=1)
    if rest and not YEAR.fullmatch(first):
        return first, rest[0]
    if len(below) > 1:
        return below[-2], rest[0] if rest else below[-1]
    # One folder is an artist's in a folder of music, or beside the playlist.
    is_of_artist = normal(inner[roots[-1]]) not in MIXED if roots else not is_absolute
    return (below[-1], None) if is_of_artist else (None, below[-1])
