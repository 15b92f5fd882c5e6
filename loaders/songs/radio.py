"""A song radio as a playlist file, kept as a sample."""

import json
from pathlib import Path

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.errors import Problem, check_out

RADIO = """
    select track_id, name, artist, score
    from muse.song_radio(%(seeds)s, %(n)s, %(per_artist)s) order by place
"""
SAMPLE = """
    insert into muse.samples (kind, model_id, parameters, result)
    values ('radio', muse.live_model('songs'), %s, %s)
"""


def draw(conn: psycopg.Connection, seeds: list[str], out: Path, n: int, per_artist: int) -> int:
    """Write a radio from these tracks to an .m3u8 or .jspf file; how many songs it has."""
    writers = {".m3u8": m3u, ".jspf": jspf}
    check_out(out, writers)
    parameters = {"seeds": seeds, "n": n, "per_artist": per_artist}
    rows = conn.execute(RADIO, parameters).fetchall()
    if not rows:
        raise Problem("none of these tracks is in the live model: find_songs('...') knows ids")
    result = [dict(zip(("track_id", "name", "artist", "score"), row, strict=True)) for row in rows]
    conn.execute(SAMPLE, (Jsonb(parameters), Jsonb(result)))
    out.write_text(writers[out.suffix](result), encoding="utf-8")
    return len(result)


def address(track_id: str) -> str:
    """Where a track can be played or looked up, its id where nobody knows."""
    return f"spotify:track:{track_id}" if len(track_id) == 22 and track_id.isalnum() else track_id


def m3u(tracks: list[dict[str, str]]) -> str:
    """An extended M3U."""
    lines = ["#EXTM3U", "#PLAYLIST:pgmuse song radio"]
    for track in tracks:
        shown = " - ".join(text for text in (track["artist"], track["name"]) if text)
        lines += [f"#EXTINF:-1,{' '.join(shown.split())}", address(track["track_id"])]
    return "\n".join(lines) + "\n"


def jspf(tracks: list[dict[str, str]]) -> str:
    """A JSPF."""
    listed = [
        {
            "title": track["name"],
            "creator": track["artist"],
            "identifier": [address(track["track_id"])],
        }
        for track in tracks
    ]
    return json.dumps({"playlist": {"title": "pgmuse song radio", "track": listed}}, indent=1)
