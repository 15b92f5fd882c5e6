"""Read a large file once from its start, whatever it is packed with, in constant memory.

What packs it is told by its first bytes. bzip2 is unpacked by several threads, which is what makes
its speed; gzip is as fast in one as what reads it, and costs the least processor time there.
"""

import bz2
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, cast

import rapidgzip
from backports import zstd

from loaders.core.errors import Problem
from loaders.core.http.downloads import open_url

PIECE = 1 << 18  # bytes of the packed file that are read at once
FOOTER = 0x177245385090  # of a bzip2 stream, before its checksum


class BadArchive(Exception):
    """Why an archive cannot be read to its end; what came before it was."""


class Unpacked(Protocol):
    """A stream of bytes; `position` and `size` are of the packed file, None: not known."""

    @property
    def position(self) -> int: ...

    size: int | None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""

    def close(self) -> None: ...


def open_compressed(location: str, *, threads: int = 2, contact: str | None = None) -> Unpacked:
    """Open a path, an http address, or `-` for standard input; a Problem where there is none.

    `read` raises BadArchive where a file is cut off or broken, after all that can be read.
    """
    size = None
    if location == "-":
        stream = sys.stdin.buffer
    elif location.startswith(("http://", "https://")):
        stream = open_url(location, contact)
        size = cast(Any, stream).raw.length
    else:
        try:
            stream = Path(location).open("rb")  # noqa: SIM115 - closed by who reads it
            size = Path(location).stat().st_size if Path(location).is_file() else None
        except OSError as error:
            raise Problem(f"{location}: {error.strerror}") from error
    return unpacked(cast(io.BufferedReader, stream), size, threads)


def unpacked(stream: io.BufferedReader, size: int | None, threads: int) -> Unpacked:
    """The bytes of a stream whose first bytes tell what packs it."""
    start = stream.peek(4)[:4]
    if start.startswith(b"BZh"):
        # Threads look ahead, which a pipe does not allow.
        if stream.seekable():
            return _Bzip2(stream, size, threads)
        return _Streamed(stream, size, bz2.BZ2Decompressor)
    if start.startswith(b"\x1f\x8b"):
        return _Streamed(stream, size, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
    if start == b"\x28\xb5\x2f\xfd":
        return _Streamed(stream, size, zstd.ZstdDecompressor)
    if start.startswith(b"PK\3\4"):
        raise Problem("a .zip: unpack it, or pipe `unzip -p` into -")
    return _Plain(stream, size)


class _Plain:
    def __init__(self, stream: io.BufferedReader, size: int | None) -> None:
        self.stream, self.size = stream, size
        self.position = 0

    def read(self, size: int, /) -> bytes:
        piece = self.stream.read(size)
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self.stream.close()


class _Streamed:
    """gzip, zstd and piped bzip2: members one after the other, as pigz and others write them."""

    def __init__(
        self, stream: io.BufferedReader, size: int | None, begin: Callable[[], Any]
    ) -> None:
        self.stream, self.size, self.begin = stream, size, begin
        self.position = 0
        self.member = begin()
        self.waiting = b""  # packed bytes that were read and not used
        self.error: BadArchive | None = None

    def read(self, size: int, /) -> bytes:
        while True:
            if self.error is not None:
                raise self.error
            if self.member.eof and not self._next_member():
                return b""
            if not self.waiting and getattr(self.member, "needs_input", True):
                self.waiting = self._packed()
                if not self.waiting:
                    raise BadArchive(f"the archive is cut off after {self.position:,} bytes")
            if made := self._step(size):
                return made

    def _step(self, size: int) -> bytes:
        """A little output, perhaps none yet."""
        try:
            made: bytes = self.member.decompress(self.waiting, size)
        except (zlib.error, zstd.ZstdError, OSError) as error:
            raise BadArchive(
                f"the archive is broken near byte {self.position:,}: {error}"
            ) from error
        # zlib hands back what it did not use, zstd keeps it.
        self.waiting = getattr(self.member, "unconsumed_tail", b"")
        return made

    def _next_member(self) -> bool:
        """Whether there is another; archives may be filled up with zeros."""
        rest = self.member.unused_data.lstrip(b"\0")
        while not rest and (piece := self._packed()):
            rest = piece.lstrip(b"\0")
        if rest:
            self.member, self.waiting = self.begin(), rest
        return bool(rest)

    def _packed(self) -> bytes:
        piece = self.stream.read1(PIECE)
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self.stream.close()


class _Bzip2:
    def __init__(self, stream: io.BufferedReader, size: int | None, threads: int) -> None:
        self.stream, self.size = stream, size
        stream.seek(0)
        # Its threads read a descriptor by themselves, and would wait for Python's lock otherwise.
        self.file = rapidgzip.IndexedBzip2File(stream.fileno(), parallelization=threads)
        self.given = 0

    @property
    def position(self) -> int:
        return int(self.file.raw.bz2reader.tell_compressed() // 8)

    def read(self, size: int, /) -> bytes:
        while True:
            try:
                piece: bytes = self.file.read1(size)
            except (RuntimeError, ValueError, OSError) as error:
                if size == 1:
                    raise BadArchive(f"the archive is cut off or broken: {error}") from error
                # It gives nothing where it cannot give all: what is there comes in smaller pieces.
                self.file.seek(self.given)
                size = max(size // 16, 1)
                continue
            self.given += len(piece)
            if not piece and not self._ends_well():
                raise BadArchive(f"the archive is cut off after {self.size or 0:,} bytes")
            return piece

    def _ends_well(self) -> bool:
        """Whether the last stream's footer is there, wherever it begins; it is not missed."""
        self.stream.seek(-min(4096, self.stream.seek(0, io.SEEK_END)), io.SEEK_END)
        tail = self.stream.read()
        end = tail.rstrip(b"\0")  # a file may be filled up; a checksum may end so too
        return any(
            int.from_bytes(end + bytes(zeros)) >> (32 + padding) & ((1 << 48) - 1) == FOOTER
            for zeros in range(min(len(tail) - len(end), 5) + 1)
            for padding in range(8)
        )

    def close(self) -> None:
        self.file.close()
        self.stream.close()
