"""Kill -9 at every moment: what was committed stays, the rest is not there, and work goes on."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from loaders.db import connect_to_muse
from loaders.migrate import migrate
from loaders.server import throw_away
from tests.conftest import use
from tests.test_playlists import IDS, places, slice_of

pytestmark = pytest.mark.faults


@pytest.fixture
def durable(server):
    """A server of one's own that flushes what it commits."""
    with throw_away(settings="") as running:
        use(running)
        migrate()
        yield running
        use(server)


def command(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-m", "loaders", *arguments],
        stderr=subprocess.DEVNULL,
        env=dict(os.environ),
    )


def check(server) -> None:
    with server.connect(autocommit=True) as conn:
        places(conn)
        live = conn.execute("select count(*) from muse.deployments").fetchone()[0]
        vectors = conn.execute(
            "select count(distinct model_id) from muse.song_vectors join muse.deployments using (model_id)"
        )
        assert vectors.fetchone()[0] == live


@pytest.mark.parametrize("what", ["loader", "server"])
def test_loads_and_trainings_survive_kills(durable, tmp_path, what):
    files = []
    for number in range(6):
        files.append(tmp_path / f"{number}.json")
        lists = [IDS[(i + number * 7) % 200 : (i + number * 7) % 200 + 60] for i in range(400)]
        files[-1].write_bytes(slice_of(*lists))
    dice = random.Random(1)
    works = [
        ("load", "playlists", *map(str, files)),
        ("train", "songs", "--epochs", "1", "--artist-share", "1"),
    ]
    for turn in range(8):
        work = command(*works[turn % 2])
        time.sleep(dice.uniform(0.5, 3))
        if what == "loader":
            work.send_signal(signal.SIGKILL)
        else:
            os.kill(int((durable.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            deadline = time.monotonic() + 20
            while durable.running() and time.monotonic() < deadline:
                time.sleep(0.05)
            time.sleep(1)
            durable.up()
        work.wait()
        check(durable)
    for work in works:
        assert command(*work).wait() == 0
    check(durable)
    with connect_to_muse() as conn:
        assert conn.execute("select count(*) from playlists").fetchone() == (2400,)
        assert len(conn.execute("select * from similar_songs(%s)", (IDS[5],)).fetchall()) == 10
        parts = "select count(*) from pg_class where relnamespace = 'muse_partitions'::regnamespace and relkind = 'r'"
        assert conn.execute(parts).fetchone() == (2,)
