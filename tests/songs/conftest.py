"""Fixtures of the tests of songs."""

import pytest


@pytest.fixture
def write(tmp_path):
    """A function that writes a file below a folder and returns its path."""

    def write(name: str, content: bytes) -> str:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return str(path)

    return write
