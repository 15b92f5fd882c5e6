"""Kill -9 at any time: committed rows remain, others do not exist, and the load resumes."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest

from loaders.admin.migrate import migrate
from loaders.core.db import connect_to_load
from loaders.core.errors import Problem
from loaders.core.server.cluster import throw_away
from tests.factories.playlists import IDS, places, slice_of
from tests.factories.wikidata import entity, value
from tests.factories.wikipedia import dump_of, page
from tests.servers.postgres import use

pytestmark = pytest.mark.faults


@pytest.fixture
def durable(server):
    """A server with fsync."""
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


def kill(server) -> None:
    """Crash the server as a power failure does, and start it again."""
    os.kill(int((server.data / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
    deadline = time.monotonic() + 60
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.05)
    while True:  # orphaned backends hold its shared memory until they notice
        time.sleep(1)
        try:
            server.up()
            return
        except Problem:
            if time.monotonic() > deadline:
                raise


def check(server) -> None:
    with server.connect(autocommit=True) as conn:
        places(conn)
        live = conn.execute("select count(*) from muse.deployments").fetchone()[0]
        vectors = conn.execute(
            "select count(distinct model_id) from muse.song_vectors join muse.deployments using (model_id)"
        )
        assert vectors.fetchone()[0] == live


def kill_one(server, work: subprocess.Popen, what: str) -> None:
    """Kill the loader or its server, and wait until the loader exits."""
    if what == "loader":
        work.send_signal(signal.SIGKILL)
    else:
        kill(server)
    work.wait()


def load_with_kills(server, topic: str, dump, what: str, dice: random.Random) -> None:
    """Load a dump: six loads that are killed, then a complete one."""
    for _ in range(6):
        work = command("load", topic, str(dump), "--again")
        time.sleep(dice.uniform(1, 5))
        kill_one(server, work, what)
    assert command("load", topic, str(dump), "--again").wait() == 0


def check_table(conn, table: str) -> None:
    """No staging table is left, and no index is missing."""
    left = "select count(*) from pg_class where relname ~ %s"
    assert conn.execute(left, (f"^{table}_[0-9]",)).fetchone() == (0,)
    indexes = "select count(*) from pg_indexes where tablename = %s"
    assert conn.execute(indexes, (table,)).fetchone() == (6,)


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
        kill_one(durable, work, what)
        check(durable)
    for work in works:
        assert command(*work).wait() == 0
    check(durable)
    with connect_to_load() as conn:
        assert conn.execute("select count(*) from playlists").fetchone() == (2400,)
        assert len(conn.execute("select * from similar_songs(%s)", (IDS[5],)).fetchall()) == 10
        parts = "select count(*) from pg_class where relnamespace = 'muse_partitions'::regnamespace and relkind = 'r'"
        assert conn.execute(parts).fetchone() == (2,)


@pytest.mark.parametrize("what", ["loader", "server"])
def test_a_dump_survives_kills(durable, tmp_path, what):
    lines = [
        entity(f"Q{number}", f"Item {number} " + "x" * 3000, P31=[value(f"Q{number % 40 + 1}")])
        for number in range(1, 20001)
    ]
    dump = tmp_path / "dump.json"
    dump.write_text("[\n" + ",\n".join(lines) + "\n]\n")
    dice = random.Random(2)
    load_with_kills(durable, "wikidata", dump, what, dice)
    with connect_to_load() as conn:
        assert conn.execute("select count(*) from wikidata").fetchone() == (20000,)
        named = "select count(*) from wikidata where properties ->> 'P31' like 'Item %%'"
        assert conn.execute(named, ()).fetchone() == (20000,)
        counted = conn.execute("select count(*), min(items), max(items), sum(items) from classes")
        assert counted.fetchone() == (40, 500, 500, 20000)
        check_table(conn, "wikidata")


@pytest.mark.parametrize("what", ["loader", "server"])
def test_a_dump_of_wikipedia_survives_kills(durable, tmp_path, what):
    text = "{{Infobox writer|image=a.jpg}} [[Category:%d births]] " + "x" * 3000
    pages = [page(f"Page {n}", text % (n % 40), id=n) for n in range(1, 20001)]
    pages += [page(f"To {n}", id=n + 20000, redirect=f"Page {n}") for n in range(1, 20001)]
    dump = tmp_path / "dump.xml"
    dump.write_text(dump_of(*pages))
    dice = random.Random(3)
    load_with_kills(durable, "wikipedia", dump, what, dice)
    with connect_to_load() as conn:
        counted = "select count(*), count(distinct page_id), sum(length(wikitext)) from wikipedia"
        length = sum(len(text % (n % 40)) for n in range(1, 20001))
        assert conn.execute(counted).fetchone() == (20000, 20000, length)
        assert conn.execute("select count(*) from wikipedia_redirects").fetchone() == (20000,)
        check_table(conn, "wikipedia")
