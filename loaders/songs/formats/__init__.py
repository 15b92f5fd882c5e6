"""Playlist files: one parser a format, all giving Playlists and what had to be left out."""

from loaders.core.entries import BadEntry
from loaders.songs.formats.model import BadPlaylistFile, Playlist, Track
from loaders.songs.formats.reading import FORMATS, File, read

__all__ = ["FORMATS", "BadEntry", "BadPlaylistFile", "File", "Playlist", "Track", "read"]
