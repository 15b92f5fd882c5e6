"""What continues a playlist best: rankings of every kind over one split of real playlists."""

import csv
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import scipy.sparse as sp
from gensim.models import Word2Vec
from pgvector.psycopg import register_vector
from scipy.sparse.linalg import svds

from benchmarks.core.report import Row
from loaders.core.errors import Problem
from loaders.songs import train as songs
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.ranking import Quality, evaluate, hidden_count
from loaders.songs.word2vec import Word2VecSettings, fit, for_size, unit

Array = np.ndarray[Any, Any]
PLAYLISTS = Path(__file__).resolve().parents[3] / "shared/data/playlists/train_sequential.csv"
EVERYTHING = songs.PlaylistFilter(shortest=1, longest=2**31 - 1, artist_share=1, held_out=0)
RADIO = "select track_id from muse.song_radio(%s, 500, 500)"
Rank = Callable[[list[int]], Array]  # a playlist's visible tracks -> a score for every track


@dataclass(frozen=True)
class Split:
    """Playlists cut in two: what is learned from, and what is to be guessed."""

    visible: list[list[str]]
    hidden: list[list[str]]  # empty for playlists of fewer than ten


def read_playlists(path: Path) -> list[list[str]]:
    """Playlists of a CSV with playlist and track, in the order of their rows."""
    playlists: dict[str, list[str]] = {}
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            playlists.setdefault(row["playlist_id"], []).append(row["track_id"])
    return list(playlists.values())


def split(playlists: list[list[str]]) -> Split:
    """Hide the last fifth of every playlist of ten or more."""
    cuts = [len(tracks) - hidden_count(len(tracks)) for tracks in playlists]
    return Split(
        [tracks[:cut] for tracks, cut in zip(playlists, cuts, strict=True)],
        [tracks[cut:] for tracks, cut in zip(playlists, cuts, strict=True)],
    )


@dataclass(frozen=True)
class Matrix:
    """The visible playlists as a sparse 0/1 matrix (playlists, tracks)."""

    tracks: list[str]
    rows: Any  # scipy.sparse.csr_matrix

    @property
    def number(self) -> dict[str, int]:
        return {track: number for number, track in enumerate(self.tracks)}


def matrix(playlists: list[list[str]]) -> Matrix:
    """Which track is in which playlist."""
    tracks = sorted({track for playlist in playlists for track in playlist})
    number = {track: index for index, track in enumerate(tracks)}
    places = [(p, number[t]) for p, playlist in enumerate(playlists) for t in set(playlist)]
    rows, columns = zip(*places, strict=True)
    shape = (len(playlists), len(tracks))
    return Matrix(tracks, sp.csr_matrix((np.ones(len(places)), (rows, columns)), shape=shape))


def popularity(data: Matrix) -> Rank:
    """Most playlists first."""
    counts = np.asarray(data.rows.sum(axis=0)).ravel()
    return lambda seeds: counts.copy()


def pure_svd(data: Matrix, factors: int = 64) -> Rank:
    """Cremonesi et al. 2010: the projection of the visible tracks on the largest factors."""
    _, _, items = svds(data.rows, k=factors, random_state=0)  # (64, tracks)
    return lambda seeds: items[:, seeds].sum(axis=1) @ items


def item_similarity(data: Matrix, shrink: float = 10, keep: int | None = None) -> Any:
    """Cosine between tracks' sets of playlists, shrunk; the `keep` best of each track."""
    together = (data.rows.T @ data.rows).tocsr()
    counts = together.diagonal()
    together.setdiag(0)
    together.eliminate_zeros()
    pairs = together.tocoo()
    values = pairs.data / (np.sqrt(counts[pairs.row] * counts[pairs.col]) + shrink)
    similar = sp.csr_matrix((values, (pairs.row, pairs.col)), shape=together.shape)
    return similar if keep is None else best_of_rows(similar, keep)


def best_of_rows(similar: Any, keep: int) -> Any:
    """The `keep` largest entries of each row."""
    rows = []
    for number in range(similar.shape[0]):
        row = similar.getrow(number)
        if row.nnz > keep:
            row.data[np.argpartition(row.data, -keep)[:-keep]] = 0
        rows.append(row)
    kept = sp.vstack(rows).tocsr()
    kept.eliminate_zeros()
    return kept


def item_knn(similar: Any) -> Rank:
    """The sum of the similarities to the visible tracks."""
    return lambda seeds: np.asarray(similar[seeds].sum(axis=0)).ravel()


def between(seeds_from: Array, answers_from: Array) -> Rank:
    """The middle of the seeds' vectors against the others'; both (tracks, dimensions)."""
    return lambda seeds: answers_from @ seeds_from[seeds].mean(axis=0)


def candidates(
    data: Matrix, rank: Rank, visible: list[list[str]], hidden: list[list[str]], n: int = 500
) -> Iterator[tuple[list[str], set[str]]]:
    """The n best tracks that are not visible, for every playlist with something hidden."""
    number = data.number
    for tracks, goal in zip(visible, hidden, strict=True):
        if not goal:
            continue
        seeds = sorted({number[track] for track in tracks})
        scores = rank(seeds)
        scores[seeds] = -np.inf
        best = np.argpartition(-scores, n)[:n] if len(scores) > n else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        yield [data.tracks[index] for index in best], set(goal)


def rows(quick: bool) -> Iterator[Row]:
    """Every ranking on the same split; ours and the networks with three seeds of training."""
    if not PLAYLISTS.exists():
        raise Problem(f"the quality needs {PLAYLISTS}: a CSV with playlist_id and track_id")
    playlists = read_playlists(PLAYLISTS)[: 500 if quick else None]
    parts = split(playlists)
    data = matrix(parts.visible)
    knn = measured(data, parts, item_knn(item_similarity(data)))
    yield from as_rows("popularity", measured(data, parts, popularity(data)), knn)
    yield from as_rows("PureSVD 64", measured(data, parts, pure_svd(data)), knn)
    yield from as_rows("item-kNN, cosine, shrink 10", knn, knn)
    seeds = range(1 if quick else 3)
    settings = replace(Word2VecSettings(), epochs=3) if quick else Word2VecSettings()
    yield from as_rows("gensim defaults", mean(plain(data, parts, seed) for seed in seeds), knn)
    original = {"vector_size": 30, "window": 10, "min_count": 4, "epochs": 50}
    yield from as_rows(
        "the original's settings", mean(plain(data, parts, seed, **original) for seed in seeds), knn
    )
    ours = [ours_by_seed(data, parts, replace(settings, seed=seed)) for seed in seeds]
    for name in ours[0]:
        yield from as_rows(name, mean(by_name[name] for by_name in ours), knn)


def measured(data: Matrix, parts: Split, rank: Rank) -> Quality:
    """Quality of a ranking on the hidden tracks."""
    return evaluate(candidates(data, rank, parts.visible, parts.hidden))


def as_rows(name: str, quality: Quality, knn: Quality) -> Iterator[Row]:
    """Four figures, beside item-kNN's."""
    for measure in ("r_precision", "ndcg", "hit_rate", "clicks"):
        value, peer = getattr(quality, measure), getattr(knn, measure)
        yield Row(f"{name}: {measure}", value, "", "item-kNN", peer)


def mean(qualities: Iterator[Quality]) -> Quality:
    """The mean over seeds of training."""
    all_of = [list(vars(quality).values()) for quality in qualities]
    return Quality(int(all_of[0][0]), *map(float, np.mean(all_of, axis=0)[1:]))


def plain(data: Matrix, parts: Split, seed: int, **settings: Any) -> Quality:
    """gensim's Word2Vec as it is mostly used: the middle of inputs against inputs."""
    model = Word2Vec(parts.visible, seed=seed, workers=1, **settings)
    vectors = np.zeros((len(data.tracks), model.vector_size), dtype=np.float32)
    for number, track in enumerate(data.tracks):
        if track in model.wv:
            vectors[number] = model.wv[track]
    vectors = unit(vectors)
    return measured(data, parts, between(vectors, vectors))


def ours_by_seed(data: Matrix, parts: Split, settings: Word2VecSettings) -> dict[str, Quality]:
    """The vectors alone, from all tracks and from the last one, then the radio asked in SQL."""
    model = fit(parts.visible, for_size(settings, len(data.tracks)))
    row = {track: number for number, track in enumerate(model.items)}
    order = [row[track] for track in data.tracks]
    inputs, contexts = model.inputs[order], model.contexts[order]
    last = replace(parts, visible=[tracks[-1:] for tracks in parts.visible])
    return {
        "Word2Vec: input to context": measured(data, parts, between(inputs, contexts)),
        "Word2Vec: input to input": measured(data, parts, between(inputs, inputs)),
        "one seed, Word2Vec: input to context": measured(data, last, between(inputs, contexts)),
        "one seed, Word2Vec: input to input": measured(data, last, between(inputs, inputs)),
        "one seed, item-kNN": measured(data, last, item_knn(item_similarity(data))),
        "song_radio, in SQL": evaluate(radio(parts, settings)),
    }


def radio(parts: Split, settings: Word2VecSettings) -> Iterator[tuple[list[str], set[str]]]:
    """Load and train as a person does, then ask song_radio to go on every playlist."""
    with psycopg.connect(autocommit=True) as conn:
        register_vector(conn)
        conn.execute("truncate muse.playlists, muse.tracks, muse.sources cascade")
        load_entries(conn, "benchmark", as_playlists(parts.visible))
        songs.train(conn, settings, EVERYTHING)
        for visible, hidden in zip(parts.visible, parts.hidden, strict=True):
            if hidden:
                rows = conn.execute(RADIO, (visible,)).fetchall()
                yield [track for (track,) in rows], set(hidden)


def as_playlists(playlists: list[list[str]]) -> Iterator[Playlist]:
    """What a parser would give."""
    for number, tracks in enumerate(playlists):
        yield Playlist(f"benchmark#{number:06d}", str(number), [Track(track) for track in tracks])
