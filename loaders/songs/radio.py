"""Write a song radio to a playlist file, and store it as a sample."""

import json
from pathlib import Path

import psycopg

from loaders.core.errors import Problem, check_out
from loaders.core.queries import Queries

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
SAVE = "select muse.save_radio(%(seeds)s, %(n)s, %(per_artist)s)"


def draw(conn: psycopg.Connection, seeds: list[str], out: Path, n: int, per_artist: int) -> int:
    """Write a radio from these tracks to an .m3u8 or .jspf file; return its number of songs.

    Errors: Problem where no seed is in the live model, or the file cannot be written.
    """
    writers = {".m3u8": m3u, ".jspf": jspf}
    check_out(out, writers)
    parameters = {"seeds": seeds, "n": n, "per_artist": per_artist}
    (sample,) = conn.execute(SAVE, parameters).fetchone() or (None,)
    if sample is None:
        raise Problem("no track is in the live model: look up ids with find_songs('...')")
    rows = conn.execute(QUERIES.radio_tracks, {"sample": sample}).fetchall()
    result = [dict(zip(("track_id", "name", "artist"), row, strict=True)) for row in rows]
    out.write_text(writers[out.suffix](result), encoding="utf-8")
    return len(result)


def address(track_id: str) -> str:
    """The Spotify URI of a track; its id where that is not Spotify's."""
    return f"spotify:track:{track_id}" if len(track_id) == 22 and track_id.isalnum() else track_id


def m3u(tracks: list[dict[str, str]]) -> str:
    """The playlist as extended M3U."""
    lines = ["#EXTM3U", "#PLAYLIST:pgmuse song radio"]
    for track in tracks:
        shown = " - ".join(text for text in (track["artist"], track["name"]) if text)
        lines += [f"#EXTINF:-1,{' '.join(shown.split())}", address(track["track_id"])]
    return "\n".join(lines) + "\n"


def jspf(tracks: list[dict[str, str]]) -> str:
    """The playlist as JSPF."""
    listed = [
        {
            "title": track["name"],
            "creator": track["artist"],
            "identifier": [address(track["track_id"])],
        }
        for track in tracks
    ]
    return json.dumps({"playlist": {"title": "pgmuse song radio", "track": listed}}, indent=1)
