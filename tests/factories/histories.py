"""Listening histories for tests: each play is its end or start, and its length, in minutes."""

import json
from datetime import UTC, datetime, timedelta

from tests.factories.playlist_files import zipped

START = datetime(2023, 5, 4, 21, 10, tzinfo=UTC)
SECRETS = {
    "username": "ann-the-user", "ip_addr": "203.0.113.7", "ip_addr_decrypted": "203.0.113.7",
    "platform": "phone of ann", "conn_country": "NL", "user_agent_decrypted": "unknown",
}  # fmt: skip
USERDATA = {"username": "ann-the-user", "email": "ann@example.org", "birthdate": "1990-01-01"}


def at(minute: float) -> datetime:
    return START + timedelta(minutes=minute)


def short(minute: float, song: str = "One", minutes: float = 3, **fields: object) -> dict:
    """A play of StreamingHistory*.json that ends at this minute."""
    return {
        "endTime": f"{at(minute):%Y-%m-%d %H:%M}",
        "artistName": "A",
        "trackName": song,
        "msPlayed": int(minutes * 60_000),
    } | fields


def extended(minute: float, song: str = "One", minutes: float = 3, **fields: object) -> dict:
    """The same play in the extended history."""
    return SECRETS | {
        "ts": f"{at(minute):%Y-%m-%dT%H:%M:%SZ}",
        "ms_played": int(minutes * 60_000),
        "master_metadata_track_name": song,
        "master_metadata_album_artist_name": "A",
        "master_metadata_album_album_name": "Album",
        "spotify_track_uri": f"spotify:track:{sum(song.encode()):022d}",
        "episode_name": None, "episode_show_name": None, "spotify_episode_uri": None,
        "audiobook_uri": None, "audiobook_chapter_uri": None, "offline": False,
        "offline_timestamp": None, "incognito_mode": False,
    } | fields  # fmt: skip


def listen(minute: float, song: str = "One", **info: object) -> dict:
    """A listen of ListenBrainz that starts at this minute."""
    return {
        "listened_at": int(at(minute).timestamp()),
        "user_name": "ann-the-user",
        "recording_msid": "00000000-0000-0000-0000-000000000009",
        "track_metadata": {"artist_name": "A", "track_name": song, "additional_info": info},
    }


def scrobbles(*minutes: float, song: str = "One") -> bytes:
    """A CSV without a header, the last play first."""
    lines = [f"A,Album,{song} {m:g},{at(m):%d %b %Y %H:%M}\n" for m in reversed(minutes)]
    return "".join(lines).encode()


def lines_of(*entries: object) -> bytes:
    return "".join(json.dumps(entry) + "\n" for entry in entries).encode()


def dumped(*entries: object) -> bytes:
    return json.dumps(list(entries), indent=2).encode()


def export(**members: bytes) -> bytes:
    """A zip as Spotify sends it; `__` in a name stands for a dot."""
    files = {"Read_Me_First.pdf": b"%PDF-1.4 \0", "Userdata.json": json.dumps(USERDATA).encode()}
    files |= {name.replace("__", "."): content for name, content in members.items()}
    return zipped({f"Spotify Account Data/{name}": content for name, content in files.items()})
