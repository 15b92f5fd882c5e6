"""Train a model of songs or artists on the playlists in the database, and deploy it."""

from collections.abc import Callable, Iterator, Mapping
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
from loaders.songs.word2vec import ItemVectors, Word2VecSettings, fit, for_size

QUERIES = Queries(Path(__file__).with_name("training.sql"))
VECTORS = {
    "model_id": "int8",
    "track_id": "text",
    "input_vector": "vector",
    "context_vector": "vector",
}
NEIGHBORS = 100  # per song: more do not improve playlist continuation
SHRINK = 1  # of songs: lowers the similarity of pairs with only one or two playlists
REMEDY = "run ./pgmuse load playlists FILE"
CHUNK = 20_000  # items whose neighbours are counted in one query: bounds its sort


@dataclass(frozen=True)
class PlaylistFilter:
    """Selects training playlists; the defaults are those of the first song radio."""

    shortest: int = 1
    longest: int = 119
    artist_share: float = 0.5  # playlists in which one artist has a larger share are left out
    held_out: float = 0.1  # share of playlists whose end is held out, 1,000 at most


def no_change(conn: psycopg.Connection) -> None:
    """Train on the tracks of the playlists."""


def no_names(conn: psycopg.Connection) -> Mapping[str, str]:
    """Store no names: the table tracks has them."""
    return {}


@dataclass(frozen=True)
class Subject:
    """What a model has vectors of.

    name: of the model. vectors, neighbors: the tables with a partition per model. columns: of
    `vectors`, with their types; `key` is one of them. nouns: what the items are called. shrink: of
    the neighbours, of which `kept` are stored per item. convert: replaces the tracks in the
    temporary table `training`. names: of the items, for a column `artist`.
    """

    name: str
    key: str
    vectors: str
    neighbors: str
    columns: dict[str, str]
    nouns: str
    shrink: float
    kept: int
    convert: Callable[[psycopg.Connection], None] = no_change
    names: Callable[[psycopg.Connection], Mapping[str, str]] = no_names


SONGS = Subject(
    "songs", "track_id", "song_vectors", "song_neighbors", VECTORS, "tracks", SHRINK, NEIGHBORS
)


@dataclass(frozen=True)
class TrainedModel:
    """A deployed model and its quality on the held-out split."""

    model_id: int
    playlists: int
    items: int
    quality: Quality
    popularity: Quality  # the baseline: the most played first


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
                for (items,) in cursor.execute(QUERIES.visible_parts):
                    yield items
                    self.on_places(len(items))
        except psycopg.Error as error:
            self.error = error

    def check(self) -> None:
        """Raise the error that ended an iteration early."""
        if self.error is not None:
            raise self.error


def train(
    conn: psycopg.Connection,
    settings: Word2VecSettings,
    which: PlaylistFilter = PlaylistFilter(),
    subject: Subject = SONGS,
) -> TrainedModel:
    """Train on the playlists that pass the filter, evaluate, store and deploy.

    `conn` is in autocommit mode; queries use the live model until the new one is deployed.
    Errors: Problem where no playlist passes, or no item has `min_count` places.
    """
    playlists, places, items = select(conn, which, subject)
    if not places:
        raise Problem(f"there are no playlists to train {subject.name} on: {REMEDY}")
    settings = for_size(settings, items)
    vectors = _fit(conn, settings, places)
    held_out = conn.execute(QUERIES.held_out_parts).fetchall()
    quality = evaluate(rank_by_vectors(vectors, held_out))
    popularity = evaluate(rank_by_popularity(conn, held_out))
    config = asdict(settings) | {
        "filter": asdict(which), "neighbors": subject.kept, "shrink": subject.shrink,
    }  # fmt: skip
    metrics = {"word2vec": quality.as_dict(), "popularity": popularity.as_dict()}
    model_id = store(conn, subject, vectors, config, metrics)
    return TrainedModel(model_id, playlists, len(vectors.items), quality, popularity)


def select(
    conn: psycopg.Connection, which: PlaylistFilter, subject: Subject = SONGS
) -> tuple[int, int, int]:
    """Copy the training playlists to the temporary table `training`, and hold out some ends.

    Returns the counts of playlists, and of their visible places and items.
    """
    conn.execute(QUERIES.drop_temporary)
    conn.execute(QUERIES.create_training, asdict(which))
    conn.execute(QUERIES.delete_single_artist, asdict(which))
    conn.execute("alter table training add column hidden integer not null default 0")
    conn.execute(QUERIES.hide_held_out, asdict(which))
    subject.convert(conn)
    return conn.execute(QUERIES.training_size).fetchone() or (0, 0, 0)


def rank_by_vectors(
    vectors: ItemVectors, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank candidates by the mean input vector of a visible part times their context vectors.

    Yields (ranked items, hidden items) per held-out playlist.
    """
    row = {item: number for number, item in enumerate(vectors.items)}
    for visible, hidden in held_out:
        seeds = [row[item] for item in visible if item in row]
        if not seeds:
            yield [], set(hidden)
            continue
        scores = vectors.contexts @ vectors.inputs[seeds].mean(axis=0)  # (items,)
        scores[seeds] = -np.inf
        best = np.argsort(-scores)[:CANDIDATES]
        yield [vectors.items[number] for number in best], set(hidden)


def rank_by_popularity(
    conn: psycopg.Connection, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank the items with the most places first, without the visible ones: the baseline."""
    popular = [item for (item,) in conn.execute(QUERIES.popular_items)]
    for visible, hidden in held_out:
        yield [item for item in popular if item not in set(visible)], set(hidden)


def store(
    conn: psycopg.Connection,
    subject: Subject,
    vectors: ItemVectors,
    config: dict[str, Any],
    metrics: dict[str, Any],
) -> int:
    """Publish the vectors and neighbours as the live model; return its id."""

    def fill_vectors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        names = subject.names(conn)
        rows = zip(vectors.items, vectors.inputs, vectors.contexts, strict=True)
        has_names = "artist" in subject.columns
        copy(
            conn, part, subject.columns,
            (
                (model_id, item, *([names.get(item)] if has_names else []), *both)
                for item, *both in rows
            ),
        )  # fmt: skip

    def fill_beside(conn: psycopg.Connection, part: str, model_id: int) -> None:
        fill_neighbors(conn, part, model_id, subject)

    parts = Part(subject.vectors, fill_vectors), Part(subject.neighbors, fill_beside)
    with lock(conn, "songs"):
        return publish(conn, subject.name, config, metrics, parts=parts)


def fill_neighbors(
    conn: psycopg.Connection, part: str, model_id: int, subject: Subject = SONGS
) -> None:
    """Fill a partition of neighbours, CHUNK items per query."""
    conn.execute(QUERIES.create_members)
    (items,) = conn.execute("select count(*) from numbered").fetchone() or (0,)
    fill: Any = sql.SQL(QUERIES.fill_neighbors).format(
        part=sql.Identifier(*part.split(".")), key=sql.Identifier(subject.key)
    )
    values = {"model_id": model_id, "shrink": subject.shrink, "neighbors": subject.kept}
    with closing(progress(subject.nouns, items, "neighbours")) as bar:
        for low in range(1, items + 1, CHUNK):
            conn.execute(fill, values | {"low": low, "high": low + CHUNK - 1})
            bar.update(min(CHUNK, items - low + 1))


def model_line(model: TrainedModel, subject: Subject) -> str:
    """A sentence about the live model."""
    return (
        f"model {model.model_id} is live: {model.items:,} {subject.nouns} of "
        f"{model.playlists:,} playlists"
    )


def quality_line(model: TrainedModel, noun: str) -> str:
    """A sentence about the quality of the model; noun: of what it ranks."""
    return (
        f"test: a held-out {noun} is among the first ten for {model.quality.hit_rate:.0%} of "
        f"{model.quality.playlists:,} playlists ({model.popularity.hit_rate:.0%} for the most "
        f"popular {noun}s)"
    )


def _fit(conn: psycopg.Connection, settings: Word2VecSettings, places: int) -> ItemVectors:
    total = (settings.epochs + 1) * places  # one more pass builds the vocabulary
    with closing(progress("places", total, "training")) as bar:
        corpus = Corpus(conn, bar.update)
        try:
            return fit(corpus, settings, on_epoch=corpus.check)
        except RuntimeError as error:  # the vocabulary is empty
            corpus.check()
            raise Problem("nothing is in enough places: lower --min-count") from error
