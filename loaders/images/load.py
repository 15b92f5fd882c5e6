"""Load pictures from folders, archives, files and samples; queue and download pictures."""

import os
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import psycopg

from loaders.core import runs
from loaders.core.console import progress
from loaders.core.db import lock
from loaders.core.errors import Problem
from loaders.core.locations import prune
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.core.sources import ADDRESS, without_secrets
from loaders.images import files
from loaders.images.batches import store_pictures
from loaders.images.decoding import Decoder
from loaders.images.fetch import enqueue, worker
from loaders.images.files import BadPictureSource
from loaders.images.options import ImageOptions
from loaders.images.prune import STORED
from loaders.images.sources import (
    PictureSource,
    file_sources,
    path_source,
    sample_source,
    sample_sources,
)

TOPIC, NOUN = "images", "pictures"
# Topics do not import one another.


def load_all(conn: psycopg.Connection, options: ImageOptions) -> list[LoadResult]:
    """Load samples and sources, queue addresses and classes, download; report each.

    `conn` is in autocommit mode. A source that fails does not stop the others.
    """
    check_options(options)
    results: list[LoadResult] = []
    with lock(conn, "images"):
        if options.sample:
            results += load_samples(conn, options)
        results += _load_paths(conn, options)
        addresses = [source for source in options.sources if source.startswith(ADDRESS)]
        if addresses:
            queued = enqueue.enqueue_addresses(conn, addresses, worker.allowed_hosts(options.hosts))
            enqueue.report("addresses", queued)
        if options.classes:
            # Its picture is that of its item, which filters of Wikidata leave out.
            from loaders.wikidata.load import load_missing_class_items

            load_missing_class_items(
                conn, min_count=options.min_count, contact=options.contact, api=options.api
            )
            queued = enqueue.enqueue_classes(conn, options.min_count)
            enqueue.report(enqueue.CLASSES_OF_WIKIDATA, queued)
    if options.fetch:
        hosts = worker.allowed_hosts(options.hosts)
        settings = worker.FetchSettings(hosts=hosts, contact=options.contact)
        results.append(worker.fetch_all(settings, workers=options.workers, again=options.again))
    return results


def check_options(options: ImageOptions) -> None:
    """Check the options before the load. Errors: Problem."""
    if not (options.sources or options.sample or options.classes or options.fetch):
        raise Problem("nothing to load: give a folder, --sample, --classes or --fetch")
    if options.class_from not in (None, "folder"):
        raise Problem(f"--class-from takes folder, not {options.class_from!r}")
    for source in options.sources:
        if not source:
            raise Problem("an empty name of a folder: for the current one, give .")
        if "://" in source and not source.startswith(ADDRESS):
            raise Problem(f"{without_secrets(source)}: addresses start with https:// or http://")


def load_samples(
    conn: psycopg.Connection, options: ImageOptions = ImageOptions()
) -> list[LoadResult]:
    """Load the installed sample packages, and report each; print the names of missing ones."""
    return [_load_and_report(conn, source, options) for source in sample_sources()]


def load_sample(conn: psycopg.Connection, name: str) -> LoadResult | None:
    """Load a sample package, and report it; None where it is not installed."""
    source = sample_source(name)
    return None if source is None else _load_and_report(conn, source, ImageOptions())


def load_path(conn: psycopg.Connection, path: Path, options: ImageOptions) -> LoadResult:
    """Load all pictures of a folder or an archive unless it is unchanged. Errors: Problem."""
    return load_source(conn, path_source(path, options), options)


def load_source(
    conn: psycopg.Connection, source: PictureSource, options: ImageOptions
) -> LoadResult:
    """Load the pictures of a source; `conn` is in autocommit mode.

    Each batch is one transaction. A load that was killed resumes: stored pictures are read again
    but not decoded. Errors: Problem where no picture is usable.
    """
    with runs.run(
        conn, TOPIC, source.name, options=source.stored_options, fingerprint=source.fingerprint,
        again=options.again or source.always,
    ) as run:  # fmt: skip
        if run is None:
            return runs.result_of(None, source.name, NOUN)
        stored = STORED.count(conn, run.source_id)
        incomplete = _store(run, source, options)
        coverage = Coverage(run.usable, incomplete=incomplete)
        if incomplete is None:
            nothing = "no picture" if source.label else "nothing in it can be used"
            name = source.label or source.name
            check_usable(name, coverage, nothing=nothing, seems=source.describe())
        _check_folders(run, source.name, source.scan.unreadable)
        if options.prune and source.may_prune:
            run.details["pruned"] = prune(
                STORED, run, source.name, source.scan, coverage, stored, options.max_prune
            )
    return runs.result_of(run, source.name, NOUN)


def _load_paths(conn: psycopg.Connection, options: ImageOptions) -> list[LoadResult]:
    """Load folders and archives one by one, then single files, folder by folder."""
    paths = [Path(source) for source in options.sources if not source.startswith(ADDRESS)]
    singles = [path for path in paths if os.path.isfile(path) and not files.is_archive(path)]
    results = []
    for path in paths:
        if path not in singles:
            results.append(_load_path_and_report(conn, path, options))
    for source in file_sources(conn, singles, options):
        result = _load_and_report(conn, source, options)
        if result.bad and result.is_good:  # the user listed these files, so each must be usable
            result.failures.append(f"{source.name}: {result.bad:,} of the files cannot be used")
        results.append(result)
    return results


def _load_path_and_report(
    conn: psycopg.Connection, path: Path, options: ImageOptions
) -> LoadResult:
    try:
        source = path_source(path, options)
    except OSError as error:
        result = LoadResult.failure(str(path), NOUN, f"{path}: {error.strerror}")
    except Problem as error:
        result = LoadResult.failure(str(path), NOUN, str(error))
    else:
        return _load_and_report(conn, source, options)
    result.report()
    return result


def _load_and_report(
    conn: psycopg.Connection, source: PictureSource, options: ImageOptions
) -> LoadResult:
    try:
        result = load_source(conn, source, options)
    except OSError as error:
        result = LoadResult.failure(source.name, NOUN, f"{source.name}: {error.strerror}")
    except Problem as error:
        result = LoadResult.failure(source.name, NOUN, str(error))
    result.report()
    return result


def _store(run: runs.Run, source: PictureSource, options: ImageOptions) -> str | None:
    """Store the pictures; return the reason why the source cannot be read to its end, if any."""
    with closing(Decoder(options.workers)) as decoder, closing(progress(NOUN)) as bar:
        try:
            store_pictures(run, source.pictures, decoder, bar.update)
        except BadPictureSource as error:
            reason = str(error)
            run.fail(reason if run.usable else f"{reason}: it seems to be {source.describe()}")
            return reason
    return None


def _check_folders(run: runs.Run, location: str, unreadable: Iterable[str]) -> None:
    """Mark the run as failed where a subfolder could not be listed; the rest is loaded."""
    folders = list(unreadable)
    if folders:
        run.failures.append(
            f"{location}: {len(folders):,} folders in it cannot be read, {folders[0]} the "
            "first (see load_errors): nothing below them is pruned, the rest is loaded"
        )
