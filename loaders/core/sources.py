"""Sources by where they are: their stored name, and what tells that they changed."""

import hashlib
import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.folders import facts
from loaders.core.http import downloads

STANDARD_INPUT = "standard input"
ADDRESS = ("http://", "https://")
HASHED = 64 << 20  # bytes up to which all of a file is hashed
ENDS = 1 << 20  # bytes at either end of a larger one


@dataclass(frozen=True)
class Source:
    """A file, a folder, an http address, or `-` for standard input.

    hidden: whether files whose names begin with a dot count in a folder. contact: for addresses.
    """

    location: str
    hidden: bool = False
    contact: str | None = None

    @property
    def is_address(self) -> bool:
        return self.location.startswith(ADDRESS)

    @property
    def path(self) -> Path:
        return Path(self.location)

    @property
    def name(self) -> str:
        """The name in muse.sources: an absolute path, or an address without secrets."""
        if self.location == "-":
            return STANDARD_INPUT
        if self.is_address:
            return without_secrets(self.location)
        return printable(str(self.path.resolve()))

    @property
    def is_repeatable(self) -> bool:
        """Whether `refresh` can read it again: not a pipe, nor an address with secrets."""
        return self.location != "-" and not (self.is_address and self.name != self.location)

    def fingerprint(self, *settings: object) -> str | None:
        """A text that differs where the content or one of the settings does.

        None: it cannot be told, as of a pipe or an address whose server says nothing. A file of
        more than 64 MiB is known by its size, time and ends. Errors: Problem.
        """
        if self.location == "-":
            return None
        try:
            content = self._content()
        except OSError as error:
            raise Problem(f"{self.location}: {error.strerror}") from error
        if content is None or not settings:
            return content
        return digest([content, *settings])

    def _content(self) -> str | None:
        if self.is_address:
            return downloads.fingerprint(self.location, self.contact)
        if self.path.is_dir():
            return digest(facts(self.path.resolve(), hidden=self.hidden))
        return file_fingerprint(self.path) if self.path.is_file() else None


def file_fingerprint(path: Path) -> str:
    """The SHA-256 of a small file; size, time and a hash of both ends of a large one."""
    size = path.stat().st_size
    if size <= HASHED:
        return sha256(path)
    with path.open("rb") as file:
        ends = hashlib.sha256(file.read(ENDS))
        file.seek(-ENDS, os.SEEK_END)
        ends.update(file.read())
    return f"{size} bytes, {path.stat().st_mtime_ns}, {ends.hexdigest()}"


def sha256(path: Path) -> str:
    """The SHA-256 of a file, as hexadecimal digits."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def digest(values: Iterable[object]) -> str:
    """A SHA-256 that differs where one of the values does."""
    hashed = hashlib.sha256()
    for value in values:
        hashed.update(repr(value).encode())
    return hashed.hexdigest()


def without_secrets(url: str) -> str:
    """An address without user, password and query."""
    parts = urlsplit(url)
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def check_exists(location: str) -> None:
    """Check that a stored path is a file or folder: no device or pipe, which may never end.

    Errors: Problem.
    """
    if not (os.path.isfile(location) or os.path.isdir(location)):
        raise Problem(f"{location} is gone: put it back, or ./pgmuse forget source it")
