"""The files in a .zip or .tar, one after the other, read where they lie."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple

from backports.zstd import tarfile, zipfile

from loaders.core.streams.compressed import read_bounded
from loaders.core.streams.errors import UNPACK_ERRORS, BadArchive

MACOS = "__MACOSX/"  # macOS adds a folder with metadata of every file


class Member(NamedTuple):
    """A file in an archive. name: its path there, as it came. size: in bytes; it may be wrong."""

    name: str
    size: int
    opener: Callable[[], IO[bytes]]

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """The file, unpacked. Errors in it, and in the block that reads it: BadArchive."""
        try:
            with self.opener() as file:
                yield file
        except UNPACK_ERRORS as error:
            raise BadArchive(str(error)) from error

    def read(self, limit: int) -> bytes:
        """The whole content. Errors: BadArchive, also where it has more than `limit` bytes."""
        with self.open() as file:
            return read_bounded(file, limit)


def is_zip(path: Path) -> bool:
    """Whether a file is a .zip, whatever its name; something else may precede the archive."""
    return zipfile.is_zipfile(path)


def zip_members(file: Path | IO[bytes]) -> Iterator[Member]:
    """The files of a .zip; each can be read at any time. Errors: BadArchive, at once."""
    try:
        archive = zipfile.ZipFile(file)
    except UNPACK_ERRORS as error:
        raise BadArchive(str(error)) from error
    return (
        Member(entry.filename, entry.file_size, partial(archive.open, entry))
        for entry in archive.infolist()
        if not entry.is_dir() and MACOS not in entry.filename
    )


def tar_members(path: Path) -> Iterator[Member]:
    """The files of a .tar, packed or not; each can be read until the next one is taken.

    The archive is streamed: it takes neither memory nor disk. Errors: BadArchive, after the members
    before the place where it is cut off or damaged.
    """
    try:
        with tarfile.open(path, "r|*", tarinfo=_TarInfo) as archive:
            for entry in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # it would keep them all
                if entry.isreg() and MACOS not in entry.name:
                    opener: Any = partial(archive.extractfile, entry)
                    yield Member(entry.name, entry.size, opener)
    except UNPACK_ERRORS as error:
        raise BadArchive(str(error)) from error


class _TarInfo(tarfile.TarInfo):
    """A header of a .tar, where only a block of zeros ends the archive.

    tarfile by itself takes a damaged or cut header for the end.
    """

    @classmethod
    def fromtarfile(cls, archive: Any) -> Any:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"it is cut off or damaged: {error}") from error
