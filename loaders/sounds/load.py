"""Load sound files from folders and the sample package."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import psycopg

from loaders.core import runs
from loaders.core.console import progress, say
from loaders.core.db import analyze, lock
from loaders.core.errors import Problem
from loaders.core.locations import prune
from loaders.core.models import LiveModel, live_model
from loaders.core.pruning import Coverage, check_usable
from loaders.core.runs import LoadResult
from loaders.sounds.batches import store_files
from loaders.sounds.files import BadSoundSource
from loaders.sounds.options import SoundOptions
from loaders.sounds.sources import SAMPLE, SoundSource, path_source, sample_source
from loaders.sounds.store import STORED

TOPIC, NOUN = "sounds", "sounds"
TABLES = ("sounds", "sound_sources", "sound_embeddings")


def load_all(conn: psycopg.Connection, options: SoundOptions) -> list[LoadResult]:
    """Load the sample and sources, and report each.

    `conn` is in autocommit mode. A source that fails does not stop the others. Errors: Problem.
    """
    if not (options.sources or options.sample):
        raise Problem("nothing to load: give a folder, or --sample")
    if any("://" in source for source in options.sources):
        raise Problem("sounds are read from files: download the address first")
    tagger = live_tagger(conn)
    results: list[LoadResult] = []
    with lock(conn, "sounds"):
        if options.sample:
            result = load_sample(conn, tagger, options)
            results += [result or LoadResult.failure(SAMPLE, NOUN, "the sample is not installed")]
        for name in options.sources:
            results.append(load_path(conn, tagger, Path(name), options))
    return results


def live_tagger(conn: psycopg.Connection) -> LiveModel:
    """The tagger that hears sounds. Errors: Problem where none is live."""
    tagger = live_model(conn, "tagger")
    if tagger is None or tagger.content is None:
        raise Problem("no tagger yet: run ./pgmuse train tagger")
    return tagger


def load_sample(
    conn: psycopg.Connection, tagger: LiveModel, options: SoundOptions = SoundOptions()
) -> LoadResult | None:
    """Load the sample package, and report it; None where it is not installed."""
    source = sample_source(tagger.model_id)
    if source is None:
        say(f"{SAMPLE}: skipped, its package is missing: run ./pgmuse setup")
        return None
    return _report(source.name, lambda: load_source(conn, tagger, source, options))


def load_path(
    conn: psycopg.Connection, tagger: LiveModel, path: Path, options: SoundOptions
) -> LoadResult:
    """Load a folder or a file unless it is unchanged, and report it."""

    def load() -> LoadResult:
        return load_source(conn, tagger, path_source(path, options, tagger.model_id), options)

    return _report(str(path), load)


def load_source(
    conn: psycopg.Connection, tagger: LiveModel, source: SoundSource, options: SoundOptions
) -> LoadResult:
    """Load the sounds of a source; `conn` is in autocommit mode.

    Each batch is one transaction. A load that was killed resumes: stored files are not read again.
    Errors: Problem where no sound is usable.
    """
    with runs.run(
        conn, TOPIC, source.name, options=source.stored_options, fingerprint=source.fingerprint,
        again=options.again,
    ) as run:  # fmt: skip
        if run is None:
            return runs.result_of(None, source.name, NOUN)
        stored = STORED.count(conn, run.source_id)
        incomplete = _store(run, tagger, source, options)
        coverage = Coverage(run.usable, incomplete=incomplete)
        if incomplete is None:
            check_usable(source.name, coverage, None, nothing="no sound in it can be used")
        _check_folders(run, source)
        if options.prune and source.may_prune:
            run.details["pruned"] = prune(
                STORED, run, source.name, source.scan, coverage, stored, options.max_prune
            )
        if run.loaded:
            analyze(conn, *TABLES)
    return runs.result_of(run, source.name, NOUN)


def _store(
    run: runs.Run, tagger: LiveModel, source: SoundSource, options: SoundOptions
) -> str | None:
    """Store the sounds; return the reason why the source cannot be read to its end, if any."""
    assert tagger.content is not None
    with closing(progress(NOUN)) as bar:
        try:
            store_files(
                run, tagger.model_id, tagger.content, source.sounds, options.workers, bar.update,
                again=options.again,
            )  # fmt: skip
        except BadSoundSource as error:
            run.fail(str(error))
            return str(error)
    return None


def _check_folders(run: runs.Run, source: SoundSource) -> None:
    """Mark the run as failed where a subfolder could not be listed; the rest is loaded."""
    if folders := source.scan.unreadable:
        run.failures.append(
            f"{source.name}: {len(folders):,} folders in it cannot be read, {folders[0]} the "
            "first (see load_errors): nothing below them is pruned, the rest is loaded"
        )


def _report(name: str, load: Callable[[], LoadResult]) -> LoadResult:
    """The result of a load, with its error if it fails; it is reported."""
    try:
        result = load()
    except OSError as error:
        result = LoadResult.failure(name, NOUN, f"{name}: {error.strerror}")
    except Problem as error:
        result = LoadResult.failure(name, NOUN, str(error))
    result.report()
    return result
