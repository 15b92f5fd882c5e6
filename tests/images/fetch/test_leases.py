"""A killed worker's lease expires; concurrent stores do not deadlock."""

import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from loaders.core.db import take_turns
from loaders.images import store
from loaders.images.decoding import prepare, sha256
from loaders.images.fetch import queue
from tests.factories.fetches import STATES, error_of, queue_pictures
from tests.factories.pictures import photo

KILLED = """
import os, sys
from loaders.images.fetch import worker as fetch
settings = fetch.FetchSettings(
    hosts=frozenset({sys.argv[1]}), contact="a@b.c", private=True, lease=float(sys.argv[2])
)
fetch.fetch_all(settings, workers=1)
"""


@pytest.mark.long
def test_a_worker_that_is_killed_gives_its_lease_back(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    host.delay = 30
    worker = subprocess.Popen([sys.executable, "-c", KILLED, host.host, "2"], env=os.environ)
    while not host.requests:
        time.sleep(0.02)
        assert worker.poll() is None
    leased = "select lease is not null, attempts from image_fetches"
    assert fresh.execute(leased).fetchone() == (True, 1)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()
    host.delay = 0
    assert queue.acquire(fresh, [host.host]) is None  # not yet: it may be alive
    assert work().fetched == 1
    assert fresh.execute("select attempts from image_fetches").fetchone() == (2,)


def test_an_address_that_kills_every_worker_is_given_up(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    queue.add_hosts(fresh, [host.host])
    for _ in range(queue.ATTEMPTS):  # each lease expires at once, as a killed worker's does
        assert queue.acquire(fresh, [host.host], 0)
        time.sleep(0.01)
    work()
    assert error_of(fresh) == "every worker that took it died"


def test_a_late_worker_changes_nothing(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    queue.add_hosts(fresh, [host.host])
    slow = queue.acquire(fresh, [host.host], 0)
    work()
    queue.fail(fresh, slow, slow.ids, "too late")
    queue.retry_later(fresh, slow, "too late")
    assert fresh.execute(STATES).fetchall() == [("done", 1)]


def test_nobody_waits_in_a_circle(fresh, server, host):
    """A store waits for the lock before it locks rows, so that no deadlock is possible."""
    queue_pictures(fresh, host, "a.png")
    content = photo()
    pictures = {sha256(content): prepare(content)}
    with server.connect(dbname="fresh") as other, ThreadPoolExecutor(1) as pool:
        take_turns(other, "pictures")
        storing = pool.submit(
            store.store_fetched, fresh, f"{host.url}/a.png", sha256(content), pictures
        )
        time.sleep(0.3)
        assert not storing.done()
        other.execute("set lock_timeout = 500")
        other.execute("update image_fetches set title = 'x'")
        other.commit()
        assert len(storing.result(10)) == 1
