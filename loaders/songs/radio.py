"""Write a song radio to a playlist file, and store it as a sample."""

from pathlib import Path

import psycopg

from loaders.core.errors import Problem, check_out, write_out
from loaders.songs.export import samples
from loaders.songs.writers import FORMATS, WRITERS

SAVE = "select muse.save_radio(%(seeds)s, %(n)s, %(per_artist)s)"


def draw(conn: psycopg.Connection, seeds: list[str], out: Path, n: int, per_artist: int) -> int:
    """Write a radio from these tracks to a playlist file; return its number of songs.

    Errors: Problem where no seed is in the live model, or the file cannot be written.
    """
    check_out(out, [ending for ending in FORMATS if ending != ".txt"])
    parameters = {"seeds": seeds, "n": n, "per_artist": per_artist}
    (sample,) = conn.execute(SAVE, parameters).fetchone() or (None,)
    if sample is None:
        raise Problem("no track is in the live model: look up ids with find_songs('...')")
    (radio,) = samples(conn, sample)
    write_out(out, WRITERS[FORMATS[out.suffix.lower()]].write([radio]).encode())
    return len(radio.tracks)
