"""What continues the artists of a playlist best: rankings over one split of real playlists."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import psycopg
import scipy.sparse as sp
from pgvector.psycopg import register_vector

from benchmarks.core.report import Row
from benchmarks.songs.quality import EVERYTHING, PLAYLISTS, Split, read_playlists, split
from loaders.core.errors import Problem
from loaders.songs import train as songs
from loaders.songs.artists import ARTISTS
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.ranking import CANDIDATES, Quality, evaluate
from loaders.songs.word2vec import (
    ARTIST_SETTINGS,
    ItemVectors,
    Word2VecSettings,
    fit,
    for_size,
    unit,
)

Array = np.ndarray[Any, Any]
Rank = Callable[[int], Array]  # the number of a playlist -> a score for every artist
TRACKS = PLAYLISTS.with_name("tracks.csv")
SHRINKS = (0, 1, 3, 10, 30)  # of item-kNN: the best on the validation split is measured
RADIO = "select artist_id from muse.artist_radio(%s, 500)"


def read_artists() -> dict[str, str]:
    """The artist of each track."""
    with TRACKS.open(newline="") as file:
        return {row["track_id"]: row["artist_id"] for row in csv.DictReader(file)}


class Task:
    """Playlists as artists: visible ones, and hidden ones that are not among the visible."""

    def __init__(self, parts: Split, artist_of: dict[str, str]) -> None:
        self.songs = parts
        self.artist_of = artist_of
        self.visible = [[artist_of[track] for track in tracks] for tracks in parts.visible]
        self.hidden = [
            {artist_of[track] for track in tracks} - set(visible)
            for tracks, visible in zip(parts.hidden, self.visible, strict=True)
        ]
        self.names = sorted({artist for artists in self.visible for artist in artists})
        self.number = {name: index for index, name in enumerate(self.names)}
        self.tested = [index for index, hidden in enumerate(self.hidden) if hidden]

    def seeds(self, playlist: int) -> list[int]:
        """The numbers of the visible artists of a playlist."""
        return sorted({self.number[name] for name in self.visible[playlist]})

    def weights(self, playlist: int) -> tuple[list[int], Array]:
        """The visible artists, and their weights in artist_radio: later ones have more."""
        last = {name: place for place, name in enumerate(self.visible[playlist])}
        places = np.array(list(last.values()))
        weights = 1 / np.sqrt(len(self.visible[playlist]) - places + 1)
        return [self.number[name] for name in last], weights

    def measured(self, rank: Rank) -> Quality:
        """Quality of a ranking on the hidden artists."""
        return evaluate(self._ranked(rank))

    def _ranked(self, rank: Rank) -> Iterator[tuple[list[str], set[str]]]:
        for playlist in self.tested:
            scores = np.array(rank(playlist), dtype=float)
            scores[self.seeds(playlist)] = -np.inf
            best = np.argsort(-scores, kind="stable")[:CANDIDATES]
            yield [self.names[index] for index in best], self.hidden[playlist]


def artist_similarity(task: Task, shrink: float, *, by_length: bool) -> Any:
    """Cosine between artists' sets of playlists, shrunk.

    by_length: a playlist has the weight 1/sqrt of its artists, as in artist_neighbors.
    """
    places = [
        (row, column, (len(seeds) ** -0.25 if by_length else 1))
        for row in range(len(task.visible))
        for seeds in [task.seeds(row)]
        for column in seeds
    ]
    rows, columns, values = zip(*places, strict=True)
    shape = (len(task.visible), len(task.names))
    members = sp.csr_matrix((values, (rows, columns)), shape=shape)
    together = (members.T @ members).tocsr()
    alone = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    pairs = together.tocoo()
    similar = pairs.data / (np.sqrt(alone[pairs.row] * alone[pairs.col]) + shrink)
    return sp.csr_matrix((similar, (pairs.row, pairs.col)), shape=together.shape)


def artist_knn(task: Task, similar: Any, *, by_place: bool) -> Rank:
    """The sum of the similarities to the visible artists; by_place: later ones weigh more."""

    def rank(playlist: int) -> Array:
        numbers, weights = task.weights(playlist)
        return np.asarray(similar[numbers].T @ (weights if by_place else np.ones(len(numbers))))

    return rank


def popularity(task: Task) -> Rank:
    """Most playlists first."""
    counts = np.zeros(len(task.names))
    for playlist in range(len(task.visible)):
        counts[task.seeds(playlist)] += 1
    return lambda playlist: counts


def mean_of_songs(task: Task, model: ItemVectors, *, by_places: bool, from_songs: bool) -> Rank:
    """The mean of an artist's song vectors, input to context.

    by_places: a song counts once a place. from_songs: the query is the mean of the visible songs,
    not of their artists.
    """
    row = {track: number for number, track in enumerate(model.items)}
    counts = np.zeros(len(model.items))
    for tracks in task.songs.visible:
        for track in tracks:
            counts[row[track]] = counts[row[track]] + 1 if by_places else 1
    owners = [task.number[task.artist_of[track]] for track in model.items]
    owned = sp.csr_matrix((counts, (owners, range(len(owners)))))  # (artists, songs)
    inputs, contexts = unit(owned @ model.inputs), unit(owned @ model.contexts)

    def rank(playlist: int) -> Array:
        if from_songs:
            tracks = [row[track] for track in task.songs.visible[playlist]]
            return np.asarray(contexts @ model.inputs[tracks].mean(axis=0))
        return np.asarray(contexts @ inputs[task.seeds(playlist)].mean(axis=0))

    return rank


def vectors_alone(task: Task, model: ItemVectors) -> Rank:
    """The artist model's vectors, input to context."""
    order = [model.items.index(name) for name in task.names]
    inputs, contexts = model.inputs[order], model.contexts[order]

    def rank(playlist: int) -> Array:
        numbers, weights = task.weights(playlist)
        return np.asarray(contexts @ (weights @ inputs[numbers]))

    return rank


def radio(task: Task, settings: Word2VecSettings) -> Quality:
    """Load and train as a user does, then call artist_radio for every playlist."""
    with psycopg.connect(autocommit=True) as conn:
        register_vector(conn)
        conn.execute("truncate muse.playlists, muse.tracks, muse.sources cascade")
        load_entries(conn, "benchmark", as_playlists(task))
        songs.train(conn, settings, EVERYTHING, ARTISTS)
        pairs = []
        for playlist in task.tested:
            answer = conn.execute(RADIO, (task.visible[playlist],)).fetchall()
            pairs.append(([name for (name,) in answer], task.hidden[playlist]))
    return evaluate(pairs)


def as_playlists(task: Task) -> Iterator[Playlist]:
    """The visible parts, as a parser yields them."""
    for number, tracks in enumerate(task.songs.visible):
        rows = [Track(track, artist_id=task.artist_of[track]) for track in tracks]
        yield Playlist(f"benchmark#{number:06d}", str(number), rows)


def best_knn(parts: Split, artist_of: dict[str, str]) -> list[tuple[str, float, bool, bool]]:
    """artist-kNN plain and with our weights; the shrink with the best HR@10 on a further tail."""
    task = Task(split(parts.visible), artist_of)
    chosen: list[tuple[str, float, bool, bool]] = []
    for name, flags in (("artist-kNN", (False, False)), ("artist-kNN, weighted", (True, True))):
        quality = {
            shrink: task.measured(
                artist_knn(
                    task, artist_similarity(task, shrink, by_length=flags[0]), by_place=flags[1]
                )
            ).hit_rate
            for shrink in SHRINKS
        }
        chosen.append((name, max(quality, key=lambda shrink: quality[shrink]), *flags))
    return chosen


def rows(quick: bool) -> Iterator[Row]:
    """Every ranking on the same split; ours and the song vectors with three seeds of training."""
    for path in (PLAYLISTS, TRACKS):
        if not path.exists():
            raise Problem(f"the quality needs {path}: a CSV with track_id")
    artist_of = read_artists()
    parts = split(read_playlists(PLAYLISTS)[: 500 if quick else None])
    task = Task(parts, artist_of)
    knn: Quality | None = None
    for name, shrink, by_length, by_place in best_knn(parts, artist_of):
        similar = artist_similarity(task, shrink, by_length=by_length)
        quality = task.measured(artist_knn(task, similar, by_place=by_place))
        knn = knn or quality
        yield from as_rows(f"{name}, shrink {shrink}", quality, knn)
    assert knn is not None
    yield from as_rows("popularity", task.measured(popularity(task)), knn)
    seeds = range(1 if quick else 3)
    of_songs = replace(Word2VecSettings(), epochs=3) if quick else Word2VecSettings()
    models = [fit_songs(task, replace(of_songs, seed=seed)) for seed in seeds]
    for name, by_places, from_songs in (
        ("mean of song vectors", False, False),
        ("mean of song vectors by places", True, False),
        ("mean of song vectors by places, from songs", True, True),
    ):
        ranks = (
            mean_of_songs(task, one, by_places=by_places, from_songs=from_songs) for one in models
        )
        yield from as_rows(name, mean(task.measured(rank) for rank in ranks), knn)
    fits = (fit_artists(task, replace(ARTIST_SETTINGS, seed=seed)) for seed in seeds)
    vectors = mean(task.measured(vectors_alone(task, model)) for model in fits)
    yield from as_rows("Word2Vec over artists", vectors, knn)
    radios = mean(radio(task, replace(ARTIST_SETTINGS, seed=seed)) for seed in seeds)
    yield from as_rows("artist_radio, in SQL", radios, knn)


def fit_songs(task: Task, settings: Word2VecSettings) -> ItemVectors:
    """Song vectors of the visible parts."""
    tracks = {track for tracks in task.songs.visible for track in tracks}
    return fit(task.songs.visible, for_size(settings, len(tracks)))


def fit_artists(task: Task, settings: Word2VecSettings) -> ItemVectors:
    """Artist vectors of the visible parts."""
    return fit(task.visible, for_size(settings, len(task.names)))


def mean(qualities: Iterator[Quality]) -> Quality:
    """The mean over seeds of training."""
    all_of = [list(vars(quality).values()) for quality in qualities]
    return Quality(int(all_of[0][0]), *map(float, np.mean(all_of, axis=0)[1:]))


def as_rows(name: str, quality: Quality, knn: Quality) -> Iterator[Row]:
    """Four figures, beside artist-kNN's."""
    for measure in ("r_precision", "ndcg", "hit_rate", "clicks"):
        value, peer = getattr(quality, measure), getattr(knn, measure)
        yield Row(f"{name}: {measure}", value, "", "artist-kNN", peer)
