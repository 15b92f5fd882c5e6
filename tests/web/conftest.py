"""Fixtures of the tests of the pages."""

import socket
import threading
import time
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.testclient import TestClient

from loaders.images.classifier import train as classifier
from loaders.images.train import train as train_images
from loaders.songs.formats import Playlist, Track
from loaders.songs.load import load_entries
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata
from tests.factories.pictures import add_picture, shape
from tests.factories.rows import add_icon, add_model, publish_songs
from tests.factories.wikidata import entity, value
from tests.servers import postgres
from web.app import create_app
from web.connections import Connection
from web.settings import Settings

HOSTILE = "<script>alert('x')</script>"
HTML = {"accept": "text/html"}


def fill(conn, folder) -> None:
    """Songs in a fixed order, an icon, an item of a class, and the model of songs."""
    songs = [
        Track("a", "First Song", "Zoë"),
        Track("4uLU6hMCjMI75M1A2tKUQC", HOSTILE, "Ann"),
        Track("https://example.org/3", "Third", "Ann"),
        Track("d", None, None),
    ]
    load_entries(conn, "test", [Playlist("one", "one", songs)])
    vectors = {"a": ([1, 0], [0, 0, 1])}
    vectors |= {one.track_id: ([0, 1, i], [1, i / 4]) for i, one in enumerate(songs[1:], 1)}
    publish_songs(conn, vectors)
    rows = {"P31": [value("Q1")]}
    dump = folder / "dump.json"
    dump.write_text("\n".join([entity("Q1", "thing"), entity("Q2", HOSTILE, "Second", **rows)]))
    assert load_wikidata(conn, WikidataOptions(source=str(dump)))
    add_icon(conn, "cross", [*range(16 * 32, 17 * 32), *range(16, 1024, 32)], size=32)


@pytest.fixture(scope="session")
def site(server, flatbuffer, tmp_path_factory):
    """The pages of a filled database."""
    with postgres.database(server, "pages") as conn:
        fill(conn, tmp_path_factory.mktemp("dump"))
        add_model(conn, "classifier", flatbuffer, size=224, labels=classifier.read_labels())
        for kind in ("ring", "bar", "dots"):
            for number in range(6):
                add_picture(
                    conn, shape(kind, number), f"{kind} {number}", kind,
                    page_url="https://example.org/", licence="CC0", author=HOSTILE,
                    licence_url="https://example.org/cc0",
                )  # fmt: skip
        train_images(conn, workers=1)
        app = create_app(Settings())
        postgres.use(server)  # for tests without a database of their own
        with TestClient(app, base_url="http://localhost") as client:
            yield client


@pytest.fixture(scope="session")
def bare(server):
    """The pages of an empty database."""
    with postgres.database(server, "bare_pages"):
        app = create_app(Settings())
        postgres.use(server)
        with TestClient(app, base_url="http://localhost") as client:
            yield client


@contextmanager
def serving(**settings):
    """The pages of the database in use, at a real port."""
    app = create_app(Settings(**settings))
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", http=Connection, ws="none")
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    while not running.started:
        time.sleep(0.01)
    yield f"http://localhost:{listener.getsockname()[1]}"
    running.should_exit = True
    thread.join()


@pytest.fixture(scope="module")
def address(site, server):
    """The pages of the filled database at a real port."""
    postgres.use(server, "pages")
    with serving(can_draw=True) as one:
        yield one
    postgres.use(server)
