"""Fixtures of the tests of pictures."""

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from pgvector.psycopg import register_vector

from loaders.core.server.cluster import DATABASE
from loaders.images.train import train
from tests.factories.albums import add_album, add_classifier
from tests.factories.pictures import BLUE, GREEN, RED, photo
from tests.servers import postgres


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three pictures in two folders, and files that are skipped or broken."""
    top = tmp_path / "holiday"
    files = {
        "cats/tajMahal2.png": photo(RED),
        "cats/IMG_2043.JPG": photo(GREEN, kind="JPEG"),
        "big_dogs/rex.gif": photo(BLUE, kind="GIF"),
        "cats/.hidden.png": photo("black"),
        ".thumbs/a.png": photo("black"),
        "cats/notes.txt": b"hello",
        "cats/broken.jpg": b"hello",
        "cats/cut.png": photo("yellow")[:300],
    }
    for name, content in files.items():
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return top


@pytest.fixture
def album(fresh, flatbuffer) -> psycopg.Connection:
    """A database with the classifier and the album."""
    add_classifier(fresh, flatbuffer)
    add_album(fresh)
    return fresh


@pytest.fixture(scope="module")
def trained_template(server, flatbuffer):
    """The name of a database with the album, trained once for all tests here."""
    name = "trained"
    postgres.create(server, name, DATABASE)
    postgres.use(server, name)
    with server.connect(dbname=name, autocommit=True) as conn:
        register_vector(conn)
        add_classifier(conn, flatbuffer)
        add_album(conn)
        train(conn, workers=2)
    postgres.use(server)
    yield name
    postgres.drop(server, name)


@pytest.fixture
def trained(server, trained_template) -> Iterator[psycopg.Connection]:
    """A copy of the trained database."""
    with postgres.database(server, template=trained_template) as conn:
        yield conn
