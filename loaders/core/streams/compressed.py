"""Read a large compressed file once from its start, in constant memory.

The first bytes of a file say which compression it has. bzip2 is decompressed by several threads,
since it is slow; one thread decompresses gzip as fast as the loaders parse, for the least processor
time.
"""

import bz2
import gzip
import io
import sys
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol, cast

import rapidgzip
from backports import zstd

from loaders.core.errors import Problem
from loaders.core.http.downloads import open_url
from loaders.core.streams.errors import UNPACK_ERRORS, BadArchive

PIECE = 1 << 18  # bytes of the compressed file that are read at once
GZIP, BZIP2, ZSTD, ZIP = b"\x1f\x8b", b"BZh", b"\x28\xb5\x2f\xfd", b"PK\3\4"
FOOTER = 0x177245385090  # of a bzip2 stream, before its checksum


class Stream(Protocol):
    """Decompressed bytes. position, size: in the compressed file; size None: unknown."""

    @property
    def position(self) -> int: ...

    size: int | None

    def read(self, size: int, /) -> bytes:
        """Up to `size` bytes, b"" at the end."""

    def close(self) -> None: ...


def open_compressed(location: str, *, threads: int = 2, contact: str | None = None) -> Stream:
    """Open a path, an http address, or `-` for standard input. Errors: Problem.

    `read` raises BadArchive where a file is cut off or broken, after all bytes before that place.
    """
    size = None
    if location == "-":
        stream = sys.stdin.buffer
    elif location.startswith(("http://", "https://")):
        stream = open_url(location, contact)
        size = cast(Any, stream).raw.length
    else:
        try:
            stream = Path(location).open("rb")  # noqa: SIM115 - the caller closes it
            size = Path(location).stat().st_size if Path(location).is_file() else None
        except OSError as error:
            raise Problem(f"{location}: {error.strerror}") from error
    return _stream(cast(io.BufferedReader, stream), size, threads)


def decompress(content: bytes, limit: int) -> bytes:
    """The content of a small .gz or .bz2, other bytes as they are.

    Errors: BadArchive, also where it has more than `limit` bytes.
    """
    if not content.startswith((GZIP, BZIP2)):
        return content
    opener = gzip.open if content.startswith(GZIP) else bz2.open
    with cast(IO[bytes], opener(io.BytesIO(content))) as file:
        return read_bounded(file, limit)


def read_bounded(file: IO[bytes], limit: int) -> bytes:
    """The rest of a file. Errors: BadArchive, also where it has more than `limit` bytes."""
    try:
        content = file.read(limit + 1)
    except UNPACK_ERRORS as error:
        raise BadArchive(str(error)) from error
    if len(content) > limit:
        raise BadArchive(f"more than {limit >> 20} MB unpacked: split it")
    return content


def _stream(stream: io.BufferedReader, size: int | None, threads: int) -> Stream:
    start = stream.peek(4)[:4]
    if start.startswith(BZIP2):
        # Threads seek, which a pipe cannot.
        if stream.seekable():
            return _Bzip2(stream, size, threads)
        return _Streamed(stream, size, bz2.BZ2Decompressor)
    if start.startswith(GZIP):
        return _Streamed(stream, size, lambda: zlib.decompressobj(zlib.MAX_WBITS | 16))
    if start == ZSTD:
        return _Streamed(stream, size, zstd.ZstdDecompressor)
    if start == ZIP:
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
    """gzip, zstd and piped bzip2, of one or more members, as pigz and others write them."""

    def __init__(
        self, stream: io.BufferedReader, size: int | None, decompressor: Callable[[], Any]
    ) -> None:
        self.stream, self.size, self.decompressor = stream, size, decompressor
        self.position = 0
        self.member = decompressor()
        self.pending = b""  # compressed bytes that were read and not used

    def read(self, size: int, /) -> bytes:
        while True:
            if self.member.eof and not self._next_member():
                return b""
            if not self.pending and getattr(self.member, "needs_input", True):
                self.pending = self._compressed()
                if not self.pending:
                    raise BadArchive(f"the archive is cut off after {self.position:,} bytes")
            if piece := self._step(size):
                return piece

    def _step(self, size: int) -> bytes:
        """The next output, which may be empty."""
        try:
            piece: bytes = self.member.decompress(self.pending, size)
        except UNPACK_ERRORS as error:
            raise BadArchive(
                f"the archive is broken near byte {self.position:,}: {error}"
            ) from error
        # zlib returns the input that it did not use, bz2 and zstd keep it.
        self.pending = getattr(self.member, "unconsumed_tail", b"")
        return piece

    def _next_member(self) -> bool:
        """Begin the next member; False where there is none. Zeros may pad an archive."""
        rest = self.member.unused_data.lstrip(b"\0")
        while not rest and (piece := self._compressed()):
            rest = piece.lstrip(b"\0")
        if rest:
            self.member, self.pending = self.decompressor(), rest
        return bool(rest)

    def _compressed(self) -> bytes:
        piece = self.stream.read1(PIECE)
        self.position += len(piece)
        return piece

    def close(self) -> None:
        self.stream.close()


class _Bzip2:
    def __init__(self, stream: io.BufferedReader, size: int | None, threads: int) -> None:
        self.stream, self.size = stream, size
        stream.seek(0)
        # With a descriptor its threads read without Python's global lock.
        self.file = rapidgzip.IndexedBzip2File(stream.fileno(), parallelization=threads)
        self.offset = 0  # of the decompressed bytes

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
                # It returns nothing where it cannot return all: read smaller pieces.
                self.file.seek(self.offset)
                size = max(size // 16, 1)
                continue
            self.offset += len(piece)
            if not piece and not self._has_footer():
                raise BadArchive(f"the archive is cut off after {self.size or 0:,} bytes")
            return piece

    def _has_footer(self) -> bool:
        """Whether the last stream's footer, at any bit, ends the file: rapidgzip does not check."""
        self.stream.seek(-min(4096, self.stream.seek(0, io.SEEK_END)), io.SEEK_END)
        tail = self.stream.read()
        end = tail.rstrip(b"\0")  # zeros may pad a file; a checksum may end with zeros too
        return any(
            int.from_bytes(end + bytes(zeros)) >> (32 + padding) & ((1 << 48) - 1) == FOOTER
            for zeros in range(min(len(tail) - len(end), 5) + 1)
            for padding in range(8)
        )

    def close(self) -> None:
        self.file.close()
        self.stream.close()
