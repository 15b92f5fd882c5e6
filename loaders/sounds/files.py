"""Find the sound files in folders; other files are skipped."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from loaders.core.entries import BadEntry, bad_entry, printable
from loaders.core.folders import files_below
from loaders.core.locations import Scan, location_of

ENDINGS = {".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3"}
# Sound that is not read: libsndfile has no decoder for it, or one that fewer people look at.
OTHERS = {
    ".m4a", ".m4b", ".aac", ".alac", ".wma", ".ape", ".mpc", ".wv", ".aif", ".aiff", ".dsf", ".ac3",
    ".mka", ".amr", ".mid", ".midi",
}  # fmt: skip


class BadSoundSource(Exception):
    """A folder that cannot be listed."""


class SoundFile(NamedTuple):
    """A sound file. location: its path in the source. size: in bytes."""

    location: str
    path: Path
    size: int
    modified_at: datetime


def in_folder(folder: Path, scan: Scan) -> Iterator[SoundFile | BadEntry]:
    """All sound files below a folder; files with names of other kinds are skipped.

    A subfolder that cannot be listed, a link to a folder, and a sound of a format that is not read
    are BadEntries. Errors: BadSoundSource where the folder itself cannot be listed.
    """
    for file in files_below(folder, links=True):
        if isinstance(file, BadEntry) and not file.keys:
            yield file
        elif isinstance(file, BadEntry):
            (name,) = file.keys
            if name == ".":
                raise BadSoundSource(f"{printable(str(folder))}: {file.reason}")
            scan.unreadable.append(location_of(name))
            yield file._replace(place=location_of(name))
        else:
            location = location_of(file.relative_to(folder).as_posix())
            scan.locations.add(location)
            if file.suffix.lower() in ENDINGS | OTHERS:
                yield one_file(file, location)


def one_file(path: Path, location: str) -> SoundFile | BadEntry:
    """The sound file at a path."""
    if path.suffix.lower() in OTHERS:
        kind = path.suffix[1:].upper()
        return bad_entry(location, f"{kind} is not read: convert it to FLAC, Opus or MP3", "")
    try:
        status = path.stat()
    except OSError as error:
        return bad_entry(location, error.strerror or error, "")
    changed = datetime.fromtimestamp(status.st_mtime_ns // 1000 / 1e6, UTC)
    return SoundFile(location, path, status.st_size, changed)
