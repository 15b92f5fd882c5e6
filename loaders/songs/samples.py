"""The playlists of the sample packages: charts and setlists."""

import csv
import gzip
import re
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import yaml

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.model import Playlist, Track, UnusablePlaylistEntry, playlist, track

BAND = "Grateful Dead"
INVERTED = re.compile(r"([^,]+), ([^,]+)")


def billboard(folder: Path) -> Iterator[Playlist | BadEntry]:
    """The Hot 100 of 2000: each week's chart is a playlist, in the order of its ranks.

    What stands together here charted together.
    """
    weeks: dict[date, list[tuple[int, Track]]] = {}
    with gzip.open(folder / "datar" / "data" / "billboard.csv.gz", "rt") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                made = track(name=row["track"], artist=turned(row["artist"]))
                entered = date.fromisoformat(row["date.entered"])
            except (UnusablePlaylistEntry, ValueError, KeyError) as error:
                yield bad_entry(f"line {number}", error, row)
                continue
            for week in range(1, 77):
                if rank := _rank(row.get(f"wk{week}")):
                    weeks.setdefault(entered + timedelta(weeks=week - 1), []).append((rank, made))
    for week_of, places in sorted(weeks.items()):
        tracks = [made for _, made in sorted(places, key=lambda place: place[0])]
        yield playlist(f"billboard#{week_of}", f"Billboard Hot 100, {week_of}", tracks)


def setlists(folder: Path) -> Iterator[Playlist | BadEntry]:
    """Concerts of one band. Every recording has an id of its own, so a song is artist and title."""
    for path in sorted((folder / "beetsplug").rglob("*.yml")):
        try:
            told = yaml.safe_load(path.read_text(encoding="utf-8"))
            yield _setlist(path.stem, told)
        except (UnusablePlaylistEntry, yaml.YAMLError, UnicodeDecodeError) as error:
            yield bad_entry(path.name, error, path.name)


def turned(artist: str) -> str:
    """`Houston, Whitney` the right way round; a list of names stays as it is."""
    if (found := INVERTED.fullmatch(artist.strip())) and "&" not in artist:
        return f"{found[2]} {found[1]}"
    return artist


def _rank(text: str | None) -> int | None:
    try:
        return int(float(text or ""))
    except ValueError:
        return None


def _setlist(name: str, told: Any) -> Playlist:
    try:
        tracks = [track(name=entry["title"], artist=BAND) for entry in told["tracks"]]
        return playlist(f"setlists#{name}", told["title"], tracks, BAND)
    except (KeyError, TypeError) as error:
        raise UnusablePlaylistEntry(f"no setlist: {error}") from error


SAMPLES = {"billboard": billboard, "setlists": setlists}
SAMPLE_FOLDERS = {"billboard": "datar", "setlists": "beetsplug"}
