"""`train labels`: classifiers of songs by their vectors, deployed where they beat the prior."""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
import psycopg
from pgvector import Vector

from loaders.core.console import counted, progress
from loaders.core.db import copy, lock
from loaders.core.errors import Problem
from loaders.core.models import Part, live_model, publish
from loaders.sounds.labels import QUERIES, STORED, check_kind
from loaders.sounds.labels.fit import (
    FEWEST_OTHERS,
    PARTS,
    PENALTIES,
    Learned,
    Measures,
    learn,
)
from udfs.sound_patches import Array

FEWEST = 100  # songs: a fifth of them measures
MAX_SONGS, MAX_LABELS = 50_000, 1000
SONG, SOUND = 128, 200  # numbers of the vectors
EVIDENCE = ("playlists", "sound", "both")
COLUMNS = {
    "model_id": "int8",
    "evidence": "text",
    "label": "text",
    "songs": "int4",
    "bias": "float4",
    "song_weights": "vector",
    "sound_weights": "vector",
}


class LabelledSongs(NamedTuple):
    """Songs that have the vectors of some evidence. names: of the labels, by number.

    places: of the songs in the random order of all songs. left_out: labels with too few songs, and
    the songs that have them.
    """

    features: Array
    labels: Array
    places: Array
    names: list[str]
    left_out: tuple[int, int]


class TrainedLabels(NamedTuple):
    """A deployed model. refused: measures of the evidence that does not beat the prior."""

    model_id: int
    kind: str
    measures: dict[str, Measures]
    refused: dict[str, Measures]
    notes: list[str]


def train(conn: psycopg.Connection, kind: str, min_songs: int = 5, seed: int = 0) -> TrainedLabels:
    """Learn the labels of a kind from playlists, from sound and from both, and deploy the model.

    `conn` is in autocommit mode. Errors: Problem where the held-out songs show no evidence that
    tells the labels better than their frequencies do, with 95% confidence.
    """
    check_kind(kind)
    song_model, sound_model = live_model(conn, "songs"), live_model(conn, "sounds")
    if song_model is None and sound_model is None:
        raise Problem("no vectors of songs yet: run ./pgmuse train songs, or ./pgmuse train sounds")
    models = {
        "song_model": song_model and song_model.model_id,
        "sound_model": sound_model and sound_model.model_id,
    }
    rows = select_labelled(conn, kind, models | {"seed": seed, "songs": MAX_SONGS})
    learned, songs, notes = {}, {}, []
    for evidence in EVIDENCE:
        of_evidence = songs_with(rows, evidence, min_songs)
        if len(of_evidence.names) < 2 or len(of_evidence.labels) < FEWEST:
            continue
        songs[evidence] = of_evidence
        with closing(progress("fits", len(PENALTIES) + 2, f"learning from {evidence}")) as bar:
            learned[evidence] = learn(
                of_evidence.features, of_evidence.labels, of_evidence.places, bar.update
            )
        if of_evidence.left_out[0]:
            rare, theirs = of_evidence.left_out
            notes.append(
                f"{evidence}: {counted(rare, 'labels')} of {counted(theirs, 'songs')} left out, "
                f"with fewer than {min_songs} songs each (--min-songs){_or_beyond(of_evidence)}; "
                "classify_song() gives such songs other labels"
            )
    if not learned:
        raise Problem(_too_few(kind, rows, min_songs))
    good = {name: one for name, one in learned.items() if one.measures.beats_prior}
    refused = {name: one.measures for name, one in learned.items() if name not in good}
    if "both" in good and not _both_is_best(good, songs):
        del good["both"]
        notes.append("both together tell the labels no better than one alone: not used")
    if not good:
        raise Problem("; ".join(_refusal(kind, name, one) for name, one in refused.items()))
    config = {
        "kind": kind,
        **models,
        "min_songs": min_songs,
        "seed": seed,
        "penalties": {name: one.penalty for name, one in good.items()},
        "temperatures": {name: one.classifier.temperature for name, one in good.items()},
    }
    measures = {name: one.measures for name, one in good.items()}

    def fill(conn: psycopg.Connection, part: str, model_id: int) -> None:
        copy(conn, part, COLUMNS, ((model_id, *row) for row in _weights(good, songs)))

    with lock(conn, "sounds"):
        model_id = publish(
            conn, f"labels_{kind}", config,
            {name: one.as_dict() for name, one in measures.items()},
            parts=(Part("label_weights", fill),),
        )  # fmt: skip
    return TrainedLabels(model_id, kind, measures, refused, notes)


def describe(model: TrainedLabels) -> list[str]:
    """Lines about the model and its quality."""
    lines = [*model.notes]
    lines += [_refusal(model.kind, name, one) for name, one in model.refused.items()]
    for evidence, one in model.measures.items():
        lines.append(
            f"{evidence}: the likeliest of {one.labels:,} labels is right for {one.accuracy:.0%} "
            f"of {counted(one.held_out, 'songs')} that were held out; log loss {one.log_loss:.3f}, "
            f"by frequencies {one.log_loss_of_prior:.3f}; calibration error {one.ece:.3f}"
        )
    return [*lines, f"model {model.model_id} is live: classify_song(track_id, '{model.kind}')"]


def select_labelled(
    conn: psycopg.Connection, kind: str, values: dict[str, int | None]
) -> list[tuple[str, Array | None, Array | None]]:
    """Label, song vector and sound vector of each song, in random order. Errors: Problem."""
    step = {"artist": QUERIES.label_by_artist, "folder": QUERIES.label_by_folder}
    with conn.transaction():
        conn.execute(QUERIES.create_labelled)
        labelled = conn.execute(step.get(kind, QUERIES.label_by_files), {"kind": kind}).rowcount
        rows = conn.execute(QUERIES.select_songs, values).fetchall()
    if not labelled and kind in STORED:
        raise Problem(f"there are no {STORED[kind]}: run ./pgmuse load first")
    if not labelled:
        raise Problem(f"no labels of kind {kind}: run ./pgmuse load labels FILE --kind {kind}")
    return [
        (label, song and song.to_numpy(), sound and sound.to_numpy()) for label, song, sound in rows
    ]


def songs_with(
    rows: list[tuple[str, Array | None, Array | None]], evidence: str, min_songs: int
) -> LabelledSongs:
    """The songs that have the vectors of the evidence, of the labels with enough of them."""
    chosen = []
    for place, (label, song, sound) in enumerate(rows):
        vectors = {"playlists": (song,), "sound": (sound,), "both": (song, sound)}[evidence]
        present = [one for one in vectors if one is not None]
        if len(present) == len(vectors):
            chosen.append((place, label, np.concatenate(present)))
    sizes = Counter(label for _, label, _ in chosen)
    common = [label for label, size in sizes.most_common(MAX_LABELS) if size >= min_songs]
    number = {label: at for at, label in enumerate(common)}
    kept = [row for row in chosen if row[1] in number]
    return LabelledSongs(
        np.array([vector for *_, vector in kept]),
        np.array([number[label] for _, label, _ in kept], dtype=int),
        np.array([place for place, *_ in kept], dtype=int),
        common,
        (len(sizes) - len(common), len(chosen) - len(kept)),
    )


def _both_is_best(good: dict[str, Learned], songs: dict[str, LabelledSongs]) -> bool:
    """Whether both together know all labels, and tell held-out songs better than each alone."""
    both, ours = songs["both"], good["both"]
    for name in good.keys() - {"both"}:
        alone = songs[name]
        if not set(alone.names) <= set(both.names):
            return False
        tested = both.places % PARTS == 0
        cut = slice(0, SONG) if name == "playlists" else slice(SONG, SONG + SOUND)
        number = {label: at for at, label in enumerate(alone.names)}
        labels = np.array([number.get(both.names[one], -1) for one in both.labels])
        tested &= labels >= 0
        features = both.features[tested]
        other = good[name].trial.losses(features[:, cut], labels[tested]).mean()
        if ours.trial.losses(features, both.labels[tested]).mean() >= other:
            return False
    return True


def _weights(
    good: dict[str, Learned], songs: dict[str, LabelledSongs]
) -> Iterator[tuple[object, ...]]:
    """Rows of COLUMNS, without the model."""
    for evidence, one in good.items():
        sizes = np.bincount(songs[evidence].labels)
        for at, label in enumerate(songs[evidence].names):
            row = one.classifier.weights[at]
            song = None if evidence == "sound" else Vector(row[:SONG])
            sound = None if evidence == "playlists" else Vector(row[-SOUND:])
            bias = float(one.classifier.bias[at])
            yield evidence, label, int(sizes[at]), bias, song, sound


def _or_beyond(songs: LabelledSongs) -> str:
    return f" or beyond the {MAX_LABELS:,} commonest" if len(songs.names) == MAX_LABELS else ""


def _refusal(kind: str, evidence: str, one: Measures) -> str:
    if one.others < FEWEST_OTHERS:
        return (
            f"not deployed: {evidence} cannot be measured on {kind}: of "
            f"{counted(one.held_out, 'songs')} that were held out {one.held_out - one.others:,} "
            f"have one label; it takes {FEWEST_OTHERS} of others: load more"
        )
    return (
        f"not deployed: {evidence} cannot tell {kind}: on {counted(one.held_out, 'songs')} that "
        f"were held out the log loss is {one.log_loss:.3f}, by frequencies alone "
        f"{one.log_loss_of_prior:.3f} (95% interval of the gain {one.gain[0]:.3f} to "
        f"{one.gain[1]:.3f})"
    )


def _too_few(kind: str, rows: list[tuple[str, Array | None, Array | None]], fewest: int) -> str:
    sizes = Counter(label for label, *_ in rows)
    songs = sum(size for size in sizes.values() if size >= fewest)
    labels = sum(size >= fewest for size in sizes.values())
    return (
        f"too few songs to learn {kind}: {counted(songs, 'songs')} of {counted(labels, 'labels')} "
        f"have a vector and {fewest} songs or more a label (--min-songs); it takes {FEWEST} songs "
        "and 2 labels: load more"
    )
