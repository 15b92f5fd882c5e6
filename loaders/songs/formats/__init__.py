"""Playlist files: a parser per format, which yields playlists and bad entries."""

from loaders.core.entries import BadEntry
from loaders.songs.formats.model import BadPlaylistFile, Playlist, Track
from loaders.songs.formats.reading import FORMATS, File, read

__all__ = ["FORMATS", "BadEntry", "BadPlaylistFile", "File", "Playlist", "Track", "read"]
