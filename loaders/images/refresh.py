"""Load changed folders and archives again, and update the queue of classes of Wikidata."""

from pathlib import Path

import psycopg

from loaders.core.db import lock
from loaders.core.models import live_model
from loaders.core.pruning import MAX_PRUNE
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.images.fetch import enqueue
from loaders.images.load import NOUN, load_path, load_sample
from loaders.images.options import ImageOptions
from loaders.images.search import vectors
from loaders.images.train import train


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a folder, archive or sample again, with its stored options; nothing is downloaded.

    Returns None for single files, addresses and standard input.
    """
    location, stored = source.location, source.options
    with lock(conn, "images"):
        if location.startswith("sample: "):
            return load_sample(conn, location.removeprefix("sample: "))
        if location == enqueue.CLASSES_OF_WIKIDATA:
            enqueue.report(location, enqueue.enqueue_classes(conn, int(stored["min_count"])))
            return LoadResult(location, NOUN)
        if not location.startswith("/") or "files" in stored:
            return None
        path = existing_path(location)
        options = ImageOptions(
            class_from=stored.get("class_from"),
            prune=stored.get("prune", False),
            max_prune=stored.get("max_prune", MAX_PRUNE),
        )
        result = load_path(conn, Path(path), options)
    result.report()
    return result


def outdated(conn: psycopg.Connection) -> str | None:
    """Whether pictures have no vector of the live classifier, or the calibration is outdated."""
    classifier, live = live_model(conn, "classifier"), live_model(conn, "images")
    if classifier is None or live is None:
        return None
    if "centre" not in live.config:
        return "the confidence of matches is of an earlier version: calibrating it"
    count = vectors.count_missing(conn, classifier.model_id)
    return f"{count:,} pictures have no vector: embedding them" if count else None


def retrain(conn: psycopg.Connection) -> None:
    """Embed pictures without a vector, and deploy."""
    train(conn, workers=2)
