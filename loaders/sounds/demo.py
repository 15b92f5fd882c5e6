"""Sound's part of the demo: a library of 16 tracks, what sounds alike, and tags."""

from collections.abc import Iterator

import psycopg

from loaders.core.console import say
from loaders.core.db import lock
from loaders.core.errors import Problem
from loaders.core.topics import Answer
from loaders.sounds.load import live_tagger, load_sample
from loaders.sounds.refresh import outdated
from loaders.sounds.tagger.train import train as train_tagger
from loaders.sounds.train import train

SEED = "maxstack - nebula"


def demo(conn: psycopg.Connection) -> Iterator[Answer]:
    """Port the tagger, load the sample, and search it by sound."""
    say("porting the tagger of music")
    try:
        train_tagger(conn)
        with lock(conn, "sounds"):
            result = load_sample(conn, live_tagger(conn))
    except (Problem, ModuleNotFoundError) as error:
        say(f"sound is skipped: {error}")
        return
    if result is None:
        return
    if result.written or outdated(conn) or not _is_live(conn):
        train(conn)
    yield Answer(
        "Which songs sound like a song?",
        "Sixteen tracks of a game that no playlist has. Similarity is a cosine: above 0 is more "
        "alike than two tracks of the library are on average.",
        "select name, artist, round(similarity::numeric, 2) as similarity\n"
        f"from similar_sounds('{SEED}', n => 5)",
    )
    yield Answer(
        "What does it sound like?",
        "The tagger's scores order the tags of a song; they are no probabilities.",
        f"select tag, round(score::numeric, 2) as score\nfrom song_tags('{SEED}', n => 5)",
    )
    yield Answer(
        "What is in the library?",
        "Each track with the three tags that fit best.",
        "select file.title, round(file.seconds) as seconds,\n"
        "    string_agg(tags.tag, ', ' order by tags.score desc) as tags\n"
        "from sound_files as file, song_tags(file.track_id, n => 3) as tags\n"
        "group by file.sound_source_id, file.title, file.seconds order by file.title",
    )


def _is_live(conn: psycopg.Connection) -> bool:
    query = "select from muse.deployments where name = 'sounds'"
    return bool(conn.execute(query).rowcount)
