"""Listening histories: plays of a source, cut into sessions that are stored as playlists.

A session ends where no music plays for `gap` minutes. It is identified by its service and the start
of its first play, so that a later export of the same account has the same sessions.
"""

import time
from array import array
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from loaders.core.console import counted
from loaders.songs.formats.model import PLACES, LeftOut, Playlist, Track, normal

GAP = 30  # minutes
SHORTEST = 30_000  # milliseconds of a play that counts, as Spotify and Last.fm count
LONGEST = 86_400_000  # milliseconds of a play: longer ones are errors of a clock
EARLIEST = 1_033_430_400  # 2002-10-01, when Last.fm started: earlier times are errors too
DAY = 86_400  # seconds
MINUTE = 60_000  # milliseconds
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

SKIPPED = "plays under 30 s left out"
EPISODES = "episodes left out"
PRIVATE = "plays of private sessions left out"
NAMELESS = "plays without a track left out"
TIMELESS = "plays at an impossible time left out"
REPEATED = "repeated entries of a play left out"

_hours: dict[str, int] = {}  # Unix time of an hour by its text


class History:
    """The plays of one service in a file or an archive.

    names_first_track: add the first track to the identity of a session, for services whose times
    are no more exact than a minute or a second.
    """

    def __init__(self, service: str, gap: int = GAP, *, names_first_track: bool = True) -> None:
        self.service, self.gap = service, gap * MINUTE
        self.names_first_track = names_first_track
        self.left_out: Counter[str] = Counter()
        self.numbers: dict[object, int] = {}  # of tracks, by what their parser compares
        self._tracks: list[Track] = []
        self._names: dict[object, int] = {}
        self._named = array("q")  # for each track the number of its name and artist
        self._plays = array("q")  # rank, start and end in ms, number of the track: 32 bytes a play

    def add_track(self, key: object, track: Track) -> int:
        """Add a track to which `numbers` has no number yet, and return its number."""
        number = self.numbers[key] = len(self._tracks)
        self._tracks.append(track)
        name = (track.artist, track.name) if track.name else track.track_id
        self._named.append(self._names.setdefault(name, len(self._names)))
        return number

    def add(self, number: int, rank: int, start: int, end: int) -> None:
        """Add a play. rank: orders the plays. start, end: in milliseconds, equal if unknown."""
        self._plays.extend((rank, start, end, number))

    def sessions(self) -> Iterator[Playlist | LeftOut]:
        """Yield the sessions by time, and what was left out."""
        plays = self._usable()
        yield from (LeftOut(label, count) for label, count in self.left_out.items() if count)
        if not len(plays):
            return
        starts, numbers = plays[:, 1].tolist(), plays[:, 3].tolist()
        keys: set[str] = set()
        for at, until, end in _cut(plays, self.gap):
            tracks = [self._tracks[number] for number in numbers[at:until]]
            start = _time(starts[at])
            key = self._key(start, tracks[0])
            while key in keys:  # more than PLACES plays in one minute
                key += "+"
            keys.add(key)
            title = f"{start:%Y-%m-%d %H:%M} UTC, {counted(len(tracks), 'tracks')}"
            yield Playlist(key, title, tracks, None, _time(end))

    def _usable(self) -> NDArray[np.int64]:
        """The plays in order, each once, without those at an impossible time."""
        plays: NDArray[np.int64] = np.frombuffer(self._plays, dtype=np.int64).reshape(-1, 4)
        latest = int(time.time()) + DAY
        possible = (plays[:, 1] >= EARLIEST * 1000) & (plays[:, 2] <= latest * 1000)
        possible &= plays[:, 2] - plays[:, 1] <= LONGEST
        self.left_out[TIMELESS] += int(len(plays) - possible.sum())
        plays = plays[possible]
        plays = plays[np.argsort(plays[:, 0], kind="stable")]
        first = self._first_entries(plays)
        self.left_out[REPEATED] += int(len(plays) - first.sum())
        return plays[first]

    def _first_entries(self, plays: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which entries are not a second one of a play; of two, one with a track's own id stays."""
        names = np.frombuffer(self._named, dtype=np.int64)[plays[:, 3]]
        has_id = np.array([" - " not in track.track_id for track in self._tracks], dtype=bool)
        order = np.lexsort((~has_id[plays[:, 3]], names, plays[:, 1]))
        starts, names = plays[order, 1], names[order]
        repeats = np.zeros(len(plays), dtype=bool)
        repeats[order[1:]] = (starts[1:] == starts[:-1]) & (names[1:] == names[:-1])
        return ~repeats

    def _key(self, start: datetime, first: Track) -> str:
        key = f"{prefix(self.service)}{start.isoformat(timespec='milliseconds')[:-6]}Z"
        if not self.names_first_track:
            return key
        names = f"{first.artist or ''} {first.name or first.track_id}"
        return f"{key} {normal(names, symbols=False)[:200]}"


def prefix(service: str) -> str:
    """The start of the identities of a service's sessions; the time of the first play follows."""
    return f"{service}:history:"


def started_at(identity: str) -> str:
    """The start of a session in its identity, as text that sorts by time."""
    return identity.partition(":history:")[2][:23]


def seconds_of(text: str | None) -> int | None:
    """The Unix time of an ISO 8601 text, in UTC by default; None where it is invalid."""
    if not text:
        return None
    try:
        if text[19:] not in ("", "Z"):
            moment = datetime.fromisoformat(text)
            return int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        if (hour := _hours.get(text[:13])) is None:
            moment = datetime.fromisoformat(text[:13]).replace(tzinfo=UTC)
            hour = _hours[text[:13]] = int(moment.timestamp())
        return hour + 60 * int(text[14:16]) + int(text[17:19] or 0)
    except (ValueError, OverflowError):
        return None


def _cut(plays: NDArray[np.int64], gap: int) -> Iterator[tuple[int, int, int]]:
    """The sessions: where they begin and end in the plays, and the time of the end.

    One of more than PLACES plays is cut into several. Ends count by their minute, as in the least
    exact export: all cut at the same plays.
    """
    reach = np.maximum.accumulate(plays[:, 2] // MINUTE * MINUTE)
    cuts = np.flatnonzero(plays[1:, 1] - reach[:-1] > gap) + 1
    bounds = [0, *cuts.tolist(), len(plays)]
    pieces = [range(at, until, PLACES) for at, until in pairwise(bounds)]
    first = [at for piece in pieces for at in piece]
    ends = np.maximum.reduceat(plays[:, 2], first).tolist()
    yield from zip(first, [*first[1:], len(plays)], ends, strict=True)


def _time(milliseconds: int) -> datetime:
    return EPOCH + timedelta(milliseconds=milliseconds)
