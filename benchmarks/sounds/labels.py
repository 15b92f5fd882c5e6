"""Artists of tracks from the vectors of 5,000 real playlists, which nobody labelled."""

from collections.abc import Iterator
from contextlib import redirect_stderr
from dataclasses import replace
from io import StringIO

import numpy as np
import psycopg

from benchmarks.core.report import Row
from benchmarks.songs.artists import read_artists
from benchmarks.songs.quality import EVERYTHING, PLAYLISTS, read_playlists
from loaders.core.errors import Problem
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.songs.train import train as train_songs
from loaders.songs.word2vec import Word2VecSettings
from loaders.sounds.labels.fit import PARTS, calibration_error, learn
from loaders.sounds.labels.train import select_labelled, songs_with, train

ALL = replace(EVERYTHING, held_out=0)  # nothing of the playlists themselves is measured
SEEDS = (0, 1, 2)


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """Accuracy, log loss and calibration error on held-out tracks."""
    if not PLAYLISTS.exists():
        raise Problem(f"the playlists are missing: {PLAYLISTS}")
    _load(conn, quick)
    with redirect_stderr(StringIO()):
        train_songs(conn, Word2VecSettings(epochs=3 if quick else 20), ALL)
    for fewest in (30, 5):
        for seed in SEEDS[: 1 if quick or fewest == 5 else None]:
            with redirect_stderr(StringIO()):
                measured = train(conn, "artist", fewest, seed).measures["playlists"]
            name = f"artists of {fewest} songs or more, seed {seed}"
            yield Row(f"{name}: labels", measured.labels, "labels")
            yield Row(f"{name}: accuracy", measured.accuracy, "")
            yield Row(f"{name}: log loss", measured.log_loss, "nats", "frequencies",
                      measured.log_loss_of_prior)  # fmt: skip
            yield Row(f"{name}: calibration error", measured.ece, "", "at most", 0.05)
    yield from in_turn(conn, 30)


def in_turn(conn: psycopg.Connection, fewest: int) -> Iterator[Row]:
    """The same with each fifth held out in turn, so that all tracks measure the calibration.

    Peer of the error: that of outcomes which are drawn from the probabilities themselves.
    """
    (model_id,) = conn.execute("select muse.live_model('songs')").fetchone() or (None,)
    values = {"song_model": model_id, "sound_model": None, "seed": 0, "songs": 50_000}
    songs = songs_with(select_labelled(conn, "artist", values), "playlists", fewest)
    chances, right = [], []
    for turn in range(PARTS):
        places = songs.places + turn
        tested = places % PARTS == 0
        trial = learn(songs.features, songs.labels, places).trial
        logs = trial.log_probabilities(songs.features[tested])
        chances.append(np.exp(logs.max(axis=1)))
        right.append(logs.argmax(axis=1) == songs.labels[tested])
    probabilities, hits = np.concatenate(chances), np.concatenate(right)
    random = np.random.default_rng(0)
    drawn = [
        calibration_error(probabilities, random.random(len(hits)) < probabilities)
        for _ in range(200)
    ]
    name = f"artists of {fewest} songs or more, each fifth in turn"
    yield Row(f"{name}: held-out tracks", len(hits), "tracks")
    yield Row(f"{name}: accuracy", float(hits.mean()), "")
    error = calibration_error(probabilities, hits)
    yield Row(f"{name}: calibration error", error, "", "by chance", float(np.mean(drawn)))


def _load(conn: psycopg.Connection, quick: bool) -> None:
    """The playlists, their tracks with artists."""
    artist_of = read_artists()
    entries = (
        Playlist(
            f"benchmark#{number:06d}", str(number),
            [Track(f"track {one}", f"Track {one}", f"Artist {artist_of[one]}") for one in tracks],
        )
        for number, tracks in enumerate(read_playlists(PLAYLISTS)[: 1500 if quick else None])
    )  # fmt: skip
    load_entries(conn, "benchmark", entries)
