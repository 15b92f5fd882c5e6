"""List the files below a folder; parts of it may be unreadable or disappear meanwhile."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path

from loaders.core.entries import BadEntry, bad_entry


def files_below(
    folder: Path, *, hidden: bool = False, shown: Collection[str] = (), links: bool = False
) -> Iterator[Path | BadEntry]:
    """Regular files sorted by name, and a BadEntry for each folder that cannot be listed.

    Its key is the folder's path in `folder`, whose stored rows must not be pruned.

    Symbolic links to folders are not followed. A broken link, or a file whose status is unreadable,
    is yielded as a file: opening it raises the reason. hidden: include names that begin with a dot.
    shown: names in lower case of files that are included although they do. links: yield a BadEntry
    without a key for each link to a folder.
    """
    folders = [folder]
    while folders:
        parent = folders.pop()
        try:
            with os.scandir(parent) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError as error:
            yield _unreadable(folder, parent, error.strerror or str(error))
            continue
        visible = [entry for entry in entries if hidden or not entry.name.startswith(".")]
        named = [entry for entry in entries if entry.name.lower() in shown]
        yield from (Path(entry.path) for entry in [*named, *visible] if _is_file(entry))
        if links:
            yield from (_link(folder, entry) for entry in visible if _is_folder_link(entry))
        folders += (Path(entry.path) for entry in reversed(visible) if _is_folder(entry))


def facts(folder: Path, *, hidden: bool = False) -> Iterator[tuple[str, ...]]:
    """Path, size and time of each file; for fingerprints."""
    for file in files_below(folder, hidden=hidden):
        if isinstance(file, BadEntry):
            yield str(folder / file.keys[0]), "unreadable"
            continue
        try:
            status = file.stat()
            yield str(file.relative_to(folder)), str(status.st_size), str(status.st_mtime_ns)
            if not os.access(file, os.R_OK):
                yield str(file.relative_to(folder)), "unreadable"
        except OSError as error:
            yield str(file.relative_to(folder)), error.strerror or str(error)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir(follow_symlinks=False)
    except OSError:
        return False


def _is_folder_link(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_symlink() and entry.is_dir()
    except OSError:
        return False


def _link(folder: Path, entry: os.DirEntry[str]) -> BadEntry:
    place = Path(entry.path).relative_to(folder).as_posix()
    return bad_entry(place, "a link to a folder, which is not followed: load that folder", "")


def _is_file(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_file() or (entry.is_symlink() and not os.path.exists(entry.path))
    except OSError:
        return not _is_folder(entry)


def _unreadable(folder: Path, path: Path, reason: str) -> BadEntry:
    key = path.relative_to(folder).as_posix()
    return bad_entry(str(path), f"a folder that cannot be read: {reason}", "", (key,))
