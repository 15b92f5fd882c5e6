"""Train a model of songs or artists on the playlists in the database, and deploy it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from typing import Any

import psycopg

from loaders.core.console import counted, progress
from loaders.core.db import copy, lock
from loaders.core.errors import Problem
from loaders.core.models import Part, publish
from loaders.songs import lift, works
from loaders.songs.corpus import QUERIES, Corpus
from loaders.songs.neighbors import Membership, Neighbors, Row
from loaders.songs.tuning import FEWEST, Evaluation, RadioSettings, Tuning, tune
from loaders.songs.word2vec import ItemVectors, Word2VecSettings, fit, for_size

NEIGHBORS = {"model_id": "int8", "neighbor_id": "text", "playlists": "int4", "similarity": "float4"}
VECTORS = {
    "model_id": "int8",
    "track_id": "text",
    "input_vector": "vector",
    "context_vector": "vector",
}
REMEDY = "run ./pgmuse load playlists FILE"
NOT_TRAINED = 0.01  # of the places: where more are held out, the model is trained again on all


@dataclass(frozen=True)
class PlaylistFilter:
    """Selects training playlists, and those whose end is held out."""

    shortest: int = 1
    longest: int | None = None  # longer ones are cut into parts; None: as nearly all are
    artist_share: float = 0.5  # playlists in which one artist has a larger share are left out
    held_out: float = 0.5  # share of playlists whose end is held out, 1,000 at most


@dataclass(frozen=True)
class Selection:
    """The training playlists. places, items: of the visible parts. notes: what was left out."""

    playlists: int
    places: int
    items: int
    hidden: int  # places
    longest: int
    notes: list[str]


def no_names(conn: psycopg.Connection) -> Mapping[str, str]:
    """Store no names: the table tracks has them."""
    return {}


@dataclass(frozen=True)
class Subject:
    """What a model has vectors of.

    name: of the model. vectors, neighbors: the tables with a partition per model. columns: of
    `vectors`, with their types; `key` is one of them. nouns: what the items are called. kind: of
    the neighbours; None: the held-out playlists choose it, with the settings of the radio. convert:
    replaces the tracks in the temporary table `training`, and returns notes. names: of the items,
    for a column `artist`. versions: the keys of an item that stands for several.
    """

    name: str
    key: str
    vectors: str
    neighbors: str
    columns: dict[str, str]
    nouns: str
    kind: Neighbors | None = None
    convert: Callable[[psycopg.Connection], list[str]] = works.join
    names: Callable[[psycopg.Connection], Mapping[str, str]] = no_names
    versions: Callable[[psycopg.Connection], Mapping[str, list[str]]] = works.versions


SONGS = Subject("songs", "track_id", "song_vectors", "song_neighbors", VECTORS, "tracks")


@dataclass(frozen=True)
class TrainedModel:
    """A deployed model. tuning: None where too few playlists are held out to measure anything."""

    model_id: int
    selection: Selection
    items: int
    rare: int  # items without a vector
    held_out: int  # playlists
    tuning: Tuning | None

    @property
    def playlists(self) -> int:
        """Training playlists."""
        return self.selection.playlists


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
    chosen = select(conn, which, subject)
    if not chosen.places:
        raise Problem(f"there are no playlists to train {subject.name} on: {REMEDY}")
    held_out_playlists, longest = conn.execute(QUERIES.count_held_out).fetchone() or (0, 0)
    if longest < 2:
        raise Problem(f"no playlist has two {subject.nouns}: nothing stands together in them")
    settings = for_size(settings, chosen.items)
    vectors = _fit(conn, settings, chosen.places)
    held_out = conn.execute(QUERIES.held_out_parts).fetchall()
    tuning, lifts = None, None
    if held_out_playlists >= FEWEST:
        evaluation = Evaluation(Membership(Corpus(conn)), vectors, held_out)
        with closing(progress("settings", title="comparing")) as bar:
            tuning = tune(evaluation, subject.kind, bar.update)
        lifts = lift.measure(evaluation)
    conn.execute(QUERIES.show_held_out)
    items = chosen.items
    if chosen.hidden > NOT_TRAINED * chosen.places:
        vectors = _fit(conn, settings, chosen.places + chosen.hidden)
        (items,) = conn.execute(QUERIES.count_items).fetchone() or (0,)
    radio = tuning.settings if tuning else RadioSettings(kind=subject.kind or Neighbors())
    config = asdict(settings) | {
        "filter": asdict(which),
        "longest": chosen.longest,
        "neighbors": asdict(radio.kind),
        "lift": lifts,
    }
    if subject.kind is None:  # only song_radio reads them
        config["radio"] = radio.as_dict()
    qualities = tuning.qualities.items() if tuning else ()
    metrics = {method: quality.as_dict() for method, quality in qualities}
    model_id = store(conn, subject, vectors, radio.kind, config, metrics)
    rare = items - len(vectors.items)
    return TrainedModel(model_id, chosen, len(vectors.items), rare, held_out_playlists, tuning)


def select(conn: psycopg.Connection, which: PlaylistFilter, subject: Subject = SONGS) -> Selection:
    """Copy the training playlists to the temporary table `training`, and hold out some ends."""
    conn.execute(QUERIES.drop_temporary)
    values = asdict(which)
    if which.longest is None:
        (values["longest"],) = conn.execute(QUERIES.usual_length, values).fetchone() or (None,)
    notes = []
    short, long = conn.execute(QUERIES.count_playlists, values).fetchone() or (0, 0)
    if short:
        notes.append(
            f"left out {counted(short, 'playlists')} of fewer than {which.shortest:,} tracks "
            "(--shortest)"
        )
    if long:
        notes.append(
            f"trained in parts: {counted(long, 'playlists')} of more than "
            f"{values['longest']:,} tracks (--longest)"
        )
    conn.execute(QUERIES.create_training, values)
    notes += _leave_out_single_artist(conn, which)
    conn.execute(QUERIES.hide_held_out, values)
    notes += subject.convert(conn)
    playlists, places, items, hidden = conn.execute(QUERIES.training_size).fetchone() or (0,) * 4
    return Selection(playlists, places, items, hidden, values["longest"] or 0, notes)


def _leave_out_single_artist(conn: psycopg.Connection, which: PlaylistFilter) -> list[str]:
    """Delete playlists of a single artist, unless they are most; return a note."""
    conn.execute(QUERIES.mark_single_artist, asdict(which))
    single, playlists = conn.execute(QUERIES.count_single_artist).fetchone() or (0, 0)
    if not single:
        return []
    share = f"in which one artist has more than {which.artist_share:.0%} (--artist-share)"
    if single > playlists / 2:
        return [f"kept {counted(single, 'playlists')} {share}: they are most of {playlists:,}"]
    conn.execute(QUERIES.delete_single_artist)
    return [f"left out {counted(single, 'playlists')} {share}"]


def store(
    conn: psycopg.Connection,
    subject: Subject,
    vectors: ItemVectors,
    kind: Neighbors,
    config: dict[str, Any],
    metrics: dict[str, Any],
) -> int:
    """Publish the vectors and neighbours as the live model; return its id."""
    members = Membership(Corpus(conn))
    versions = subject.versions(conn)

    def fill_vectors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        names = subject.names(conn)
        rows = zip(vectors.items, vectors.inputs, vectors.contexts, strict=True)
        has_names = "artist" in subject.columns
        copy(
            conn, part, subject.columns,
            (
                (model_id, key, *([names.get(item)] if has_names else []), *both)
                for item, *both in rows
                for key in versions.get(item, [item])
            ),
        )  # fmt: skip

    def fill_neighbors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        columns = NEIGHBORS | {subject.key: "text"}
        with closing(progress(subject.nouns, len(members.items), "neighbours")) as bar:
            rows = members.rows(kind, on_items=bar.update)
            copy(conn, part, columns, _neighbor_rows(rows, members.items, versions, model_id))

    parts = Part(subject.vectors, fill_vectors), Part(subject.neighbors, fill_neighbors)
    with lock(conn, "songs"):
        return publish(conn, subject.name, config, metrics, parts=parts)


def _neighbor_rows(
    rows: Iterable[Row], items: list[str], versions: Mapping[str, list[str]], model_id: int
) -> Iterator[tuple[Any, ...]]:
    """Rows of NEIGHBORS, then the key."""
    for row in rows:
        item = items[row.item]
        for key in versions.get(item, [item]):
            pairs = zip(row.neighbors, row.playlists, row.similarities, strict=True)
            for neighbor, playlists, similarity in pairs:
                yield model_id, items[neighbor], int(playlists), float(similarity), key


def model_line(model: TrainedModel, subject: Subject) -> str:
    """A sentence about the live model."""
    return (
        f"model {model.model_id} is live: {model.items:,} {subject.nouns} of "
        f"{model.playlists:,} playlists"
    )


def quality_lines(model: TrainedModel, subject: Subject) -> list[str]:
    """What was left out, how good each method is, and what the radio does."""
    lines = list(model.selection.notes)
    if model.rare:
        lines.append(f"{counted(model.rare, subject.nouns)} stand in too few places (--min-count)")
    if model.tuning is None:
        return [
            *lines,
            f"quality unknown: the end of {counted(model.held_out, 'playlists')} of ten or more "
            f"{subject.nouns} was hidden (--held-out); it takes {FEWEST}",
        ]
    qualities = model.tuning.qualities
    names = {"popularity": f"the most popular {subject.nouns}", "neighbors": "neighbours",
             "word2vec": "vectors", "radio": "song_radio"}  # fmt: skip
    measured = qualities["popularity"].playlists
    lines.append(
        f"the last fifth of {measured:,} playlists was hidden; of ten suggestions in it were:"
    )
    lines += [
        f"  {names[method]:<24} {quality.hits:5.2f}   one or more: {quality.hit_rate:.0%}"
        for method, quality in qualities.items()
    ]
    if subject.kind is None:
        lines.append(f"chosen for song_radio: {model.tuning.settings}")
    if not model.tuning.beats_popularity:
        lines.append(
            f"the most popular {subject.nouns} do as well: these playlists say little about what "
            "goes together"
        )
    return lines


def _fit(conn: psycopg.Connection, settings: Word2VecSettings, places: int) -> ItemVectors:
    total = (settings.epochs + 1) * places  # one more pass builds the vocabulary
    with closing(progress("places", total, "training")) as bar:
        corpus = Corpus(conn, bar.update)
        try:
            return fit(corpus, settings, on_epoch=corpus.check)
        except RuntimeError as error:  # the vocabulary is empty
            corpus.check()
            raise Problem("nothing is in enough places: lower --min-count") from error
