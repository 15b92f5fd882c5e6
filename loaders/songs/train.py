"""Train the song model on the playlists in the database, and make it live."""

from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
import psycopg
from psycopg import sql

from loaders.core.console import progress
from loaders.core.db import copy, lock
from loaders.core.errors import Problem
from loaders.core.models import Part, publish
from loaders.songs.ranking import CANDIDATES, Quality, evaluate
from loaders.songs.word2vec import SongVectors, Word2VecSettings, fit, for_size

VECTORS = {
    "model_id": "int8",
    "track_id": "text",
    "input_vector": "vector",
    "context_vector": "vector",
}
NEIGHBORS = 100  # of a track: more continue playlists no better
SHRINK = 1  # a pair seen together but once or twice counts for less
CHUNKS_OF = 20_000  # tracks whose neighbours are counted at once: bounds what is sorted

# What is learned from, apart from what is written meanwhile. `draw` is a number that the same
# playlist gets in every database: it orders them, and the lowest are held out.
TRAINING = """
    create temporary table training as
    select playlist_id, hashtextextended(identity, 0) as draw, track_ids
    from muse.playlists
    where places between %(shortest)s and %(longest)s
"""
ONE_ARTIST = """
    delete from training using (
        select playlist_id, artist, count(*) as places
        from training cross join unnest(track_ids) as place (track_id)
        join muse.tracks as track using (track_id)
        where artist is not null
        group by playlist_id, artist
    ) as share
    where share.playlist_id = training.playlist_id
      and share.places > %(artist_share)s * cardinality(track_ids)
"""
HELD_OUT = """
    with drawn as (
        select playlist_id, cardinality(track_ids) / 5 as hidden
        from training where cardinality(track_ids) >= 10
        order by draw, playlist_id
        limit (select least(1000, %s * count(*)) from training)
    )
    update training set hidden = drawn.hidden
    from drawn where drawn.playlist_id = training.playlist_id
"""
SIZE = """
    select count(distinct playlist_id), count(*), count(distinct track_id)
    from training cross join unnest(track_ids[:cardinality(track_ids) - hidden]) as place (track_id)
"""
VISIBLE = """
    select track_ids[:cardinality(track_ids) - hidden] from training order by draw, playlist_id
"""
HIDDEN = """
    select
        track_ids[:cardinality(track_ids) - hidden],
        track_ids[cardinality(track_ids) - hidden + 1:]
    from training where hidden > 0 order by draw, playlist_id
"""

# Item-kNN: the cosine between the sets of playlists that two tracks stand in, shrunk. A playlist
# weighs 1/sqrt of its length: to stand together in a short one says more.
MEMBERS = """
    create temporary table once as
    select distinct playlist_id, track_id
    from training cross join unnest(track_ids) as place (track_id);
    create temporary table weighed as
    select playlist_id, 1 / sqrt(count(*)) as weight from once group by playlist_id;
    create temporary table numbered as
    select track_id, row_number() over (order by track_id)::integer as number, sum(weight) as alone
    from once join weighed using (playlist_id)
    group by track_id;
    create temporary table member as
    select playlist_id, number, weight
    from once join weighed using (playlist_id) join numbered using (track_id);
    drop table once, weighed;
    create index on member (number);
    create index on member (playlist_id);
    create unique index on numbered (number);
    analyze numbered;
    analyze member
"""
FILL_NEIGHBORS = """
    with together as (
        select one.number, other.number as neighbor, count(*)::integer as playlists,
            sum(one.weight) as weight
        from pg_temp.member as one
        join pg_temp.member as other
            on one.playlist_id = other.playlist_id and one.number <> other.number
        where one.number between %(low)s and %(high)s
        group by one.number, other.number
    ),
    pair as (
        select one.track_id, other.track_id as neighbor_id, together.playlists,
            together.weight / (sqrt(one.alone * other.alone) + %(shrink)s) as similarity
        from together
        join pg_temp.numbered as one on one.number = together.number
        join pg_temp.numbered as other on other.number = together.neighbor
    )
    insert into {part} (model_id, track_id, neighbor_id, playlists, similarity)
    select %(model_id)s, track_id, neighbor_id, playlists, similarity::real
    from (
        select pair.*, row_number() over (
            partition by track_id order by similarity desc, neighbor_id
        ) as rank
        from pair
    ) as ranked
    where rank <= %(neighbors)s
"""


@dataclass(frozen=True)
class PlaylistFilter:
    """Which playlists are learned from; the defaults are those of the first song radio."""

    shortest: int = 1
    longest: int = 119
    artist_share: float = 0.5  # left out where one artist has more of it
    held_out: float = 0.1  # share of playlists whose end is hidden and guessed, 1,000 at most


@dataclass(frozen=True)
class TrainedSongModel:
    """What `train` made."""

    model_id: int
    playlists: int
    tracks: int
    quality: Quality
    popularity: Quality  # the same held-out playlists, guessed by what is played most


class Corpus:
    """The visible parts of the training playlists, streamed anew at each iteration.

    gensim iterates in a thread and waits for it for ever if it raises: an error ends the
    iteration and is raised by `check`.
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
                for (track_ids,) in cursor.execute(VISIBLE):
                    yield track_ids
                    self.on_places(len(track_ids))
        except psycopg.Error as error:
            self.error = error

    def check(self) -> None:
        """Raise what ended an iteration early."""
        if self.error is not None:
            raise self.error


def train(
    conn: psycopg.Connection, settings: Word2VecSettings, which: PlaylistFilter = PlaylistFilter()
) -> TrainedSongModel:
    """Fit on the playlists that pass the filter, measure, store and deploy.

    `conn` is in autocommit mode; readers go on meanwhile with the model that is live.
    """
    playlists, places, tracks = select(conn, which)
    if not places:
        raise Problem("there are no playlists to learn from: run ./pgmuse load playlists FILE")
    settings = for_size(settings, tracks)
    vectors = _fit(conn, settings, places)
    held_out = conn.execute(HIDDEN).fetchall()
    quality = evaluate(guess(vectors, held_out))
    popularity = evaluate(guess_popular(conn, held_out))
    model_id = store(conn, vectors, settings, which, quality, popularity)
    return TrainedSongModel(model_id, playlists, len(vectors.track_ids), quality, popularity)


def select(conn: psycopg.Connection, which: PlaylistFilter) -> tuple[int, int, int]:
    """Put what is learned from into the temporary table `training`.

    Returns its playlists, and their visible places and tracks.
    """
    conn.execute("drop table if exists pg_temp.training, pg_temp.numbered, pg_temp.member")
    conn.execute(TRAINING, asdict(which))
    conn.execute(ONE_ARTIST, asdict(which))
    conn.execute("alter table training add column hidden integer not null default 0")
    conn.execute(HELD_OUT, (which.held_out,))
    return conn.execute(SIZE).fetchone() or (0, 0, 0)


def guess(
    vectors: SongVectors, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank what goes on each visible part: the middle of its inputs against all contexts."""
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


def guess_popular(
    conn: psycopg.Connection, held_out: list[tuple[list[str], list[str]]]
) -> Iterator[tuple[list[str], set[str]]]:
    """Rank what is in most playlists first, whatever is visible: what a model must beat."""
    query = """
        select track_id from training
        cross join unnest(track_ids[:cardinality(track_ids) - hidden]) as place (track_id)
        group by track_id order by count(*) desc, track_id limit 1000
    """
    popular = [track for (track,) in conn.execute(query)]
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
    """Publish the vectors and the neighbours as the live model; its id."""
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
    """Count which tracks stand together, some thousand tracks at a time."""
    conn.execute(MEMBERS)
    (tracks,) = conn.execute("select count(*) from numbered").fetchone() or (0,)
    fill: Any = sql.SQL(FILL_NEIGHBORS).format(part=sql.Identifier(*part.split(".")))
    values = {"model_id": model_id, "shrink": SHRINK, "neighbors": NEIGHBORS}
    with closing(progress("tracks", tracks, "neighbours")) as bar:
        for low in range(1, tracks + 1, CHUNKS_OF):
            conn.execute(fill, values | {"low": low, "high": low + CHUNKS_OF - 1})
            bar.update(min(CHUNKS_OF, tracks - low + 1))


def _fit(conn: psycopg.Connection, settings: Word2VecSettings, places: int) -> SongVectors:
    total = (settings.epochs + 1) * places  # the vocabulary takes a pass of its own
    with closing(progress("places", total, "training")) as bar:
        corpus = Corpus(conn, bar.update)
        try:
            return fit(corpus, settings, on_epoch=corpus.check)
        except RuntimeError as error:  # nothing to learn from
            corpus.check()
            raise Problem("no track stands in enough places: lower --min-count") from error
