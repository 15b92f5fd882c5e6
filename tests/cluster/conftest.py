"""Three servers for a cluster, and databases on all of them."""

from collections.abc import Callable, Iterator

import psycopg
import pytest
from pgvector.psycopg import register_vector

from loaders.admin.distribute import distribute
from loaders.admin.migrate import migrate
from loaders.core.server.cluster import Server
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata
from tests.factories.wikidata import dump_of
from tests.servers import citus, postgres

SHARDS = 4


@pytest.fixture(scope="session")
def servers(_nothing_from_outside) -> Iterator[list[Server]]:
    """A coordinator and two workers; its database pgmuse is migrated."""
    if not citus.is_installed():
        pytest.skip("needs Citus in the installed PostgreSQL: the extension citus")
    with citus.running() as running:
        postgres.use(running[0])
        migrate()
        yield running


@pytest.fixture
def one(servers) -> Iterator[psycopg.Connection]:
    """A migrated database of one server, with empty databases of that name on the workers."""
    coordinator, *workers = servers
    for worker in workers:
        create_empty(worker)
    try:
        with postgres.database(coordinator, "fresh") as conn:
            conn.execute("set search_path = public, muse")
            yield conn
            conn.execute("select 1")
            leave(conn)
    finally:
        for worker in workers:
            postgres.drop(worker, "fresh")


@pytest.fixture
def move(servers, one) -> Callable[[], None]:
    """Distribute that database."""
    return lambda: distribute([citus.address(worker) for worker in servers[1:]], shards=SHARDS)


@pytest.fixture
def cluster(one, move) -> psycopg.Connection:
    """A distributed database without data."""
    move()
    register_vector(one)
    return one


@pytest.fixture
def load(tmp_path) -> Callable[..., bool]:
    """Load a dump into the database of the environment, as a loader."""

    def work(conn, lines, name="dump.json", **options) -> bool:
        path = tmp_path / name
        path.write_bytes(dump_of(lines))
        return load_wikidata(conn, WikidataOptions(source=str(path), **{"workers": 0} | options))

    return work


def create_empty(server: Server) -> None:
    with server.connect(dbname="postgres", autocommit=True) as admin:
        admin.execute("create database fresh")


def leave(conn: psycopg.Connection) -> None:
    """Close the coordinator's connections to the workers, so that databases can be dropped."""
    conn.close()
