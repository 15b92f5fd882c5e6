"""Playlists of a local server for Spotify, and queries for what was loaded."""

from tests.servers.spotify import Spotify

STATES = "select spotify_id, state from spotify_playlists order by spotify_id"
STORED = "select title, owner, track_ids from playlists order by identity"
TITLES = ("A rainy day", "Regentage", "雨の日", "дождь и дом", "a Day off")


def spotify_id(number: int) -> str:
    return f"{number:022d}"


def song(number: int, artist: str = "Somebody") -> dict:
    """A track of a response; equal numbers are the same track."""
    return {
        "id": f"T{number:021d}", "type": "track", "name": f"Song {number}", "duration_ms": 215000,
        "artists": [{"id": f"A{len(artist):021d}", "name": artist}], "album": {"name": "Album"},
    }  # fmt: skip


def songs(*numbers: int) -> list[dict]:
    return [song(number) for number in numbers]


def fill(service: Spotify) -> None:
    """A playlist of three tracks for each title."""
    for number, title in enumerate(TITLES):
        service.add(spotify_id(number), title, songs(number, number + 1, number + 2))
