"""`load spotify` against a local server: requests, memory, and the time of a large crawl."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from benchmarks.core.report import Row
from loaders.core.db import connect
from loaders.songs.spotify.credentials import Credentials
from loaders.songs.spotify.load import SpotifyOptions
from loaders.songs.spotify.login import Service, open_for_app

PACE = SpotifyOptions().pace or 0.0
LARGE = 100_000
CRAWL = """
import sys
from loaders.core.db import connect_to_load
from loaders.songs.spotify.load import SpotifyOptions, load_spotify
from loaders.songs.spotify.login import Service
url, most = sys.argv[1], int(sys.argv[2])
with connect_to_load(autocommit=True) as conn:
    options = SpotifyOptions(pace=None, most=most)
    load_spotify(conn, options, Service(f"{url}/v1/", f"{url}/"))
"""


def rows(playlists: int) -> Iterator[Row]:
    """A crawl of so many playlists as fast as answers come, beside spotipy alone."""
    with serving() as url, connect(autocommit=True) as conn:
        alone = spotipy_alone(url, min(playlists, 500))
        memory: dict[int, float] = {}
        started = time.perf_counter()
        with crawling(url, playlists) as process:
            while process.poll() is None:
                loaded = count(conn)
                if loaded >= playlists // 10:
                    memory.setdefault(loaded, megabytes(process.pid))
                time.sleep(0.2)
        seconds = time.perf_counter() - started
        (requests,) = conn.execute("select requests from muse.spotify_state").fetchone() or (0,)
        loaded = count(conn)
    yield Row("requests, answered and committed", requests / seconds, "a second",
              "spotipy alone", alone)  # fmt: skip
    yield Row("playlists", loaded / seconds, "a second")
    yield Row("requests a playlist", requests / loaded)
    first, *_, last = sorted(number for number in memory if memory[number])
    yield Row(f"memory after {last:,} playlists", memory[last], "MB",
              f"after {first:,}", memory[first])  # fmt: skip
    hours = requests / loaded * LARGE / PACE / 3600
    yield Row(f"a crawl of {LARGE:,} playlists at {PACE:.0f} requests a second", hours, "hours")


@contextmanager
def serving() -> Iterator[str]:
    """The server in a process of its own; its address."""
    command = [sys.executable, "-m", "benchmarks.songs.spotify_server"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        finally:
            process.kill()


@contextmanager
def crawling(url: str, playlists: int) -> Iterator["subprocess.Popen[bytes]"]:
    """The crawl in a process of its own."""
    credentials = {"SPOTIPY_CLIENT_ID": "app", "SPOTIPY_CLIENT_SECRET": "secret"}
    command = [sys.executable, "-c", CRAWL, url, str(playlists)]
    with subprocess.Popen(
        command, env=os.environ | credentials, stderr=subprocess.DEVNULL
    ) as process:
        yield process


def spotipy_alone(url: str, playlists: int) -> float:
    """Requests a second for the pages of playlists, without a database."""
    api = open_for_app(Credentials("app", "secret"), Service(f"{url}/v1/", f"{url}/"))
    api.page_size = 50
    api.items(f"{0:022d}", 0)
    started = time.perf_counter()
    for number in range(playlists):
        for place in (0, 50):
            api.items(f"{number:022d}", place)
    return 2 * playlists / (time.perf_counter() - started)


def count(conn: psycopg.Connection) -> int:
    """Loaded playlists; 0 before the first."""
    row = conn.execute("select count(*) from muse.playlists").fetchone()
    return int(row[0]) if row else 0


def megabytes(pid: int) -> float:
    """Memory that a process holds now; 0 if it has just ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0.0
    match = re.search(r"VmRSS:\s+(\d+)", status)
    return int(match[1]) / 1024 if match else 0.0
