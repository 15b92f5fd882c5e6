"""Playlist files in folders and archives for tests, and the playlists stored of them."""

import io
import zipfile

from tests.factories.playlists import places

STORED = "select identity, title, places from playlists order by identity"


def m3u(*songs: str, title: str | None = None) -> bytes:
    """An M3U of songs that are written `Artist - Title`."""
    lines = [f"#EXTINF:180,{song}\n{number}.mp3" for number, song in enumerate(songs)]
    return "\n".join(["#EXTM3U", *([f"#PLAYLIST:{title}"] if title else []), *lines]).encode()


def zipped(members: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return out.getvalue()


def stored(conn) -> list[tuple[str, str, int]]:
    places(conn)  # the counts agree
    return conn.execute(STORED).fetchall()
