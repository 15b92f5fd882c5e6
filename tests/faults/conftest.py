"""A server for tests of faults, which flushes to disk, and jobs that faults interrupt."""

import os
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from loaders.admin.migrate import migrate
from loaders.core.db import connect_to_load
from loaders.core.server.cluster import Server, throw_away
from tests.factories.albums import add_classifier
from tests.faults.jobs import JOBS, Playlists
from tests.faults.running import Turns, start
from tests.servers import postgres

MakeTurns = Callable[..., Turns]


@pytest.fixture(scope="session")
def durable(_nothing_from_outside) -> Iterator[Server]:
    """A server with fsync, for the whole suite."""
    before = dict(os.environ)
    with throw_away(settings="") as running:
        postgres.use(running)
        migrate()
        yield running
    for name in set(os.environ) - set(before):
        del os.environ[name]
    os.environ |= before


@pytest.fixture
def own(durable: Server) -> Iterator[Server]:
    """The server with a database of one's own, which loaders use."""
    postgres.create(durable, "fresh", "pgmuse")
    postgres.use(durable, "fresh")
    yield durable
    postgres.use(durable)
    postgres.drop(durable, "fresh")


@pytest.fixture
def make_turns(request: pytest.FixtureRequest, tmp_path: Path) -> MakeTurns:
    """A function that prepares a job by its name; the seed is the same in each run."""

    def make(name: str, seed: object = 1) -> Turns:
        folder = tmp_path / name
        folder.mkdir()
        prepare(name, folder, request)
        return Turns(JOBS[name](folder), random.Random(f"{name} {seed}"))

    return make


def prepare(name: str, folder: Path, request: pytest.FixtureRequest) -> None:
    """Load what a training needs."""
    if name == "train songs":
        playlists = Turns(Playlists(folder), random.Random(0))
        playlists.next_version()
        assert start(playlists.job.arguments, folder / "errors").wait() == 0
    elif name == "train images":
        flatbuffer = request.getfixturevalue("flatbuffer")
        with connect_to_load(autocommit=True) as conn:
            add_classifier(conn, flatbuffer)
