"""Playlists of the sample packages: charts and setlists."""

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
    """The Hot 100 of 2000: one playlist per weekly chart, in the order of ranks."""
    weeks: dict[date, list[tuple[int, Track]]] = {}
    with gzip.open(folder / "datar" / "data" / "billboard.csv.gz", "rt") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            try:
                listed = track(name=row["track"], artist=natural_order(row["artist"]))
                entered = date.fromisoformat(row["date.entered"])
            except (UnusablePlaylistEntry, ValueError, KeyError) as error:
                yield bad_entry(f"line {number}", error, row)
                continue
            for week in range(1, 77):
                if rank := _rank(row.get(f"wk{week}")):
                    weeks.setdefault(entered + timedelta(weeks=week - 1), []).append((rank, listed))
    for week_of, places in sorted(weeks.items()):
        tracks = [listed for _, listed in sorted(places, key=lambda place: place[0])]
        yield playlist(f"billboard#{week_of}", f"Billboard Hot 100, {week_of}", tracks)


def setlists(folder: Path) -> Iterator[Playlist | BadEntry]:
    """Concerts of one band. Recording ids differ by concert: artist and title identify a song."""
    for path in sorted((folder / "beetsplug").rglob("*.yml")):
        try:
            content = yaml.safe_load(path.read_text(encoding="utf-8"))
            yield _setlist(path.stem, content)
        except (UnusablePlaylistEntry, yaml.YAMLError, UnicodeDecodeError) as error:
            yield bad_entry(path.name, error, path.name)


def natural_order(artist: str) -> str:
    """`Whitney Houston` for `Houston, Whitney`; a list of names is not changed."""
    if (match := INVERTED.fullmatch(artist.strip())) and "&" not in artist:
        return f"{match[2]} {match[1]}"
    return artist


def _rank(text: str | None) -> int | None:
    try:
        return int(float(text or ""))
    except ValueError:
        return None


def _setlist(name: str, content: Any) -> Playlist:
    try:
        tracks = [track(name=entry["title"], artist=BAND) for entry in content["tracks"]]
        return playlist(f"setlists#{name}", content["title"], tracks, BAND)
    except (KeyError, TypeError) as error:
        raise UnusablePlaylistEntry(f"no setlist: {error}") from error


SAMPLES = {"billboard": billboard, "setlists": setlists}
SAMPLE_FOLDERS = {"billboard": "datar", "setlists": "beetsplug"}
