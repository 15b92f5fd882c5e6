"""What the command `search` prints for a sound file."""

from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import psycopg
from pgvector import Vector

from loaders.core.console import say
from loaders.core.db import connect_to_muse
from loaders.core.errors import Problem
from loaders.core.topics import SearchRequest
from loaders.sounds.listening import Listener
from loaders.sounds.store import QUERIES
from udfs.sound_patches import BadSound
from udfs.sounds import Heard

TAGS = 5  # that are printed


class SoundMatch(NamedTuple):
    """A row of songs_by_sound()."""

    similarity: float
    artist: str | None
    name: str | None
    track_id: str


def search(request: SearchRequest) -> None:
    """Print the tags of a file, and the tracks that sound like it. Errors: Problem."""
    if request.out is not None:
        raise Problem("--out draws matches of a picture; a sound has none")
    if request.min_confidence:
        raise Problem("--min-confidence is for pictures; sounds have a similarity")
    with connect_to_muse() as conn:
        config, network = _tagger(conn)
        heard = listen(network, request.file)
        values = {"embedding": Vector(heard.embedding), "n": request.n}
        matches = [SoundMatch(*row) for row in conn.execute(QUERIES.songs_by_sound, values)]
    print(table(matches))
    best = np.argsort(-heard.tags, kind="stable")[:TAGS]
    tags = ", ".join(f"{config['tags'][number]} {heard.tags[number]:.2f}" for number in best)
    say(f"tags with scores: {tags}")


def listen(network: bytes, path: Path) -> Heard:
    """The tagger's output for a file, decoded in a process of its own. Errors: Problem."""
    with closing(Listener(network, 1)) as listener:
        try:
            heard = listener.result(listener.submit(path)).heard
        except BadSound as error:
            raise Problem(f"{path}: {error}") from error
        except OSError as error:
            raise Problem(f"{path}: {error.strerror}") from error
    if not heard.patches:
        raise Problem(f"{path}: it is silent")
    return heard


def table(matches: list[SoundMatch]) -> str:
    """The matches as a table for a terminal."""
    lines = [f"{'similarity':>10}  {'artist':<30} title"]
    lines += [
        f"{match.similarity:>10.2f}  {(match.artist or '')[:30]:<30} {match.name or match.track_id}"
        for match in matches
    ]
    return "\n".join(lines)


def _tagger(conn: psycopg.Connection) -> tuple[dict[str, Any], bytes]:
    """The tagger of the live model. Errors: Problem where there is no such model."""
    row = conn.execute(QUERIES.select_search_tagger).fetchone()
    if row is None:
        raise Problem("no model of sounds yet: run ./pgmuse load audio, then ./pgmuse train sounds")
    return row
