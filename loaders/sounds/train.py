"""`train sounds`: centre the embeddings on the library, measure them, and deploy the vectors."""

from typing import Any, NamedTuple

import numpy as np
import psycopg
from psycopg import sql

from loaders.core.console import counted
from loaders.core.db import lock, table_name, take_turns
from loaders.core.errors import Problem
from loaders.core.models import LiveModel, Part, live_model, publish
from loaders.sounds.load import live_tagger
from loaders.sounds.quality import NearestArtists, measure
from loaders.sounds.store import QUERIES

FEWEST = 2  # songs
FEWEST_JUDGED = 20  # songs of several artists, from which on the quality is compared
MAX_JUDGED = 5000


class TrainedSounds(NamedTuple):
    """The deployed model. quality: None where there are too few songs of several artists."""

    model_id: int
    songs: int
    quality: NearestArtists | None


def train(conn: psycopg.Connection, *, force: bool = False) -> TrainedSounds:
    """Make vectors of all songs that the live tagger heard, and deploy them.

    `conn` is in autocommit mode. A model of another tagger than the live one's goes live only where
    it finds the artists of songs that both heard as often, or with `force`. Errors: Problem.
    """
    tagger = live_tagger(conn)
    with lock(conn, "sounds"):
        with conn.transaction():
            centre, songs = _prepare(conn, tagger)
            quality = _quality(conn)
            if not force:
                _check_gate(conn, tagger, live_model(conn, "sounds"))
        config = {
            "tagger": tagger.model_id,
            "network": tagger.config.get("network"),
            "dataset": tagger.config.get("dataset"),
            "songs": songs,
            "centre": centre,
        }
        metrics = quality.as_dict() if quality else {}

        def fill(conn: psycopg.Connection, part: str, model_id: int) -> None:
            take_turns(conn, "tracks")  # no track and no sound is deleted until it is attached
            conn.execute(QUERIES.create_songs, {"tagger": tagger.model_id})
            values = {"model_id": model_id, "centre": str(centre)}
            conn.execute(sql.SQL(QUERIES.fill_vectors).format(part=table_name(part)), values)

        model_id = publish(conn, "sounds", config, metrics, parts=(Part("sound_vectors", fill),))
        conn.execute(QUERIES.delete_old_embeddings)
    return TrainedSounds(model_id, songs, quality)


def describe(model: TrainedSounds) -> list[str]:
    """Lines about the live model and its quality."""
    lines = [f"model {model.model_id} is live: {counted(model.songs, 'songs')}"]
    if model.quality is None:
        return [*lines, "quality unknown: it takes songs of several artists, two or more of each"]
    quality = model.quality
    lines.append(
        f"the song that sounds most alike is by the same artist for {quality.share:.0%} of "
        f"{counted(len(quality.hits), 'songs')}, by chance {quality.by_chance:.0%}"
    )
    if not quality.beats_chance:
        lines.append("that is no better than chance: these sounds say little about their artists")
    return lines


def _prepare(conn: psycopg.Connection, tagger: LiveModel) -> tuple[list[float], int]:
    """Fill the temporary table `songs`; the centre and the number of songs. Errors: Problem."""
    conn.execute(QUERIES.create_songs, {"tagger": tagger.model_id})
    centre, songs = conn.execute(QUERIES.select_centre).fetchone() or (None, 0)
    if songs < FEWEST:
        reason = "there are no sounds" if not songs else "one song cannot be compared with others"
        raise Problem(f"{reason}: run ./pgmuse load audio FOLDER")
    return [round(value, 6) for value in centre.to_list()], songs


def _labelled(conn: psycopg.Connection) -> list[tuple[str, Any, str]]:
    """Songs with embedding and artist, of the temporary table `songs`."""
    rows = conn.execute(QUERIES.select_labelled, {"songs": MAX_JUDGED})
    return [(work, vector.to_numpy(), artist) for work, vector, artist in rows]


def _quality(conn: psycopg.Connection) -> NearestArtists | None:
    rows = _labelled(conn)
    if len(rows) < FEWEST:
        return None
    return measure(np.array([row[1] for row in rows]), [row[2] for row in rows])


def _check_gate(conn: psycopg.Connection, tagger: LiveModel, live: LiveModel | None) -> None:
    """Compare with the live model, on songs that both taggers heard. Errors: Problem."""
    if live is None or live.config["tagger"] == tagger.model_id:
        return
    ours = {work: (vector, artist) for work, vector, artist in _labelled(conn)}
    conn.execute("drop table pg_temp.songs")
    conn.execute(QUERIES.create_songs, {"tagger": live.config["tagger"]})
    both = [(*ours[work], vector) for work, vector, _ in _labelled(conn) if work in ours]
    if len(both) < FEWEST_JUDGED:
        return
    artists = [artist for _, artist, _ in both]
    new = measure(np.array([vector for vector, *_ in both]), artists)
    old = measure(np.array([vector for *_, vector in both]), artists)
    if new is not None and old is not None and new.share < old.share:
        raise Problem(
            f"not deployed: of {len(both):,} songs the nearest is by the same artist for "
            f"{new.share:.0%}, with the live model for {old.share:.0%} (--force deploys it)"
        )
