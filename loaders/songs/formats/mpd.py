"""Million Playlist slices: Chen et al. 2018, "RecSys Challenge 2018"; one JSON object a file."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import Playlist, Track, UnusablePlaylistEntry, playlist, track


class MpdSlice(msgspec.Struct):
    """The file. Playlists are decoded one by one: a bad one does not reject the others."""

    playlists: list[msgspec.Raw]


class MpdTrack(msgspec.Struct):
    """A track in the file."""

    track_uri: str | None = None
    track_name: str | None = None
    artist_name: str | None = None
    artist_uri: str | None = None
    album_name: str | None = None
    duration_ms: float | None = None
    pos: int | None = None


class MpdPlaylist(msgspec.Struct):
    """A playlist in the file."""

    tracks: list[MpdTrack]
    pid: int | str | None = None
    name: str | int | None = None
    modified_at: float | None = None


class MpdLoosePlaylist(MpdPlaylist):
    """A playlist with an invalid track: tracks are decoded one by one."""

    tracks: list[msgspec.Raw]  # type: ignore[assignment]


read_slice = msgspec.json.Decoder(MpdSlice).decode
read_playlist = msgspec.json.Decoder(MpdPlaylist).decode
read_loosely = msgspec.json.Decoder(MpdLoosePlaylist).decode
read_place = msgspec.json.Decoder(MpdTrack).decode


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Yield playlists; their key is the file's name with their pid."""
    raws = decode_json(read_slice, content, "Million Playlist slice").playlists
    keys: set[str] = set()
    tracks: dict[str, Track] = {}  # by URI: most tracks are in many playlists of a slice
    for number, raw in enumerate(raws, start=1):
        place = f"playlist {number}"
        bad: list[BadEntry] = []
        try:
            parsed = _playlist(raw, place, name, tracks, bad)
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield from bad
            yield bad_entry(place, error, bytes(raw))
            continue
        yield from bad
        if parsed.key in keys:
            yield bad_entry(place, "an earlier playlist has this pid", bytes(raw))
            continue
        keys.add(parsed.key)
        yield parsed


def _playlist(
    raw: msgspec.Raw, place: str, name: str, by_uri: dict[str, Track], bad: list[BadEntry]
) -> Playlist:
    try:
        listed = read_playlist(raw)
        places: Iterable[tuple[int, MpdTrack]] = enumerate(listed.tracks, start=1)
    except (msgspec.DecodeError, UnicodeDecodeError):
        listed = read_loosely(raw)
        places = _readable(listed.tracks, place, bad)  # type: ignore[arg-type]
    tracks: list[Track] = []
    positions: list[int | None] = []
    for number, entry in places:
        parsed = by_uri.get(entry.track_uri or "")
        if parsed is None:
            try:
                parsed = _track(entry)
            except UnusablePlaylistEntry as error:
                bad.append(bad_entry(f"{place}, track {number}", error, entry))
                continue
            if entry.track_uri == f"spotify:track:{parsed.track_id}":  # else its id is its name
                by_uri[entry.track_uri] = parsed
        tracks.append(parsed)
        positions.append(entry.pos)
    tracks = _in_order(tracks, positions)
    title = None if listed.name is None else str(listed.name)
    key = f"{name}#{title or 'untitled' if listed.pid is None else listed.pid}"
    return playlist(key, title, tracks, None, _time(listed.modified_at))


def _readable(
    raws: list[msgspec.Raw], place: str, bad: list[BadEntry]
) -> Iterator[tuple[int, MpdTrack]]:
    for number, raw in enumerate(raws, start=1):
        try:
            yield number, read_place(raw)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad.append(bad_entry(f"{place}, track {number}", error, bytes(raw)))


def _in_order(tracks: list[Track], positions: list[int | None]) -> list[Track]:
    """By `pos` where every track has one, else in the order of the file."""
    present = [position for position in positions if position is not None]
    if len(present) < len(tracks) or present == sorted(present):
        return tracks
    return [tracks[number] for number in sorted(range(len(present)), key=present.__getitem__)]


def _track(entry: MpdTrack) -> Track:
    artist = (entry.artist_uri or "").removeprefix("spotify:artist:") or None
    return track(
        entry.track_uri,
        name=entry.track_name,
        artist=entry.artist_name,
        artist_id=artist,
        album=entry.album_name,
        duration_ms=entry.duration_ms,
    )


def _time(seconds: float | None) -> datetime | None:
    """The Unix time as a datetime; None where it is missing or implausible."""
    if seconds is None or not 0 < seconds < 10**10:
        return None
    return datetime.fromtimestamp(seconds, UTC)
