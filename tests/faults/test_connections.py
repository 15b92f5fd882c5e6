"""Many connections that run a network at the same time."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from loaders.core.db import connect_to_load
from tests.factories.albums import add_classifier
from tests.factories.pictures import encoded, shape

pytestmark = pytest.mark.faults

CONNECTIONS = 64
ASK = "select label from muse.classify_image(%s) limit 1"
MEMORY = "select connection_bytes from muse.machine()"
HEALTH = "select status, value from muse.health where check_name = 'connections'"


def test_64_connections_classify_at_the_same_time(own, flatbuffer):
    picture = encoded(shape("ring"))
    with connect_to_load(autocommit=True) as conn, ExitStack() as stack:
        add_classifier(conn, flatbuffer)
        before = memory(conn)
        asking = [
            stack.enter_context(own.connect(dbname="fresh", autocommit=True))
            for _ in range(CONNECTIONS)
        ]
        barrier = threading.Barrier(CONNECTIONS)

        def ask(one) -> str:
            barrier.wait()
            return one.execute(ASK, (picture,)).fetchone()[0]

        with ThreadPoolExecutor(CONNECTIONS) as pool:
            labels = list(pool.map(ask, asking))
        peak = memory(conn)
        status, value = conn.execute(HEALTH).fetchone()
        assert len(labels) == CONNECTIONS
        assert len(set(labels)) == 1
        assert peak - before > CONNECTIONS * len(flatbuffer)  # each has its own network
        assert peak - before < CONNECTIONS * 300 << 20
        assert status in ("ok", "warning")
        stack.close()
        await_end(conn)
        after = memory(conn)
        assert after < before + (100 << 20)
    print(f"\n{before >> 20} MB before, {peak >> 20} MB with 64 networks, {after >> 20} MB after")
    print(f"health: connections {status}: {value}")


def memory(conn) -> int:
    """Private bytes of all connections."""
    return conn.execute(MEMORY).fetchone()[0]


def await_end(conn) -> None:
    """Wait until the other sessions of the database have ended."""
    others = "select count(*) from pg_stat_activity where datname = 'fresh'"
    while conn.execute(others).fetchone()[0] > 1:
        conn.execute("select pg_sleep(0.05)")
