"""Pieces of a dump: whole entries each, as what cuts a stream hands them on."""

from typing import NamedTuple, Protocol

CHUNK = 4 << 20  # bytes
LONGEST = 64 << 20  # bytes of one entry


class Readable(Protocol):
    """What can be read once from its start."""

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""


class Chunk(NamedTuple):
    """Whole entries; `unit` and `first` say where the first stands in the source."""

    content: bytes
    unit: str
    first: int


class Unreadable(NamedTuple):
    """An entry of more than LONGEST bytes, or what is none at all."""

    place: str
    reason: str
    start: str
