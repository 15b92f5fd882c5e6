"""What pictures are loaded from: folders, archives and single files, and the samples."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import closing
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress, say
from loaders.core.entries import BadEntry, printable
from loaders.core.errors import Problem
from loaders.core.folders import facts
from loaders.core.pruning import MAX_PRUNE, kind
from loaders.images import files, prune
from loaders.images.load import Loaded, load
from loaders.images.model import Picture
from loaders.images.samples.packages import samples

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
    pruning: prune.Options | None = None,
    again: bool = False,
    workers: int = 2,
) -> Loaded:
    """All pictures of a folder or an archive, which is passed over where it has not changed."""
    pruning = pruning or prune.Options()
    settings = (class_from_folder, pruning.prune)  # what changes the result
    if path.is_dir():
        scan = prune.Scan(path.resolve())
        pictures = files.in_folder(path.resolve(), class_from_folder=class_from_folder, scan=scan)
        stamp = runs.fingerprint_of([settings, *facts(path.resolve())])
    elif not path.is_file():
        raise Problem(f"{path}: no such file or folder")
    else:
        scan = prune.Scan()
        pictures = files.in_archive(path, class_from_folder=class_from_folder, scan=scan)
        stamp = runs.fingerprint_of([settings, _fingerprint(path)])
    options: dict[str, Any] = {"class_from": "folder"} if class_from_folder else {}
    if pruning.prune:
        options |= {"prune": True, "max_prune": pruning.max_prune}
    return _load(
        conn, named(path), pictures, options=options, scan=scan, pruning=pruning,
        seems=lambda: _seems(path, scan), fingerprint=stamp, again=again, workers=workers,
    )  # fmt: skip


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
        try:
            loaded = _load(
                conn, named(folder), found, options=options, again=True, workers=workers,
                seems=partial(_seems_single, held),
            )  # fmt: skip
        except Problem as error:
            loaded = Loaded(failures=[str(error)])
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
        where, known = f"sample: {name}", runs.fingerprint_of(facts(folder))
        try:
            loaded = _load(
                conn, where, pictures(folder), fingerprint=known, again=again, workers=workers
            )
        except Problem as error:
            loaded = Loaded(failures=[str(error)])
        tell(where, loaded)
        results.append(loaded)
    return results


def load_again(conn: psycopg.Connection, location: str, options: dict[str, Any]) -> bool:
    """A folder or an archive, where it changed, with the options of its last load."""
    pruning = prune.Options(options.get("prune", False), options.get("max_prune", MAX_PRUNE))
    from_folder = options.get("class_from") == "folder"
    loaded = load_path(conn, Path(location), class_from_folder=from_folder, pruning=pruning)
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
    more += f", {loaded.pruned:,} pruned" if loaded.pruned else ""
    more += f", {loaded.bad:,} left out (see load_errors)" if loaded.bad else ""
    say(f"{name}: {loaded.pictures:,} pictures{more}")


def named(path: Path) -> str:
    """The name of a source."""
    return printable(str(path.resolve()))


def _load(
    conn: psycopg.Connection, where: str, pictures: Iterable[Picture | BadEntry], **options: Any
) -> Loaded:
    with closing(progress("pictures")) as bar:
        return load(conn, where, pictures, on_pictures=bar.update, **options)


def _single(paths: Iterable[Path], top: str | None) -> Iterator[Picture | BadEntry]:
    for path in paths:
        yield from files.named_file(path, top)


def _fingerprint(path: Path) -> str:
    try:
        return runs.fingerprint(path)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def _seems(path: Path, scan: prune.Scan) -> str:
    """What a folder or archive is that holds no picture."""
    if scan.locations:
        return f"{len(scan.locations):,} files of which none is a picture that can be read"
    if path.is_dir():
        return "an empty folder: is its disk mounted?"
    return _start_of(path)


def _seems_single(paths: list[Path]) -> str:
    return ", ".join(f"{_start_of(path)} ({path.name})" for path in paths[:3])


def _start_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            start = file.read(1000)
            return kind(start).removeprefix("it seems to be ") if start.strip() else "empty"
    except OSError as error:
        return f"unreadable: {error.strerror}"
