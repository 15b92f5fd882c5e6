"""What pictures are loaded from: folders, archives and single files, and the samples."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from loaders import runs
from loaders.entries import BadEntry, printable
from loaders.errors import Problem, say
from loaders.images import files
from loaders.images.load import Loaded, fingerprint, load
from loaders.images.model import Picture
from loaders.images.samples import samples

ONLY_SOME = {"files": "as named"}  # of a folder, which is not loaded again by itself
OPTIONS = """
    select options from muse.sources
    where topic = 'images' and location = %s and loaded_at is not null
"""


def load_path(
    conn: psycopg.Connection,
    path: Path,
    *,
    class_from_folder: bool = False,
    again: bool = False,
    workers: int = 2,
) -> Loaded:
    """All pictures of a folder or an archive, which is passed over where it has not changed."""
    if path.is_dir():
        found = files.in_folder(path.resolve(), class_from_folder=class_from_folder)
        known = fingerprint([class_from_folder, *_facts(path.resolve())])
    elif not path.is_file():
        raise Problem(f"{path}: no such file or folder")
    else:
        found = files.in_archive(path, class_from_folder=class_from_folder)
        known = fingerprint([class_from_folder, runs.fingerprint(path)])
    options = {"class_from": "folder"} if class_from_folder else {}
    return _load(conn, named(path), found, known, options, again=again, workers=workers)


def load_files(
    conn: psycopg.Connection, paths: Iterable[Path], *, class_from_folder: bool, workers: int
) -> Iterator[tuple[str, Loaded]]:
    """Single files, as part of the folders that they lie in."""
    by_folder: dict[Path, list[Path]] = defaultdict(list)
    for path in paths:
        by_folder[path.parent.resolve()].append(path)
    for folder, held in by_folder.items():
        # A folder that was loaded whole stays so, with its class.
        row = conn.execute(OPTIONS, (named(folder),)).fetchone()
        options = row[0] if row else ONLY_SOME
        from_folder = class_from_folder or options.get("class_from") == "folder"
        found = _single(held, folder.name if from_folder else None)
        loaded = _load(conn, named(folder), found, None, options, again=True, workers=workers)
        yield named(folder), loaded


def load_samples(
    conn: psycopg.Connection, *, again: bool = False, workers: int = 2
) -> list[Loaded]:
    """The sample packages that are there; says which are not."""
    results = []
    for name, (folder, pictures) in samples().items():
        if folder is None:
            if name != "tuxpaint":  # large, and never fetched by set-up
                say(f"{name} is skipped: its package is not there, ./pgmuse setup fetches it")
            continue
        where, known = f"sample: {name}", fingerprint(_facts(folder))
        loaded = _load(conn, where, pictures(folder), known, {}, again=again, workers=workers)
        tell(where, loaded)
        results.append(loaded)
    return results


def load_again(conn: psycopg.Connection, location: str, options: dict[str, Any]) -> bool:
    """A folder or an archive, where it changed."""
    from_folder = options.get("class_from") == "folder"
    loaded = load_path(conn, Path(location), class_from_folder=from_folder)
    tell(location, loaded)
    return not loaded.failures


def tell(name: str, loaded: Loaded) -> None:
    """What became of a source, in a line or two."""
    for failure in loaded.failures:
        say(failure)
    if loaded.seen_before:
        say(f"{name}: unchanged since it was loaded (--again reads it all the same)")
        return
    if loaded.failures and not loaded.pictures:
        return
    more = f", {loaded.unchanged:,} unchanged" if loaded.unchanged else ""
    more += f", {loaded.gone:,} replaced" if loaded.gone else ""
    more += f", {loaded.bad:,} left out (see load_errors)" if loaded.bad else ""
    say(f"{name}: {loaded.pictures:,} pictures{more}")


def named(path: Path) -> str:
    """The name of a source."""
    return printable(str(path.resolve()))


def _load(
    conn: psycopg.Connection,
    where: str,
    pictures: Iterable[Picture | BadEntry],
    known: str | None,
    options: dict[str, Any],
    *,
    again: bool,
    workers: int,
) -> Loaded:
    with closing(runs.progress("pictures")) as bar:
        return load(
            conn, where, pictures, options=options, fingerprint=known, again=again,
            workers=workers, on_pictures=bar.update,
        )  # fmt: skip


def _single(paths: Iterable[Path], top: str | None) -> Iterator[Picture | BadEntry]:
    for path in paths:
        yield from files.named_file(path, top)


def _facts(folder: Path) -> Iterator[tuple[str, int, int]]:
    """What tells that a folder changed, without reading its files."""
    try:
        for path in files.walked(folder):
            told = path.stat()
            yield str(path.relative_to(folder)), told.st_size, told.st_mtime_ns
    except (OSError, files.BadFile) as error:
        raise Problem(str(error)) from error
