"""Sources of pictures: folders and archives, single files, and the sample packages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.console import say
from loaders.core.entries import BadEntry, printable
from loaders.core.errors import Problem
from loaders.core.locations import Scan
from loaders.core.pruning import kind
from loaders.core.sources import Source, without_login
from loaders.images import files
from loaders.images.model import PictureFile
from loaders.images.options import ImageOptions
from loaders.images.samples.packages import Sample, samples
from udfs.picture_headers import is_picture

SINGLE_FILES = {"files": "as named"}  # stored options of a folder with single files loaded
OPTIONS = """
    select options from muse.sources
    where topic = 'images' and location = %s and loaded_at is not null
"""


@dataclass(frozen=True)
class PictureSource:
    """Pictures of a source, and the values of its row in muse.sources.

    stored_options: options for a refresh. scan: filled while `pictures` is read. describe: a
    description of the source for the error that it has no usable picture. always: load it even if
    its fingerprint has not changed. may_prune: whether `pictures` is the complete source. label:
    its name in that error, where `name` does not say what the user gave.
    """

    name: str
    pictures: Iterable[PictureFile | BadEntry]
    stored_options: dict[str, Any] = field(default_factory=dict)
    fingerprint: str | None = None
    scan: Scan = field(default_factory=Scan)
    describe: Callable[[], str] = lambda: "a source without a picture"
    always: bool = False
    may_prune: bool = False
    label: str | None = None


def path_source(path: Path, options: ImageOptions) -> PictureSource:
    """All pictures of a folder or an archive. Errors: Problem where the path does not exist."""
    is_folder = path.is_dir()
    if not is_folder and not path.is_file():
        raise Problem(f"{without_login(path)}: no such file or folder")
    scan = Scan(path.resolve() if is_folder else None)
    if is_folder:
        pictures = files.in_folder(
            path.resolve(), class_from_folder=options.class_from_folder, scan=scan
        )
    else:
        pictures = files.in_archive(path, class_from_folder=options.class_from_folder, scan=scan)
    source = Source(str(path))
    return PictureSource(
        source.name,
        pictures,
        stored_options=_stored(options),
        fingerprint=source.fingerprint(options.class_from_folder, options.prune),
        scan=scan,
        describe=partial(_describe, path, scan),
        may_prune=True,
    )


def file_sources(
    conn: psycopg.Connection, paths: Iterable[Path], options: ImageOptions
) -> Iterator[PictureSource]:
    """Single files, grouped into one source for each folder.

    The stored options of a folder that was loaded completely are kept.
    """
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        by_folder[path.parent.resolve()].append(path)
    for folder, files_there in by_folder.items():
        name = Source(str(folder)).name
        row = conn.execute(OPTIONS, (name,)).fetchone()
        stored = row[0] if row else SINGLE_FILES
        from_folder = options.class_from_folder or stored.get("class_from") == "folder"
        pictures = _named_files(files_there, folder.name if from_folder else None)
        describe = partial(_describe_files, files_there)
        label = ", ".join(printable(str(path)) for path in files_there[:3])
        yield PictureSource(name, pictures, stored, describe=describe, always=True, label=label)


def sample_sources() -> Iterator[PictureSource]:
    """The installed sample packages; prints the names of missing ones."""
    for name in samples():
        source = sample_source(name)
        if source is not None:
            yield source
        else:
            say(f"{name}: skipped, its package is missing: run ./pgmuse setup")


def sample_source(name: str) -> PictureSource | None:
    """A sample package; None where it is not installed."""
    folder, pictures = samples().get(name, Sample(None, lambda folder: iter(())))
    if folder is None:
        return None
    fingerprint = Source(str(folder)).fingerprint()
    return PictureSource(f"sample: {name}", pictures(folder), fingerprint=fingerprint)


def _stored(options: ImageOptions) -> dict[str, Any]:
    stored: dict[str, Any] = {"class_from": "folder"} if options.class_from_folder else {}
    if options.prune:
        stored |= {"prune": True, "max_prune": options.max_prune}
    return stored


def _named_files(paths: Iterable[Path], top: str | None) -> Iterator[PictureFile | BadEntry]:
    for path in paths:
        yield from files.named_file(path, top)


def _describe(path: Path, scan: Scan) -> str:
    """A folder or archive without a usable picture, in words for an error message."""
    if scan.locations:
        return f"{len(scan.locations):,} files of which none is a picture that can be read"
    if path.is_dir():
        only = " but for what is hidden, linked or empty itself" if any(path.iterdir()) else ""
        return f"an empty folder{only}: is its disk mounted?"
    return _describe_file(path)


def _describe_files(paths: list[Path]) -> str:
    kinds = ", ".join(dict.fromkeys(_describe_file(path) for path in paths[:3]))
    return f"{kinds}; load images takes folders, archives and pictures"


def _describe_file(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(1000)
            if is_picture(start):
                return "a damaged picture (see load_errors)"
            return kind(start).removeprefix("it seems to be ") if start.strip() else "empty"
    except OSError as error:
        return f"unreadable: {error.strerror}"
