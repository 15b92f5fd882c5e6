"""What continues a playlist best: rankings of every kind over one split of real playlists."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
from gensim.models import Word2Vec
from pgvector.psycopg import register_vector

from benchmarks.core.report import Row
from benchmarks.songs.peers import (
    Array,
    Matrix,
    Rank,
    between,
    item_similarity,
    linear,
    matrix,
    popularity,
    pure_svd,
    strong_peers,
)
from loaders.core.errors import Problem
from loaders.songs import ranking
from loaders.songs import train as songs
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.ranking import Quality, hidden_count, measure
from loaders.songs.word2vec import Word2VecSettings, fit, for_size, unit

PLAYLISTS = Path(__file__).resolve().parents[3] / "shared/data/playlists/train_sequential.csv"
EVERYTHING = songs.PlaylistFilter(longest=2**31 - 1, artist_share=1)
RADIO = "select track_id from muse.song_radio(%s, 500, 500)"
RESAMPLES = 2000


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


def candidates(
    data: Matrix, rank: Rank, visible: list[list[str]], hidden: list[list[str]], n: int = 500
) -> Iterator[tuple[list[str], set[str]]]:
    """The n best tracks that are not visible, for every playlist with something hidden."""
    number = data.number
    for tracks, goal in zip(visible, hidden, strict=True):
        if not goal:
            continue
        last = {track: place for place, track in enumerate(tracks)}
        seeds = [number[track] for track in sorted(last, key=last.__getitem__)]
        scores = rank(seeds)
        scores[seeds] = -np.inf
        best = np.argpartition(-scores, n)[:n] if len(scores) > n else np.arange(len(scores))
        best = best[np.argsort(-scores[best], kind="stable")]
        yield [data.tracks[index] for index in best], set(goal)


def rows(quick: bool, path: Path = PLAYLISTS) -> Iterator[Row]:
    """Every ranking on the same split; ours and the networks with three seeds of training."""
    if not path.exists():
        raise Problem(f"the quality needs {path}: a CSV with playlist_id and track_id")
    playlists = read_playlists(path)[: 500 if quick else None]
    parts = split(playlists)
    data = matrix(parts.visible)
    strong = {name: best_of(name, parts) for name in strong_peers(data)}
    scores = {
        "popularity": measured(data, parts, popularity(data)),
        "PureSVD 64": measured(data, parts, pure_svd(data)),
        "item-kNN, cosine, shrink 10": measured(data, parts, linear(item_similarity(data))),
    } | strong
    seeds = range(1 if quick else 3)
    settings = replace(Word2VecSettings(), epochs=3) if quick else Word2VecSettings()
    original = {"vector_size": 30, "window": 10, "min_count": 4, "epochs": 50}
    scores["gensim defaults"] = middle(plain(data, parts, seed) for seed in seeds)
    scores["the original's settings"] = middle(
        plain(data, parts, seed, **original) for seed in seeds
    )
    ours = [ours_by_seed(data, parts, replace(settings, seed=seed)) for seed in seeds]
    scores |= {name: middle(by_name[name] for by_name in ours) for name in ours[0]}
    knn = ranking.mean(scores["item-kNN"])
    for name, table in scores.items():
        yield from as_rows(name, ranking.mean(table), knn)
    for name, table in strong.items():
        yield from differences(name, scores["song_radio, in SQL"], table)


def best_of(name: str, parts: Split) -> Array:
    """Scores of a peer with the settings that are best on the held-out ends of visible parts."""
    earlier = split(parts.visible)
    data = matrix(earlier.visible)
    scores = [measured(data, earlier, rank) for rank in strong_peers(data)[name]()]
    best = int(np.argmax([table[:, 1].mean() + table[:, 2].mean() / 2 for table in scores]))
    data = matrix(parts.visible)
    for number, rank in enumerate(strong_peers(data)[name]()):
        if number == best:
            return measured(data, parts, rank)
    raise AssertionError(best)


def measured(data: Matrix, parts: Split, rank: Rank) -> Array:
    """Scores of a ranking on the hidden tracks, (playlists, 5) as `ranking.measure` has them."""
    return measured_pairs(candidates(data, rank, parts.visible, parts.hidden))


def measured_pairs(pairs: Iterable[tuple[list[str], set[str]]]) -> Array:
    """The same of (ranked candidates, hidden tracks)."""
    return np.array([measure(ranked, hidden) for ranked, hidden in pairs])


def as_rows(name: str, quality: Quality, knn: Quality) -> Iterator[Row]:
    """Five figures, beside item-kNN's."""
    for metric in ("r_precision", "ndcg", "hit_rate", "clicks", "hits"):
        value, peer = getattr(quality, metric), getattr(knn, metric)
        yield Row(f"{name}: {metric}", value, "", "item-kNN", peer)


def differences(name: str, ours: Array, peer: Array) -> Iterator[Row]:
    """How much better ours is, with the 95% interval of a paired bootstrap over playlists."""
    random = np.random.default_rng(0)
    drawn = random.integers(len(ours), size=(RESAMPLES, len(ours)))
    for metric, column in (("ndcg", 1), ("hit_rate", 2)):
        gain = ours[:, column] - peer[:, column]
        low, high = np.percentile(gain[drawn].mean(axis=1), [2.5, 97.5])
        yield Row(
            f"song_radio less {name}: {metric}, 95% from {low:.4f} to {high:.4f}", gain.mean()
        )


def middle(tables: Iterable[Array]) -> Array:
    """The mean of scores over seeds of training."""
    return np.asarray(np.mean(list(tables), axis=0))


def plain(data: Matrix, parts: Split, seed: int, **settings: Any) -> Array:
    """gensim's Word2Vec as it is mostly used: the middle of inputs against inputs."""
    model = Word2Vec(parts.visible, seed=seed, workers=1, **settings)
    vectors = np.zeros((len(data.tracks), model.vector_size), dtype=np.float32)
    for number, track in enumerate(data.tracks):
        if track in model.wv:
            vectors[number] = model.wv[track]
    vectors = unit(vectors)
    return measured(data, parts, between(vectors, vectors))


def ours_by_seed(data: Matrix, parts: Split, settings: Word2VecSettings) -> dict[str, Array]:
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
        "one seed, item-kNN": measured(data, last, linear(item_similarity(data))),
        "song_radio, in SQL": measured_pairs(radio(parts, settings)),
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
