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


class PeekableStream:
    """A stream whose beginning can be examined before it is read."""

    def __init__(self, stream: Readable) -> None:
        self.stream = stream
        self.peeked = b""
        self.error: Exception | None = None

    def peek(self, length: int) -> bytes:
        """Return at least `length` bytes, less at the end; `read` returns them again."""
        try:
            while self.error is None and len(self.peeked) < length:
                piece = self.stream.read(1 << 20)
                if not piece:
                    break
                self.peeked += piece
        except Exception as error:  # an archive is cut off; `read` raises it after the good part
            self.error = error
        return self.peeked

    def read(self, size: int, /) -> bytes:
        """Return at least one byte, b"" at the end."""
        if self.peeked:
            piece, self.peeked = self.peeked[:size], self.peeked[size:]
            return piece
        if self.error is not None:
            raise self.error
        return self.stream.read(size)
