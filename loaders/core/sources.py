"""Sources (files, folders, addresses, standard input): stored names and fingerprints."""

import hashlib
import os
import re
import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.folders import facts
from loaders.core.http import downloads

# A Path has one slash.
LOGIN = re.compile(r"^([a-z][a-z0-9+.-]*:/+)[^/]*@", re.IGNORECASE)

ESCAPED = re.compile(r"\\x(d[89a-f][0-9a-f]{2}|[01][0-9a-f]|7f)")
STANDARD_INPUT = "standard input"
ADDRESS = ("http://", "https://")
HASHED = 64 << 20  # bytes; of a larger file only the ends are hashed
ENDS = 1 << 20  # bytes at either end


@dataclass(frozen=True)
class Source:
    """A file, a folder, an http address, or `-` for standard input.

    hidden: whether hidden files of a folder count. contact: an e-mail address or web page, sent to
    web servers.
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
        """The location in muse.sources: an absolute path, or an address without secrets."""
        if self.location == "-":
            return STANDARD_INPUT
        if self.is_address:
            return without_secrets(self.location)
        return printable(str(self.path.resolve()))

    @property
    def is_repeatable(self) -> bool:
        """Whether `refresh` can read it again, from what the database may store.

        That is no pipe, no address with secrets, and no file name that is not UTF-8.
        """
        if self.location == "-" or not _is_utf8(self.location):
            return False
        return not self.is_address or self.name == self.location

    def fingerprint(self, *settings: object) -> str | None:
        """A text that changes when the content or one of the settings changes.

        None: unknown, for a pipe or an address whose server sends neither ETag nor
        Last-Modified. A file over 64 MiB is identified by its size, time of change, and first and
        last MiB. Errors: Problem.
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
    """The SHA-256 of a file up to 64 MiB; of a larger one size, time and a hash of both ends."""
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
    """A SHA-256 over the values, as hexadecimal digits."""
    hashed = hashlib.sha256()
    for value in values:
        hashed.update(repr(value).encode())
    return hashed.hexdigest()


def without_secrets(url: str) -> str:
    """An address without user, password and query. Errors: Problem."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise Problem(f"no address of the web: {error}") from error
    return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:  # of a file name, which Python reads with surrogates
        return False
    return True


def without_login(location: str | Path) -> str:
    """A path; of an address whose scheme is not supported, all but user and password."""
    return LOGIN.sub(r"\1", str(location))


def check_readable(path: Path) -> None:
    """Check that a file is there and may be read, before a run of it is stored. Errors: Problem."""
    name = without_login(path)
    if path.is_dir():
        raise Problem(f"{name}: a folder: name the file in it")
    if not path.exists():
        raise Problem(f"{name}: No such file or directory")
    if not os.access(path, os.R_OK):
        raise Problem(f"{name}: Permission denied")


def stored_path(location: str) -> str:
    """The path that a stored name stands for; `printable` escaped its control characters."""
    if os.path.lexists(location):
        return location
    return ESCAPED.sub(lambda match: chr(int(match[1], 16)), location)


def existing_path(location: str) -> str:
    """The path of a stored source that is a file or folder; devices and pipes may have no end.

    Errors: Problem.
    """
    path = stored_path(location)
    if not (os.path.isfile(path) or os.path.isdir(path)):
        command = shlex.join(["./pgmuse", "forget", "source", location])
        raise Problem(f"{location} is gone: put it back, or {command}")
    return path
