"""Reload changed playlist files, and retrain the song model after new playlists."""

from pathlib import Path

import psycopg

from loaders.core.console import say
from loaders.core.db import lock
from loaders.core.queries import Queries
from loaders.core.runs import LoadResult
from loaders.core.sources import check_exists
from loaders.core.topics import StoredSource
from loaders.songs.load import SongOptions, load, load_sample
from loaders.songs.samples import SAMPLES
from loaders.songs.train import PlaylistFilter, train
from loaders.songs.word2vec import Word2VecSettings

SPOTIFY = "spotify: "
QUERIES = Queries(Path(__file__).with_name("queries.sql"))


def refresh(conn: psycopg.Connection, source: StoredSource) -> LoadResult | None:
    """Load a changed file, a sample package, or Spotify; None for standard input."""
    sample = source.location.removeprefix("sample: ")
    if sample in SAMPLES and sample != source.location:
        return load_sample(conn, sample)
    if source.location.startswith(SPOTIFY):
        from loaders.songs.spotify.load import refresh as refresh_spotify

        return refresh_spotify(conn, source)
    if not source.location.startswith("/"):
        return None
    check_exists(source.location)
    with lock(conn, "playlists"):
        result = load(conn, source.location, SongOptions.from_json(source.options))
    result.report()
    return result


def outdated(conn: psycopg.Connection) -> str | None:
    """Whether playlists were loaded after the training of the live model."""
    is_outdated = conn.execute(QUERIES.outdated_model).rowcount
    return "there are new playlists: training the song model again" if is_outdated else None


def retrain(conn: psycopg.Connection) -> None:
    """Retrain the live model with its settings."""
    (config,) = conn.execute(QUERIES.outdated_model).fetchone() or ({},)
    settings = Word2VecSettings(
        **{name: config[name] for name in Word2VecSettings.__dataclass_fields__}
    )
    model = train(conn, settings, PlaylistFilter(**config["filter"]))
    say(f"model {model.model_id} is live: {model.tracks:,} tracks of {model.playlists:,} playlists")
