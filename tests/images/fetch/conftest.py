"""Fixtures of the tests of fetching."""

import threading
from contextlib import closing

import pytest

from loaders.core.http import guard
from loaders.images.decoding import Decoder
from loaders.images.fetch import queue
from loaders.images.fetch import worker as fetch
from tests.factories.fetches import add_item, allow_more


@pytest.fixture(scope="module")
def decoder():
    with closing(Decoder(1)) as running:
        yield running


@pytest.fixture
def settings(host):
    return fetch.FetchSettings(
        hosts=frozenset({host.host, "commons.wikimedia.org"}),
        contact="somebody@example.org", api=f"{host.url}/w/api.php", private=True, timeout=1,
    )  # fmt: skip


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch):
    monkeypatch.setattr(queue, "FIRST_WAIT", 0.02)
    monkeypatch.setattr(fetch, "IDLE", (0.01, 0.05))


@pytest.fixture
def work(fresh, host, settings, decoder):
    """Run one fetching worker; returns its counts."""
    allow_more(fresh, host.host, "commons.wikimedia.org")

    def run(conn=fresh, settings=settings, decoder=decoder) -> fetch.FetchCounts:
        client = guard.GuardedClient(
            settings.contact, settings.hosts, private=settings.private, timeout=settings.timeout
        )
        counts, stop = fetch.FetchCounts(), threading.Event()
        queue.add_hosts(conn, sorted(settings.hosts))
        fetch.Worker(conn, client, settings, decoder, counts, stop).run()
        return counts

    return run


ARTICLE = """
    insert into muse.wikipedia (title, page_id, revision_id, wikitext, image)
    values (%(title)s, ascii(%(title)s), 1, '', %(image)s)
"""
REDIRECT = """
    insert into muse.wikipedia_redirects (title, article, target, page_id, revision_id)
    values ('Hound', 'Dog', 'Dog', 99, 1)
"""


@pytest.fixture
def classes(fresh):
    """Classes: cats with their own image, dogs with their article's, fish without; one rare class."""
    add_item(
        fresh, "Q146", images=[("old.jpg", "normal"), ("cat 03.jpg", "preferred")], article="Cat"
    )
    add_item(fresh, "Q144", article="Hound")  # as the article was called when it was linked
    add_item(fresh, "Q152", article="Fish")
    add_item(fresh, "Q9", images=[("rare.jpg", "normal")])
    for title, image in (("Dog", "File:dog_(1).jpg"), ("Fish", None), ("Cat", "no.jpg")):
        fresh.execute(ARTICLE, {"title": title, "image": image})
    fresh.execute(REDIRECT)
    for number in range(10, 40):
        add_item(fresh, f"Q{number}", [f"Q{(146, 144, 152)[number % 3]}"])
    add_item(fresh, "Q50", ["Q9"])
    return fresh
