"""The song radio's part of the demo: charts and setlists, a model, and queries."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.models import live_model
from loaders.core.topics import Answer
from loaders.songs.load import load_samples
from loaders.songs.train import train
from loaders.songs.word2vec import Word2VecSettings

EPOCHS = 100  # the sample is small: more epochs take seconds


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the samples, train a model where they are new or none is live, and query it."""
    results = load_samples(conn)
    say("songs: playlists from Spotify need an app of yours, see docs/spotify.md")
    if not results:
        return
    if any(result.written for result in results) or live_model(conn, "songs") is None:
        say("training the song model")
        train(conn, Word2VecSettings(epochs=EPOCHS))
    conn.execute("select muse.draw_radio_samples(3)")
    yield Answer(
        "Which songs go with a song?",
        "The playlists are the weekly Hot 100 of 2000: similar songs were in the charts together. "
        "Similarity is a cosine; only its order is meaningful.",
        "select * from similar_songs((select track_id from find_songs('say my name') limit 1))",
    )
    yield Answer(
        "A playlist from the middle of two songs",
        "The score combines song vectors and neighbours in playlists; at most two per artist.",
        "select place, name, artist from song_radio(array(\n"
        "    select track_id from find_songs('whitney houston', 2)), n => 8, per_artist => 2)",
    )
