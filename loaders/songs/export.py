"""Export song radios and stored playlists to a file or standard output; stores nothing."""

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import psycopg

from loaders.core.console import counted, say
from loaders.core.errors import Problem
from loaders.core.queries import Queries
from loaders.songs.formats.model import Playlist, Track
from loaders.songs.writers import FORMATS, URI, WRITERS, address

QUERIES = Queries(Path(__file__).with_name("export.sql"))
STANDARD_OUTPUT = "-"


def radio(
    conn: psycopg.Connection, seeds: Sequence[str], n: int, per_artist: int, sound: float = 0
) -> Playlist:
    """A song radio from these tracks; a seed may be a list of ids that commas separate.

    sound: the share of what tracks sound like in the score.

    Errors: Problem where no seed is in the live model.
    """
    ids = [one for seed in seeds for one in _split(conn, seed)]
    values = {"seeds": ids, "n": n, "per_artist": per_artist, "sound": sound}
    tracks = [Track(*row) for row in conn.execute(QUERIES.export_radio, values)]
    if not tracks:
        raise Problem("no track is in the live model: look up ids with find_songs('...')")
    (name,) = conn.execute(QUERIES.export_title, {"track": ids[0]}).fetchone() or (ids[0],)
    return Playlist("radio", _title("Song radio", name, len(ids)), tracks)


def samples(conn: psycopg.Connection, sample_id: int | None = None) -> list[Playlist]:
    """The stored song radios, or one of them. Errors: Problem where there is none."""
    rows = conn.execute(QUERIES.export_samples, {"sample": sample_id}).fetchall()
    if not rows:
        which = "no stored radio" if sample_id is None else f"no stored radio {sample_id}"
        raise Problem(f"there is {which}: see the view radio_samples; ./pgmuse samples draws some")
    return [
        Playlist(
            f"radio-{number}",
            _title(f"Song radio {number}", name, seeds),
            [Track(*place[3:]) for place in places],
        )
        for (number, name, seeds), places in groupby(rows, key=lambda row: row[:3])
    ]


def stored(conn: psycopg.Connection, identity: str) -> Playlist:
    """A stored playlist. Errors: Problem where there is none."""
    values = {"identity": identity}
    row = conn.execute(QUERIES.export_playlist, values).fetchone()
    if row is None:
        raise Problem(f"there is no playlist whose identity is {identity!r}: see playlists")
    title, owner, modified_at = row
    tracks = [Track(*place) for place in conn.execute(QUERIES.export_places, values)]
    return Playlist(identity, title, tracks, owner, modified_at)


def format_of(format: str | None, out: str) -> str:
    """The format by its name, else by the ending of the file, else M3U. Errors: Problem."""
    if format is None and out != STANDARD_OUTPUT and not Path(out).is_dir():
        format = FORMATS.get(Path(out).suffix.lower())
        if format is None:
            raise Problem(f"{out}: name a file that ends in {', '.join(FORMATS)}, or use --format")
    if format is not None and format not in WRITERS:
        raise Problem(f"no format {format!r}: the formats are {', '.join(WRITERS)}")
    return format or "m3u"


def write(playlists: Sequence[Playlist], format: str, out: str) -> None:
    """Write playlists to a file, a folder or standard output (`-`), and report to stderr.

    A format for one playlist gets a file for each in a folder. Errors: Problem.
    """
    writer = WRITERS[format]
    if out != STANDARD_OUTPUT and Path(out).is_dir():
        for playlist in playlists:
            _write_text(writer.write([playlist]), Path(out) / f"{playlist.key}{writer.endings[0]}")
    elif writer.is_single and len(playlists) > 1:
        raise Problem(f"{format} holds one playlist: use --sample, or name a folder with --out")
    elif out == STANDARD_OUTPUT:
        sys.stdout.buffer.write(writer.write(playlists).encode())
        sys.stdout.buffer.flush()
    else:
        _write_text(writer.write(playlists), Path(out))
    _report(playlists, format, out)


def _write_text(text: str, path: Path) -> None:
    try:
        path.write_text(text, encoding="utf-8", newline="")
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def _report(playlists: Sequence[Playlist], format: str, out: str) -> None:
    ids = [track.track_id for playlist in playlists for track in playlist.tracks]
    if format == "spotify-uris":
        missing = sum(not address(one).startswith(URI) for one in ids)
        say(f"{counted(len(ids) - missing, 'tracks')}, {missing:,} without a Spotify id left out")
    elif out != STANDARD_OUTPUT:
        say(f"{counted(len(playlists), 'playlists')} with {counted(len(ids), 'tracks')} in {out}")


def _split(conn: psycopg.Connection, seed: str) -> list[str]:
    """The ids in a text; one that a track has as a whole is not split."""
    if conn.execute("select from muse.tracks where track_id = %s", (seed,)).rowcount:
        return [seed]
    return [one.strip() for one in seed.split(",") if one.strip()]


def _title(start: str, name: str | None, seeds: int) -> str:
    """A title with the first seed."""
    more = f" and {seeds - 1} more" if seeds > 1 else ""
    return f"{start}: {name}{more}" if name else start
