"""Kill -9 of a server process in the middle of a function in Python, beside a load."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from loaders.core.db import connect_to_load
from loaders.images.train import train
from loaders.topics import TOPICS
from tests.factories.albums import add_album, add_classifier
from tests.factories.drawings import add_ink, needs_weights
from tests.factories.grids import add_halves, small_in_halves
from tests.factories.pictures import encoded, shape
from tests.factories.rows import add_model
from tests.faults.running import WAIT

pytestmark = pytest.mark.faults

EACH = "select (select count(*) from {}) from generate_series(1, 100000) as n"
FUNCTIONS = {  # the query, which runs for minutes, and the load beside it
    "classify_image": (EACH.format("muse.classify_image(%(picture)s, 1 + n::int)"), "wikipedia"),
    "similar_images": (EACH.format("muse.similar_images(%(picture)s, 1 + n::int)"), "wikidata"),
    "generate_icons": (EACH.format("muse.generate_icons('icons_32', 50, seed => n)"), "images"),
    "deep_ink": ("select count(*) from muse.deep_ink('block1', 3, original => true)", "icons"),
    "best_grids": (EACH.format("muse.best_grids(4, n::int %% 256)"), "playlists"),
}


@needs_weights
@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_server_recovers_and_the_load_resumes(own, flatbuffer, make_turns, name):
    query, job = FUNCTIONS[name]
    add_models(name, flatbuffer)
    turns = make_turns(job, seed=4)
    for _ in range(2):
        with running(own, query) as pid:
            work = turns.turn(lambda work, pid=pid: kill_backend(own, pid))
        assert work.process.returncode in (0, 1)
        assert len(work.complaints()) <= 1, work.complaints()
    print(f"\n{name}: {turns.interrupted} of 2 crashes during the load of {job}")


def add_models(name: str, flatbuffer: bytes) -> None:
    """Deploy what the function needs."""
    with connect_to_load(autocommit=True) as conn:
        if name == "best_grids":
            add_halves(conn, small_in_halves(), ["label"] * 1000)
        elif name == "deep_ink":
            add_ink(conn)
        elif name == "generate_icons":
            shipped = next(m.shipped for t in TOPICS for m in t.models if m.name == "icons_32")
            add_shipped(conn, shipped)
        else:
            add_classifier(conn, flatbuffer)
        if name == "similar_images":
            add_album(conn)
            train(conn, workers=1)


def add_shipped(conn, path) -> None:
    from loaders.core.shipped import read_card

    add_model(conn, "icons_32", path.read_bytes(), **read_card(path).config)


@contextmanager
def running(server, query: str) -> Iterator[int]:
    """Run a query that never ends in another thread; the process id of its backend.

    At the end of the block the connection must be lost.
    """
    picture = encoded(shape("ring"))
    conn = server.connect(dbname="fresh", autocommit=True)
    errors = []

    def ask() -> None:
        try:
            conn.execute(query, {"picture": picture})
        except psycopg.Error as error:
            errors.append(error)

    thread = threading.Thread(target=ask)
    thread.start()
    time.sleep(1)  # into the function, past the imports of the backend
    yield conn.info.backend_pid
    thread.join(WAIT)
    assert [type(error) for error in errors] == [psycopg.OperationalError], errors


def kill_backend(server, pid: int) -> None:
    """Kill a server process; the postmaster ends all others and recovers."""
    os.kill(pid, signal.SIGKILL)
    deadline = time.monotonic() + WAIT
    time.sleep(0.2)
    while True:
        try:
            with server.connect(dbname="fresh") as conn:
                conn.execute("select count(*) from muse.sources")
            return
        except psycopg.OperationalError:
            assert time.monotonic() < deadline
            time.sleep(0.1)
