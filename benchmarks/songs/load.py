"""Million Playlist slices from file to committed rows."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.core.report import Row
from loaders.songs.formats import Playlist, read

CATALOG = 2_260_000  # tracks of the whole dataset; a slice of 66,000 places has about 34,000
LENGTH = 66


def rows(quick: bool) -> Iterator[Row]:
    """`load playlists` as a person calls it, beside parsing alone."""
    slices = 2 if quick else 10
    with tempfile.TemporaryDirectory() as folder:
        files = [write_slice(Path(folder) / f"mpd.slice.{n}.json", n) for n in range(slices)]
        started = time.perf_counter()
        places = sum(
            len(entry.tracks)
            for file in files
            for read_file in read(str(file))
            for entry in read_file.entries
            if isinstance(entry, Playlist)
        )
        parsed = places / (time.perf_counter() - started)
        command = [sys.executable, "-m", "loaders", "load", "playlists", *map(str, files)]
        started = time.perf_counter()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=dict(os.environ))
        rate = places / (time.perf_counter() - started)
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    yield Row("load playlists: file to committed rows", rate, "places/s", "parsing alone", parsed)
    yield Row("its memory", memory, "MB")
    yield Row("so 1,000,000 playlists (66 million places) take", 66e6 / rate / 60, "minutes")


def write_slice(path: Path, number: int) -> Path:
    """A slice as the dataset has it: 1,000 playlists, few tracks popular and most rare."""
    dice = np.random.default_rng(number)
    ranks = (CATALOG ** dice.random((1000, LENGTH)) ** 0.85).astype(int)
    playlists = [
        {
            "name": "Throwbacks", "collaborative": "false", "pid": number * 1000 + pid,
            "modified_at": 1493424000, "num_tracks": LENGTH, "num_followers": 1,
            "tracks": [place(pos, int(rank)) for pos, rank in enumerate(row)],
        }
        for pid, row in enumerate(ranks)
    ]  # fmt: skip
    path.write_text(json.dumps({"info": {"version": "v1"}, "playlists": playlists}, indent=4))
    return path


def place(pos: int, rank: int) -> dict[str, object]:
    """A track as a slice writes it."""
    return {
        "pos": pos, "artist_name": f"Artist {rank % 295_000}",
        "track_uri": f"spotify:track:{rank:022d}",
        "artist_uri": f"spotify:artist:{rank % 295_000:022d}",
        "track_name": f"Song {rank} of love",
        "album_uri": f"spotify:album:{rank // 9:022d}", "duration_ms": 226863,
        "album_name": f"Album {rank // 9}",
    }  # fmt: skip
