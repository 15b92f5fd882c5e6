"""Playlist files: a parser per format, which yields playlists and bad entries."""

from loaders.core.entries import BadEntry
from loaders.songs.formats.model import BadPlaylistFile, LeftOut, Playlist, Track
from loaders.songs.formats.reading import FORMAT_NAMES, File, read

__all__ = [
    "FORMAT_NAMES",
    "BadEntry",
    "BadPlaylistFile",
    "File",
    "LeftOut",
    "Playlist",
    "Track",
    "read",
]
