"""Hosts that answer with errors, slowly, or not at all."""

import socket
from dataclasses import replace

import pytest

from loaders.core.http import guard
from loaders.images.fetch import enqueue, queue
from loaders.images.fetch.download import TemporaryFailure, download
from tests.factories.fetches import STATES, allow_more, error_of, queue_pictures
from tests.factories.pictures import photo
from tests.servers import faults

FAULTS = {
    "forbidden": (faults.forbidden, "answers 403 Forbidden: is the contact right?"),
    "page": (faults.web_page, "answers with text/html, not a picture"),
    "liar": (faults.web_page_as_picture, "answers with not a JPEG"),
    "large": (faults.too_large, "answers with 30,000,000 bytes: at most 20,000,000 are read"),
    "endless": (faults.endless, "answers with more than 20,000,000 bytes"),
    "circle": (faults.redirect("{url}/circle.png"), "leads in a circle"),
    "elsewhere": (
        faults.redirect("http://example.org/a.png"),
        "example.org is not among the allowed",
    ),
    "ftp": (faults.redirect("ftp://example.org/a.png"), "is no address of the web"),
    "broken": (faults.broken, "answers 500"),
    "away": (faults.unavailable, "answers 503"),
    "cut": (faults.cut_off_picture, "cut the answer off"),
    "silent": (faults.silent, "does not answer in time"),
    "nul": (faults.raw(b"HTTP/1.1 404 a\0b\x1b[2J\r\n\r\n"), "answers 404 a\\x00b\\x1b[2J"),
    "type": (faults.raw(b"HTTP/1.1 200 OK\r\nContent-Type: a/\0\r\n\r\n"), "with a/\\x00, not a"),
    "nowhere": (faults.redirect("http://["), "leads nowhere"),
    "digits": (
        faults.raw(b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n"),
        "not stored: an empty file",
    ),
    "never": (
        faults.raw(b"HTTP/1.1 503 A\r\nRetry-After: Mon, 01 Jan 99999999999 00:00:00 GMT\r\n\r\n"),
        "answers 503",
    ),
}


@pytest.mark.long
def test_what_cannot_be_had_says_why_and_the_rest_goes_on(fresh, host, work, settings):
    queue_pictures(fresh, host, *(f"{name}.png" for name in FAULTS), "good.png")
    host.faults = {f"{name}.png": [fault] * 9 for name, (fault, _) in FAULTS.items()}
    counts = work(settings=replace(settings, timeout=0.2))
    assert (counts.fetched, counts.failed, counts.problems) == (1, len(FAULTS), [])
    errors = dict(fresh.execute("select address, error from image_fetches where state = 'failed'"))
    noted = dict(fresh.execute("select place, reason from load_errors").fetchall())
    for name, (_, says) in FAULTS.items():
        address = f"{host.url}/{name}.png"
        assert says in errors[address], name
        assert says in noted[address], name
    tries = [host.requests.count(f"/{name}.png") for name in ("forbidden", "broken", "cut")]
    assert tries == [1, queue.ATTEMPTS, queue.ATTEMPTS]


def test_what_works_after_all_is_fetched(fresh, host, work):
    twice = {
        "a.png": faults.broken, "b.png": faults.cut_off_picture, "c.png": faults.unavailable,
    }  # fmt: skip
    queue_pictures(fresh, host, *twice)
    host.faults = {name: [fault, fault] for name, fault in twice.items()}
    assert work().fetched == 3
    failures = "select failures from image_hosts where host = %s"
    assert fresh.execute(failures, (host.host,)).fetchone() == (0,)


def test_what_is_not_there_is_asked_for_once(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    host.files.clear()
    assert work().failed == 1
    assert "404" in error_of(fresh)
    assert len(host.requests) == 1
    host.files["a.png"] = photo()
    assert work().fetched == 0  # unless one asks for it
    queue.requeue_failed(fresh)
    assert work().fetched == 1


def test_a_picture_that_cannot_be_decoded(fresh, host, work):
    queue_pictures(fresh, host, "a.png")
    host.files["a.png"] = photo()[:200]
    assert work().failed == 1
    assert "cut-off PNG" in error_of(fresh)


@pytest.mark.long
def test_a_host_that_is_not_there(fresh, host, work, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    enqueue.enqueue_addresses(fresh, [f"http://{gone}/a.png"], {gone})
    allow_more(fresh, gone)
    queue_pictures(fresh, host, "b.png")
    counts = work(settings=replace(settings, hosts=settings.hosts | {gone}))
    assert "cannot be reached" in counts.problems[0]
    assert counts.fetched == 1  # of the other one
    assert fresh.execute(STATES).fetchall() == [("done", 1), ("waiting", 1)]


def test_a_host_that_is_not_there_keeps_nobody_from_the_others(fresh, host, work, settings):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        gone = f"127.0.0.1:{free.getsockname()[1]}"
    both = frozenset({gone, host.host})
    enqueue.enqueue_addresses(fresh, [f"http://{gone}/a.png"], both)
    allow_more(fresh, gone)
    fresh.execute("update muse.image_hosts set failures = 5 where host = %s", (gone,))
    for name in ("b.png", "c.png"):  # the second time it is known that it is not there
        queue_pictures(fresh, host, name)
        fresh.execute("update muse.image_hosts set not_before = now() - interval '1 hour'")
        first = "update muse.image_hosts set not_before = now() - interval '1 day' where host = %s"
        fresh.execute(first, (gone,))
        counts = work(settings=replace(settings, hosts=both))
        assert counts.fetched == 1
        assert len(counts.problems) == 1


@pytest.mark.long
@pytest.mark.parametrize(
    "fault",
    [
        faults.dripping,
        faults.dripping_headers,
        faults.dripping_extension,
        faults.dripping_trailers,
        faults.redirect("{url}/a.png", 0.2),
    ],
    ids=["bytes", "headers", "chunk", "trailers", "redirects"],
)
def test_a_download_ends_before_its_lease(host, monkeypatch, fault):
    monkeypatch.setattr("loaders.images.fetch.download.DEADLINE", 0.5)
    host.faults["a.png"] = [fault] * 9
    with pytest.raises(
        TemporaryFailure, match="0 s for one picture|answer in time"
    ):  # else it drips on
        download(guard.GuardedClient("a@b.c", {host.host}, private=True), f"{host.url}/a.png")
