"""Train the song model on the playlists in the database, and deploy it."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from loaders.core.console import progress
from loaders.core.db import copy, lock
from loaders.core.errors import Problem
from loaders.core.models import Part, publish
from loaders.core.queries import Queries
from loaders.songs.ranking import CANDIDATES, Quality, evaluate
from loaders.songs.word2vec import SongVectors, Word2VecSettings, fit, for_size

QUERIES = Queries(Path(__file__).with_name("training.sql"))
VECTORS = {
    "model_id": "int8",
    "track_id": "text",
    "input_vector": "vector",
    "context_vector": "vector",
}
NEIGHBORS = 100  # per track: more do not improve playlist continuation
SHRINK = 1  # lowers the similarity of pairs with only one or two playlists
CHUNK = 20_000  # tracks whose neighbours are counted in one query: bounds its sort


@dataclass(frozen=True)
class PlaylistFilter:
    """Selects training playlists; the defaults are those of the first song radio."""

    shortest: int = 1
    longest: int = 119
    artist_share: float = 0.5  # playlists in which one artist has a larger share are left out
    held_out: float = 0.1  # share of playlists whose end is held out, 1,000 at most


@dataclass(frozen=True)
class TrainedSongModel:
    """A deployed song model and its quality on the held-out split."""

    model_id: int
    playlists: int
    tracks: int
    quality: Quality
    popularity: Quality  # the baseline: most played tracks first


class Corpus:
    """The visible parts of the training playlists, streamed from the database per iteration.

    gensim iterates in a thread, and hangs if the iterator raises: an error ends the iteration
    early and is raised by `check`.
    """

    def __init__(
        self, conn: psycopg.Connection, on_places: Callable[[int], Any] = lambda places: None
    ) -> None:
        self.conn = conn
        self.on_places = on_places
        self.error: psycopg.Error | None = None

    def __iter__(self) -> Iterator[list[str]]:
        try:
            with self.conn.transaction(), self.conn.cursor("playlists", binary=True) as cursor:
                cursor.itersize = 1000
                for (track_ids,) in cursor.execute(QUERIES.visible_parts):
                    yield track_ids
                    self.on_places(len(track_ids))
        except psycopg.Error as error:
            self.error = error

    def check(self) -> None:
        """Raise the error that ended an iteration early."""
        if self.error is not None:
            raise self.error


def train(
    conn: psycopg.Connection, settings: Word2VecSettings, which: PlaylistFilter = PlaylistFilter()
) -> TrainedSongModel:
    """Train on the playlists that pass the filter, evaluate, store and deploy.

    `conn` is in autocommit mode; queries use the live model until the new one is deployed.
    Errors: Problem where no playlist passes, or no track has `min_count` places.
    """
    playlists, places, tracks = select(conn, which)
    if not places:
        raise Problem("there are no playlists to train on: run ./pgmuse load playlists FILE")
    settings = for_size(settings, tracks)
    vectors = _fit(conn, settings, places)
    held_out = conn.execute(QUERIES.held_out_parts).fetchall()
    quality = evaluate(rank_by_vectors(vectors, held_out))
    popularity = evaluate(rank_by_popularity(conn, held_out))
    model_id = store(conn, vectors, settings, which, quality, popularity)
    return TrainedSongModel(model_id, playlists, len(vectors.track_ids), quality, popularity)


def select(conn: psycopg.Connection, which: PlaylistFilter) -> tuple[int, int, int]:
    """Copy the training playlists to the temporary table `training`, and hold out some ends.

    Returns the counts of playlists, and of their visible places and tracks.
    """
    conn.execute("drop table if exists pg_temp.training, pg_temp.numbered, pg_temp.member")
    conn.execute(QUERIES.create_training, asdict(which))
    conn.execute(QUERIES.delete_single_artist, asdict(which))
    conn.execute("alter table training add column hidden integer not null default 0")
    conn.execute(QUERIES.hide_held_out, asdict(which))
    return conn.execute(QUERIES.training_size).fetchone() or (0, 0, 0)


def rank_by_vectors(
    vectors: SongVectors, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank candidates by the mean input vector of a visible part times their context vectors.

    Yields (ranked track ids, hidden track ids) per held-out playlist.
    """
    row = {track: number for number, track in enumerate(vectors.track_ids)}
    for visible, hidden in held_out:
        seeds = [row[track] for track in visible if track in row]
        if not seeds:
            yield [], set(hidden)
            continue
        scores = vectors.contexts @ vectors.inputs[seeds].mean(axis=0)  # (tracks,)
        scores[seeds] = -np.inf
        best = np.argsort(-scores)[:CANDIDATES]
        yield [vectors.track_ids[number] for number in best], set(hidden)


def rank_by_popularity(
    conn: psycopg.Connection, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank the tracks with the most places first, without the visible ones: the baseline."""
    popular = [track for (track,) in conn.execute(QUERIES.popular_tracks)]
    for visible, hidden in held_out:
        yield [track for track in popular if track not in set(visible)], set(hidden)


def store(
    conn: psycopg.Connection,
    vectors: SongVectors,
    settings: Word2VecSettings,
    which: PlaylistFilter,
    quality: Quality,
    popularity: Quality,
) -> int:
    """Publish the vectors and neighbours as the live model; return its id."""
    config = asdict(settings) | {"filter": asdict(which), "neighbors": NEIGHBORS, "shrink": SHRINK}
    metrics = {"word2vec": quality.as_dict(), "popularity": popularity.as_dict()}

    def fill_vectors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        rows = zip(vectors.track_ids, vectors.inputs, vectors.contexts, strict=True)
        copy(conn, part, VECTORS, ((model_id, *row) for row in rows))

    parts = (
        Part("song_vectors", fill_vectors),
        Part("song_neighbors", fill_neighbors),
    )
    with lock(conn, "songs"):
        return publish(conn, "songs", config, metrics, parts=parts)


def fill_neighbors(conn: psycopg.Connection, part: str, model_id: int) -> None:
    """Fill a partition of song_neighbors, CHUNK tracks per query."""
    conn.execute(QUERIES.create_members)
    (tracks,) = conn.execute("select count(*) from numbered").fetchone() or (0,)
    fill: Any = sql.SQL(QUERIES.fill_neighbors).format(part=sql.Identifier(*part.split(".")))
    values = {"model_id": model_id, "shrink": SHRINK, "neighbors": NEIGHBORS}
    with closing(progress("tracks", tracks, "neighbours")) as bar:
        for low in range(1, tracks + 1, CHUNK):
            conn.execute(fill, values | {"low": low, "high": low + CHUNK - 1})
            bar.update(min(CHUNK, tracks - low + 1))


def _fit(conn: psycopg.Connection, settings: Word2VecSettings, places: int) -> SongVectors:
    total = (settings.epochs + 1) * places  # one more pass builds the vocabulary
    with closing(progress("places", total, "training")) as bar:
        corpus = Corpus(conn, bar.update)
        try:
            return fit(corpus, settings, on_epoch=corpus.check)
        except RuntimeError as error:  # the vocabulary is empty
            corpus.check()
            raise Problem("no track is in enough places: lower --min-count") from error
