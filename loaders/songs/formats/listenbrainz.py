"""Listens of ListenBrainz: JSON of its API, or lines of JSON as in the zip of an export.

https://listenbrainz.readthedocs.io/en/latest/users/json.html; a listen starts at `listened_at`.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.addresses import services_only
from loaders.songs.formats.history import SHORTEST, SKIPPED, TIMELESS, History
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import Track, UnusablePlaylistEntry, track

RECORDING = "https://musicbrainz.org/recording/"
SPOTIFY_TRACK = "spotify:track:"
SCHEMA = "listens of ListenBrainz"
BLANKS = b" \t\r\n"


class Info(msgspec.Struct):
    """What players add; values have any type."""

    spotify_id: Any = None
    recording_mbid: Any = None
    duration_ms: Any = None
    duration: Any = None
    duration_played: Any = None


class Mapping(msgspec.Struct):
    """The recording that ListenBrainz found for the names."""

    recording_mbid: Any = None


class Metadata(msgspec.Struct):
    """The track of a listen."""

    track_name: str | None = None
    artist_name: str | None = None
    release_name: str | None = None
    additional_info: Info | None = None
    mbid_mapping: Mapping | None = None


class Listen(msgspec.Struct):
    """A listen; the name of its user is not read."""

    listened_at: Any = None
    track_metadata: Metadata | None = None


read_listen = msgspec.json.Decoder(Listen).decode
read_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
read_list = msgspec.json.Decoder(list[msgspec.Raw]).decode
NOTHING = Info()


def read_plays(content: bytes, history: History) -> Iterator[BadEntry]:
    """Add the listens of a file to a history; yield entries that are no listens."""
    for number, raw in enumerate(_listens(content), start=1):
        try:
            listen = read_listen(raw)
            if listen.track_metadata is None:
                raise UnusablePlaylistEntry("no track_metadata")
            _add(history, listen, listen.track_metadata)
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield bad_entry(f"listen {number}", error, "")


def _listens(content: bytes) -> Iterator[bytes | msgspec.Raw]:
    """Each listen as JSON: a line, or an entry of a list."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    lines = [line for line in content.splitlines() if line.strip()]
    try:
        msgspec.json.decode(lines[0] if lines else b"")
    except (msgspec.DecodeError, UnicodeDecodeError):
        lines = []  # of an object on several lines
    if len(lines) > 1 and lines[0].lstrip().startswith(b"{"):
        yield from lines
        return
    listens: bytes | msgspec.Raw = content
    while bytes(listens).lstrip(BLANKS).startswith(b"{"):
        fields = decode_json(read_fields, bytes(listens), SCHEMA)
        inner = fields.get("payload") or fields.get("listens")
        if inner is None:  # one listen
            yield listens
            return
        listens = inner
    yield from decode_json(read_list, bytes(listens), SCHEMA)


def _add(history: History, listen: Listen, metadata: Metadata) -> None:
    info = metadata.additional_info or NOTHING
    played = _number(info.duration_played)
    if played is not None and played * 1000 < SHORTEST:
        history.left_out[SKIPPED] += 1
        return
    started = _number(listen.listened_at)
    if started is None or not 0 < started < 10**11:
        history.left_out[TIMELESS] += 1
        return
    mapped = metadata.mbid_mapping and metadata.mbid_mapping.recording_mbid
    key = (str(info.spotify_id), str(mapped or info.recording_mbid), metadata.artist_name,
           metadata.track_name)  # fmt: skip
    if (number := history.numbers.get(key)) is None:
        number = history.add_track(key, _track(metadata, info, mapped))
    milliseconds = _number(info.duration_ms) or (_number(info.duration) or 0) * 1000
    start = int(started) * 1000
    end = start + (int(milliseconds) if 0 < milliseconds < 86_400_000 else 0)
    history.add(number, start, start, end)


def _track(metadata: Metadata, info: Info, mapped: Any) -> Track:
    spotify = info.spotify_id[0] if isinstance(info.spotify_id, list | tuple) else info.spotify_id
    if isinstance(spotify, str) and len(spotify) == 22:
        spotify = SPOTIFY_TRACK + spotify
    recordings = [
        f"{RECORDING}{mbid}" for mbid in (mapped, info.recording_mbid)
        if isinstance(mbid, str) and len(mbid) == 36
    ]  # fmt: skip
    return track(
        *services_only([spotify] if isinstance(spotify, str) else []),
        *recordings,
        name=metadata.track_name,
        artist=metadata.artist_name,
        album=metadata.release_name,
    )


def _number(value: Any) -> float | None:
    """A finite number, also one that is written as text."""
    try:
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if abs(number) < 1e15 else None
