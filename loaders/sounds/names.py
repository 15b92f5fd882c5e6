"""The track of a sound file, by the rules of `load playlists`."""

import re
from pathlib import Path

from loaders.core.entries import printable
from loaders.songs.formats.m3u import track_at
from loaders.songs.formats.model import Track, UnusablePlaylistEntry, named_id, track
from loaders.sounds.listening import SoundTags

RECORDING = "https://musicbrainz.org/recording/"
NUMBER_ONLY = re.compile(r"(?:track|titel|piste|pista|traccia)?[\s_-]*\d{1,3}", re.IGNORECASE)
RECORDING_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def track_of(path: Path, tags: SoundTags, seconds: float) -> tuple[Track, list[str]]:
    """The track of a file, and ids under which it may be stored already, in order of preference.

    A file without a title in its tags is named by its path, as in an M3U list. Errors:
    UnusablePlaylistEntry.
    """
    if not tags.title:
        return _named_by_path(path, tags, seconds), []
    named = track(name=tags.title, artist=tags.artist, album=tags.album, duration_ms=1000 * seconds)
    if not RECORDING_ID.fullmatch(tags.recording or ""):
        return named, []
    by_address = track(f"{RECORDING}{tags.recording}", name=tags.title, artist=tags.artist)
    return named, [by_address.track_id]


def _named_by_path(path: Path, tags: SoundTags, seconds: float) -> Track:
    name = printable(str(path))
    try:
        by_path = track_at(name, None, seconds, tags.artist, tags.album)
    except UnusablePlaylistEntry:
        return track(
            name=printable(path.stem),
            artist=tags.artist,
            album=tags.album,
            duration_ms=1000 * seconds,
        )
    title, artist = by_path.name, tags.artist or by_path.artist
    if NUMBER_ONLY.fullmatch(title or ""):  # which each album of the artist has
        folder = printable(path.parent.name)
        title = " - ".join(
            part
            for part in dict.fromkeys((by_path.album, folder, title))
            if part and part != artist
        )
    if (title, artist) == (by_path.name, by_path.artist):
        return by_path
    track_id = named_id(artist, title, by_path.duration_ms)
    return by_path._replace(track_id=track_id, name=title, artist=artist)
