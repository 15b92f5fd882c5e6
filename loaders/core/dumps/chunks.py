"""Chunks of a dump: some megabytes of complete entries."""

from typing import NamedTuple, Protocol

CHUNK = 4 << 20  # bytes
LONGEST = 64 << 20  # bytes of one entry
PREFIX_LENGTH = 1000  # bytes


class Readable(Protocol):
    """A stream that is read once, from its start."""

    def read(self, size: int, /) -> bytes:
        """Return up to `size` bytes, b"" at the end."""


class Chunk(NamedTuple):
    """Complete entries. unit: such as "line"; first: the number of the first one in the source."""

    content: bytes
    unit: str
    first: int


class UnconfirmedEnd(NamedTuple):
    """The end of a source whose format does not mark its end: it may be cut off."""

    reason: str


class PrefixReader:
    """A stream that keeps its first 1,000 bytes in `prefix`, for error messages."""

    def __init__(self, stream: Readable) -> None:
        self.stream, self.prefix = stream, b""

    def read(self, size: int, /) -> bytes:
        """Read from the stream."""
        piece = self.stream.read(size)
        if len(self.prefix) < PREFIX_LENGTH:
            self.prefix += piece[:PREFIX_LENGTH]
        return piece
