"""Limits of a host: requests a minute, bits a second, downloads at once, Retry-After."""

import threading
import time

import pytest

from loaders.core import db as connections
from loaders.core.http import guard
from loaders.images.fetch import queue
from loaders.images.fetch import worker as fetch
from loaders.images.fetch.download import download
from tests.factories.fetches import STATES, allow_more, queue_pictures
from tests.factories.pictures import photo
from tests.servers import faults


@pytest.mark.long
def test_too_fast_once_and_everybody_waits(fresh, host, work):
    queue_pictures(fresh, host, "a.png", "b.png")
    host.faults["a.png"] = [faults.busy_for("1"), faults.busy]
    assert work().fetched == 2
    assert host.times[1] - host.times[0] > 0.95  # as it asked for, and the other waits too
    assert fresh.execute("select max(attempts) from image_fetches").fetchone() == (1,)


@pytest.mark.long
def test_a_host_that_is_always_busy_is_left_alone(fresh, host, work):
    queue_pictures(fresh, host, "a.png", "b.png")
    host.faults["*"] = [faults.busy] * 99
    counts = work()
    assert counts.fetched == 0
    assert "answers 429 Too Many Requests, 6 times: fetch the rest later" in counts.problems[0]
    assert len(host.requests) == fetch.MAX_HOST_FAILURES
    waits = [later - now for now, later in zip(host.times, host.times[1:], strict=False)]
    for doublings, wait in enumerate(waits):  # a loaded machine waits longer, never shorter
        assert wait > 0.99 * queue.FIRST_WAIT * 2**doublings
    assert fresh.execute(STATES).fetchall() == [("waiting", 2)]


def test_a_host_that_asks_for_an_hour_is_left_alone_and_asked_later(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    host.faults["a.png"] = [faults.busy_for("3600")]
    (problem,) = work().problems
    assert "the hosts ask to wait 3,5" in problem or "3,600 s more" in problem
    assert work().problems  # also of the next worker, which asks nothing
    assert len(host.requests) == 1


def test_a_host_does_not_ask_to_wait_for_ever(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    host.faults["a.png"] = [faults.busy_for("999999999999")]
    assert work().problems
    wait = "select max(not_before) - now() < interval '25 hours' from image_hosts"
    assert fresh.execute(wait).fetchone() == (True,)


@pytest.mark.long
def test_two_downloads_at_once_whoever_asks(fresh, host, settings, decoder, work):
    queue_pictures(fresh, host, *(f"{n}.png" for n in range(12)))
    host.delay = 0.05

    def one() -> None:
        with connections.connect_to_load(autocommit=True) as conn:
            work(conn)

    threads = [threading.Thread(target=one) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert fresh.execute(STATES).fetchall() == [("done", 12)]
    assert host.most_downloads == 2
    assert len(host.requests) == 12  # each once


def test_requests_a_minute(fresh, host, work):
    allow_more(fresh, host.host, requests_per_minute=300)
    queue_pictures(fresh, host, "a.png", "b.png", "c.png")
    work()
    assert all(later - now > 0.19 for now, later in zip(host.times, host.times[1:], strict=False))


class Clock:
    """A clock that only `sleep` advances. It starts at the real time, for deadlines in other modules."""

    def __init__(self) -> None:
        self.start, self.slept = time.monotonic(), 0.0

    def monotonic(self) -> float:
        return self.start + self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def test_no_faster_than_allowed(fresh, host, work, monkeypatch):
    queue_pictures(fresh, host, "a.bmp")
    host.files["a.bmp"] = photo(kind="BMP")  # 400 kB
    allow_more(fresh, host.host, bits_per_second=8 * 2 * 800_000)  # for two downloads
    rates = []
    monkeypatch.setattr(
        fetch,
        "download",
        lambda client, url, rate, sleep: rates.append(rate) or host.files["a.bmp"],
    )
    work()
    assert rates == [800_000]
    clock = Clock()
    monkeypatch.setattr("loaders.images.fetch.download.time", clock)
    client = guard.GuardedClient("a@b.c", {host.host}, private=True)
    download(client, f"{host.url}/a.bmp", 800_000, sleep=clock.sleep)
    assert 0.4 < clock.slept < 0.6
    clock.slept = 0
    download(client, f"{host.url}/a.bmp", sleep=clock.sleep)
    assert clock.slept == 0
