"""Fixtures of the tests of pictures."""

from pathlib import Path

import pytest

from tests.factories.pictures import BLUE, GREEN, RED, photo


@pytest.fixture
def folder(tmp_path) -> Path:
    """Three pictures in two folders, and what else lies in folders."""
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
