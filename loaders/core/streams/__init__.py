"""Compressed streams and archives."""

from loaders.core.streams.compressed import open_compressed
from loaders.core.streams.errors import BadArchive

__all__ = ["BadArchive", "open_compressed"]
