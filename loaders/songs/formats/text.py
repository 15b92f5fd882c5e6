"""Text with `Artist - Title` on each line, as Soundiiz and TuneMyMusic write and accept it."""

import re
from collections.abc import Iterator

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.m3u import LINE_END, decode_text
from loaders.songs.formats.model import Playlist, Track, UnusablePlaylistEntry, playlist, track
from loaders.songs.formats.paths import DASH, NUMBER, split_names

FEWEST, SHOWN = 3, 50  # lines: fewer say nothing; nine of ten of the first ones must be songs
LONGEST = 300  # characters of a line in the text of a list
NO_SONG = re.compile(r"[-*|<>{}\[\]=]|\d{4}-\d{2}-\d{2}|https?:")  # of a list, a log, or markup


def is_list(text: str) -> bool:
    """Whether the first lines are `Artist - Title`."""
    lines = [line.strip() for line in LINE_END.split(text) if line.strip()][:SHOWN]
    songs = [
        line for line in lines
        if len(line) <= LONGEST and DASH.search(line) and not NO_SONG.match(line)
    ]  # fmt: skip
    return len(lines) >= FEWEST and len(songs) >= 0.9 * len(lines)


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """The playlist of the file, named by its file; a number before a song is left out."""
    tracks: list[Track] = []
    for number, line in enumerate(LINE_END.split(decode_text(content)), start=1):
        if not (song := line.strip()):
            continue
        try:
            song = NUMBER.sub("", song, count=1) if NUMBER.match(song) else song
            names = split_names(song)
            if names.artist is None:
                raise UnusablePlaylistEntry("no Artist - Title")
            tracks.append(track(name=names.name, artist=names.artist))
        except UnusablePlaylistEntry as error:
            yield bad_entry(f"line {number}", error, line)
    title = name.removesuffix(".txt")
    try:
        yield playlist(f"{name}#{title}", title, tracks)
    except UnusablePlaylistEntry as error:
        yield bad_entry("playlist 1", error, title)
