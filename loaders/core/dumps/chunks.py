"""Pieces of a dump: whole entries each, as what cuts a stream hands them on."""

from typing import NamedTuple, Protocol

CHUNK = 4 << 20  # bytes
LONGEST = 64 << 20  # bytes of one entry
KEPT_START = 1000  # bytes


class Readable(Protocol):
    """What can be read once from its start."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""


class Chunk(NamedTuple):
    """Whole entries; `unit` and `first` say where the first stands in the source."""

    content: bytes
    unit: str
    first: int


class OpenEnd(NamedTuple):
    """The end of a source that does not say whether it is complete."""

    reason: str


class Beginning:
    """A stream that keeps its first bytes, for an error message."""

    def __init__(self, stream: Readable) -> None:
        self.stream, self.start = stream, b""

    def read(self, size: int, /) -> bytes:
        """As the stream does."""
        piece = self.stream.read(size)
        if len(self.start) < KEPT_START:
            self.start += piece[:KEPT_START]
        return piece
