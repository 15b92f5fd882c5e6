"""Load changed folders and files again, and train on new sounds, vectors and labels."""

from pathlib import Path
from typing import Any

import psycopg

from loaders.core.console import counted, say
from loaders.core.db import lock
from loaders.core.errors import Problem
from loaders.core.models import live_model
from loaders.core.pruning import MAX_PRUNE
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.sounds.labels import OPTION
from loaders.sounds.labels import QUERIES as LABEL_QUERIES
from loaders.sounds.labels.load import load as load_labels
from loaders.sounds.load import live_tagger, load_path, load_sample
from loaders.sounds.options import SoundOptions
from loaders.sounds.store import QUERIES
from loaders.sounds.train import describe, train


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a folder, file, the sample or labels again, with the stored options."""
    if OPTION in source.options:
        return load_labels(conn, Path(existing_path(source.location)))
    tagger = live_tagger(conn)
    with lock(conn, "sounds"):
        if source.location.startswith("sample: "):
            return load_sample(conn, tagger)
        options = SoundOptions(
            prune=source.options.get("prune", False),
            max_prune=source.options.get("max_prune", MAX_PRUNE),
        )
        return load_path(conn, tagger, Path(existing_path(source.location)), options)


def outdated(conn: psycopg.Connection) -> str | None:
    """Whether sounds have no vector, or labels were learned from vectors that were replaced."""
    reasons = []
    if count := _without_vector(conn):
        reasons.append(f"{counted(count, 'sounds')} without a vector: training again")
    if kinds := [config["kind"] for config in _outdated_labels(conn)]:
        reasons.append(f"new vectors or labels: learning {' and '.join(kinds)} again")
    return "; ".join(reasons) or None


def retrain(conn: psycopg.Connection) -> None:
    """Make vectors of new sounds, then learn the outdated labels; deploy both.

    Labels that can no longer be told keep their model.
    """
    if _without_vector(conn):
        for line in describe(train(conn)):
            say(line)
    if configs := _outdated_labels(conn):
        _learn_again(conn, configs)


def _learn_again(conn: psycopg.Connection, configs: list[dict[str, Any]]) -> None:
    from loaders.sounds.labels import train as labels  # needs scipy, of the extra `train`

    for config in configs:
        try:
            model = labels.train(conn, config["kind"], config["min_songs"], config["seed"])
        except Problem as error:
            say(str(error))
        else:
            for line in labels.describe(model):
                say(line)


def _without_vector(conn: psycopg.Connection) -> int:
    """Sounds without a vector of the live model, or of the tagger that replaced its own."""
    if live_model(conn, "tagger") is None or live_model(conn, "sounds") is None:
        return 0
    (count,) = conn.execute(QUERIES.count_without_vector).fetchone() or (0,)
    return int(count)


def _outdated_labels(conn: psycopg.Connection) -> list[dict[str, Any]]:
    """The configurations of live models of labels that were learned from something older."""
    return [config for _, config in conn.execute(LABEL_QUERIES.select_outdated)]
