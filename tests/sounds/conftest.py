"""Fixtures of the tests of sounds."""

from pathlib import Path

import psycopg
import pytest

from loaders.core.config import HOME
from loaders.sounds.tagger import musicnn
from loaders.sounds.tagger import train as tagger
from tests.factories.exports import exported
from tests.factories.rows import add_model
from tests.factories.sounds import tone, write_sound


@pytest.fixture(scope="session")
def tagger_weights() -> None:
    """The installed weights of musicnn."""
    if not (HOME / "samples" / "musicnn").is_dir():
        pytest.skip("needs the sample packages: ./pgmuse setup")


@pytest.fixture(scope="session")
def network(tagger_weights: None) -> bytes:
    """The flatbuffer that `train tagger` stores."""
    return exported("tagger", lambda: musicnn.export(tagger.port(tagger.find_weights("mtt"))))


@pytest.fixture
def listening(fresh, network) -> psycopg.Connection:
    """A database with the tagger."""
    add_model(fresh, "tagger", network, tags=tagger.read_labels("mtt"))
    return fresh


@pytest.fixture
def folder(tmp_path) -> Path:
    """Tagged files of two artists in two folders, and files that are skipped."""
    top = tmp_path / "Music"
    for number in range(2):
        write_sound(
            top / "ann" / f"{number}.flac",
            tone("flute", number),
            title=f"Flute {number}",
            artist="Ann",
            album="Air",
            license="CC0",
        )
    write_sound(top / "Bob" / "Low" / "01 - Strings.wav", tone("strings"))
    (top / "ann" / "cover.jpg").write_bytes(b"\xff\xd8\xff")
    (top / ".hidden.wav").write_bytes(b"RIFF")
    return top
