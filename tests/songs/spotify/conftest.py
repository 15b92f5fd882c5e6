"""Fixtures of the tests of Spotify: a local server, and loads from it."""

import pytest

from loaders.songs.spotify import crawl
from loaders.songs.spotify.load import SpotifyOptions, load_spotify
from tests.servers import spotify

FAST = {"pace": None, "max_wait": 0.5}


@pytest.fixture(scope="module")
def running():
    with spotify.running() as server:
        yield server


@pytest.fixture
def service(running, monkeypatch, tmp_path):
    """The server, empty, with credentials in the environment."""
    running.reset()
    monkeypatch.setenv("SPOTIPY_CLIENT_ID", "app")
    monkeypatch.setenv("SPOTIPY_CLIENT_SECRET", "s3cret")
    monkeypatch.setenv("PGMUSE_CONFIG", str(tmp_path / "config"))
    monkeypatch.setattr(crawl, "BACKOFF", (0.01, 0.01, 0.01))
    monkeypatch.setattr("loaders.songs.spotify.load.PACE", None)
    return running


@pytest.fixture
def load(fresh, service):
    """Load from the server with these options."""

    def load(**options):
        return load_spotify(fresh, SpotifyOptions(**(FAST | options)), service.service)

    return load
