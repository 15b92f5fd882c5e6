"""An extended streaming history of Spotify, from its zip to committed rows."""

import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from benchmarks.core import processor
from benchmarks.core.report import Row
from loaders.core import db
from loaders.songs.formats import read

PLAYS = 1_000_000
CATALOG = 200_000  # tracks that the listener may play; 130,000 are played
FILE = 16_000  # plays of a file of 12 MB, as Spotify cuts them
START = 1_262_304_000  # 2010-01-01
GOAL = 60_000  # plays/s


def rows(quick: bool) -> Iterator[Row]:
    """`load playlists` as a person calls it, beside the goal and parsing alone."""
    plays = 20_000 if quick else PLAYS
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "my_spotify_data.zip"
        write_history(path, plays)
        started = time.perf_counter()
        for file in read(str(path)):
            for _ in file.entries:
                pass
        parsed = plays / (time.perf_counter() - started)
        command = [sys.executable, "-m", "loaders", "load", "playlists", str(path)]
        started, before = time.perf_counter(), processor_seconds()
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL, env=dict(os.environ))
        rate = plays / (time.perf_counter() - started)
        spent = processor_seconds() - before
        memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    name = f"a listening history of {plays:,} plays"
    yield Row(f"{name}: zip to committed rows", rate, "plays/s", "the goal", GOAL)
    yield Row("the same", rate, "plays/s", "parsing and sessions alone", parsed)
    yield Row("the same, by processor time of loader and server", plays / spent, "plays/s")
    yield Row("its memory, and that of the slices before", memory, "MB")


def processor_seconds() -> float:
    """Processor time of the loaders that ended, and of the server."""
    with db.connect() as conn:
        (folder,) = conn.execute("show data_directory").fetchone() or ("",)
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + processor.of_data_directory(Path(folder))


def write_history(path: Path, plays: int) -> None:
    """A zip like Spotify's: few tracks popular and most rare, a pause after every 20 plays."""
    dice = np.random.default_rng(0)
    ranks = (CATALOG ** dice.random(plays) ** 0.85).astype(int).tolist()
    played = dice.integers(20_000, 300_000, plays)
    pauses = np.where(dice.random(plays) < 0.05, 2 * 3600, 1)
    ends = (START + np.cumsum(played // 4000 + pauses)).tolist()
    lengths = played.tolist()
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for first in range(0, plays, FILE):
            numbers = range(first, min(first + FILE, plays))
            content = [play(ranks[n], lengths[n], ends[n]) for n in numbers]
            name = f"Streaming_History_Audio_{first // FILE}.json"
            archive.writestr(f"Spotify Extended/{name}", json.dumps(content, indent=2))


def play(rank: int, played: int, ended: int) -> dict[str, object]:
    """A play as Spotify writes it."""
    return {
        "ts": f"{datetime.fromtimestamp(ended, UTC):%Y-%m-%dT%H:%M:%SZ}",
        "platform": "ios", "ms_played": played, "conn_country": "NL", "ip_addr": "192.0.2.1",
        "master_metadata_track_name": f"Song {rank} of love",
        "master_metadata_album_artist_name": f"Artist {rank % 20_000}",
        "master_metadata_album_album_name": f"Album {rank // 9}",
        "spotify_track_uri": f"spotify:track:{rank:022d}",
        "episode_name": None, "episode_show_name": None, "spotify_episode_uri": None,
        "audiobook_title": None, "audiobook_uri": None, "audiobook_chapter_uri": None,
        "audiobook_chapter_title": None, "reason_start": "trackdone", "reason_end": "trackdone",
        "shuffle": True, "skipped": False, "offline": False, "offline_timestamp": ended,
        "incognito_mode": False,
    }  # fmt: skip
