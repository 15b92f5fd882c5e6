"""Whether music of one composer sounds alike: precision at 1, beside chance."""

from collections.abc import Iterator

import psycopg

from benchmarks.core.report import Row
from benchmarks.sounds import wesnoth
from loaders.sounds.load import live_tagger, load_sample
from loaders.sounds.train import train


def rows(conn: psycopg.Connection, quick: bool) -> Iterator[Row]:
    """The quality that `train sounds` measures, on the music of two games."""
    wesnoth.download()
    wesnoth.load(conn)
    load_sample(conn, live_tagger(conn))
    quality = train(conn).quality
    assert quality is not None
    yield Row("nearest is by the same composer", quality.share, "", "at least", 0.55)
    yield Row("nearest is by the same composer", quality.share, "", "chance", quality.by_chance)
    yield Row("tracks of composers who have several", len(quality.hits), "tracks")
