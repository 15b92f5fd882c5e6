"""Reload changed playlist files, and retrain the models after new playlists."""

from pathlib import Path

import psycopg

from loaders.core.console import say
from loaders.core.db import lock, take_turns
from loaders.core.queries import Queries
from loaders.core.runs import LoadResult
from loaders.core.sources import existing_path
from loaders.core.topics import StoredSource
from loaders.songs.load import SongOptions, load, load_sample
from loaders.songs.samples import SAMPLES
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
    path = existing_path(source.location)
    with lock(conn, "playlists"):
        result = load(conn, path, SongOptions.from_json(source.options))
    result.report()
    return result


def outdated(conn: psycopg.Connection) -> str | None:
    """Whether playlists were loaded after the training of a live model."""
    names = [name for name, _ in conn.execute(QUERIES.outdated_models)]
    return f"there are new playlists: training {' and '.join(names)} again" if names else None


def retrain(conn: psycopg.Connection) -> None:
    """Retrain the outdated live models with their settings, and delete tracks without a place."""
    from loaders.songs.artists import ARTISTS
    from loaders.songs.train import SONGS, PlaylistFilter, model_line, train

    subjects = {subject.name: subject for subject in (SONGS, ARTISTS)}
    for name, config in conn.execute(QUERIES.outdated_models).fetchall():
        settings = Word2VecSettings(
            **{name: config[name] for name in Word2VecSettings.__dataclass_fields__}
        )
        model = train(conn, settings, PlaylistFilter(**config["filter"]), subjects[name])
        say(model_line(model, subjects[name]))
    with conn.transaction():
        conn.execute(QUERIES.create_staging)
        take_turns(conn, "tracks")
        conn.execute(QUERIES.find_unused_tracks)
        conn.execute(QUERIES.delete_unused_tracks)
        conn.execute(QUERIES.empty_staging)
