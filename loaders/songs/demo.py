"""The song radio's part of the demo: charts and setlists, two models, and queries."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.models import live_model
from loaders.core.topics import Answer
from loaders.songs.artists import ARTISTS
from loaders.songs.load import load_samples
from loaders.songs.train import train
from loaders.songs.word2vec import ARTIST_SETTINGS, Word2VecSettings


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Load the samples, train a model where they are new or none is live, and query it."""
    results = load_samples(conn)
    say("songs: playlists from Spotify need an app of yours, see docs/spotify.md")
    if not results:
        return
    is_new = any(result.written for result in results)
    if is_new or live_model(conn, "songs") is None:
        say("training the song model")
        train(conn, Word2VecSettings())
    if is_new or live_model(conn, "artists") is None:
        say("training the artist model")
        train(conn, ARTIST_SETTINGS, subject=ARTISTS)
    conn.execute("select muse.draw_radio_samples(3)")
    yield Answer(
        "Which songs go with a song?",
        "The playlists are the weekly Hot 100 of 2000: similar songs were in the charts together. "
        "Lift says how many times likelier than chance both stand in one playlist.",
        "select * from similar_songs((select track_id from find_songs('say my name') limit 1))",
    )
    yield Answer(
        "A playlist from the middle of two songs",
        "The score combines song vectors and neighbours in playlists; at most two per artist.",
        "select place, name, artist from song_radio(array(\n"
        "    select track_id from find_songs('whitney houston', 2)), n => 8, per_artist => 2)",
    )
    yield Answer(
        "Which artists go with an artist?",
        "Artists that were in the charts together. A name may be written in any spelling.",
        "select artist, similarity from similar_artists('destinys child', n => 5)",
    )
    yield Answer(
        "A playlist that leads from one song to another",
        "Each song goes with the one before; similarity is a cosine to it.",
        "select place, name, artist, similarity\n"
        "from song_path('Lonestar - Amazed', 'Santana - Maria, Maria', n => 7)",
    )
