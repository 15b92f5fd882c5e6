"""Load changed playlist files again, and train the song model again when playlists came."""

from typing import Any

import psycopg

from loaders.core.console import say
from loaders.core.db import lock
from loaders.core.runs import LoadResult
from loaders.core.sources import check_exists
from loaders.core.topics import StoredSource
from loaders.songs.load import SongOptions, load, load_sample
from loaders.songs.samples import SAMPLES
from loaders.songs.train import PlaylistFilter, train
from loaders.songs.word2vec import Word2VecSettings

NEW_PLAYLISTS = """
    select model.config
    from muse.deployments as live join muse.models as model using (model_id)
    where live.name = 'songs' and exists (
        select from muse.load_runs as run join muse.sources using (source_id)
        where topic = 'songs' and run.loaded > 0 and run.finished_at > model.made_at
    )
"""


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a file where it changed, or a sample package; None for standard input."""
    sample = source.location.removeprefix("sample: ")
    if sample in SAMPLES and sample != source.location:
        return load_sample(conn, sample)
    if not source.location.startswith("/"):
        return None
    check_exists(source.location)
    with lock(conn, "playlists"):
        result = load(conn, source.location, SongOptions(format=source.options.get("format")))
    result.report()
    return result


def retrain(conn: psycopg.Connection) -> None:
    """Train the song model with its earlier settings, if playlists were loaded since."""
    for (config,) in conn.execute(NEW_PLAYLISTS).fetchall():
        _train_again(conn, config)


def _train_again(conn: psycopg.Connection, config: dict[str, Any]) -> None:
    say("training the song model again: there are new playlists")
    settings = Word2VecSettings(
        **{name: config[name] for name in Word2VecSettings.__dataclass_fields__}
    )
    model = train(conn, settings, PlaylistFilter(**config["filter"]))
    say(f"model {model.model_id} is live: {model.tracks:,} tracks of {model.playlists:,} playlists")
