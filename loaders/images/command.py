"""`load images`: what the options ask for, in the order in which it is done."""

import os
from pathlib import Path
from typing import NamedTuple

import psycopg

from loaders.core.db import lock
from loaders.core.errors import Problem
from loaders.core.pruning import MAX_PRUNE
from loaders.images import files, prune, sources
from loaders.images.fetch import enqueue as wanted
from loaders.images.fetch import worker as fetch
from loaders.images.load import Loaded


class Request(NamedTuple):
    """The command's arguments and options."""

    sources: tuple[str, ...] = ()
    class_from: str | None = None
    sample: bool = False
    classes: bool = False
    min_count: int = 1
    fetch: bool = False
    hosts: tuple[str, ...] = ()
    again: bool = False
    workers: int = 2
    contact: str | None = None
    prune: bool = False
    max_prune: float = MAX_PRUNE


def load_all(conn: psycopg.Connection, asked: Request) -> bool:
    """Load what is asked for and say what became of it; False where a part failed."""
    if not (asked.sources or asked.sample or asked.classes or asked.fetch):
        raise Problem("nothing to load: name a folder, --sample, --classes or --fetch")
    if asked.class_from not in (None, "folder"):
        raise Problem(f"--class-from takes folder, not {asked.class_from!r}")
    good = True
    with lock(conn, "images"):
        if asked.sample:
            good &= _all_good(sources.load_samples(conn, again=asked.again, workers=asked.workers))
        good &= _load_sources(conn, asked)
        if asked.classes:
            wanted.tell(wanted.CLASSES_OF_WIKIDATA, wanted.want_classes(conn, asked.min_count))
    if asked.fetch:
        settings = fetch.Settings(hosts=fetch.allowed(asked.hosts), contact=asked.contact)
        good &= fetch.fetch_all(settings, workers=asked.workers, again=asked.again)
    return good


def _load_sources(conn: psycopg.Connection, asked: Request) -> bool:
    from_folder = asked.class_from == "folder"
    for one in asked.sources:
        if "://" in one and not one.startswith(("http://", "https://")):
            raise Problem(f"{one}: addresses start with https:// or http://")
    addresses = [one for one in asked.sources if one.startswith(("http://", "https://"))]
    paths = [Path(one) for one in asked.sources if one not in addresses]
    singles = [path for path in paths if os.path.isfile(path) and not files.is_archive(path)]
    good = True
    for path in paths:
        if path not in singles:
            good &= _load_path(conn, path, asked, from_folder)
    for name, loaded in sources.load_files(
        conn, singles, class_from_folder=from_folder, workers=asked.workers
    ):
        sources.tell(name, loaded)
        good &= not loaded.bad and not loaded.failures  # each was named
    if addresses:
        found = wanted.want_addresses(conn, addresses, fetch.allowed(asked.hosts))
        wanted.tell("addresses", found)
    return good


def _load_path(conn: psycopg.Connection, path: Path, asked: Request, from_folder: bool) -> bool:
    """One folder or archive; the others of the call go on where it fails."""
    pruning = prune.Options(asked.prune, asked.max_prune)
    try:
        loaded = sources.load_path(
            conn, path, class_from_folder=from_folder, pruning=pruning, again=asked.again,
            workers=asked.workers,
        )  # fmt: skip
    except OSError as error:
        loaded = Loaded(failures=[f"{path}: {error.strerror}"])
    except Problem as error:
        loaded = Loaded(failures=[str(error)])
    sources.tell(str(path), loaded)
    return not loaded.failures


def _all_good(results: list[Loaded]) -> bool:
    return all(not loaded.failures for loaded in results)
