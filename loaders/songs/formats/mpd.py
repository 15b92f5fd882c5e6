"""Million Playlist slices: Chen et al. 2018, "RecSys Challenge 2018"; one JSON object a file."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

import msgspec

from loaders.core.entries import BadEntry, bad_entry
from loaders.songs.formats.json_file import decode_json
from loaders.songs.formats.model import Playlist, Track, UnusablePlaylistEntry, playlist, track


class MpdSlice(msgspec.Struct):
    """The file. What is in a playlist is read playlist by playlist: one may be wrong."""

    playlists: list[msgspec.Raw]


class MpdTrack(msgspec.Struct):
    """A track as the file has it."""

    track_uri: str | None = None
    track_name: str | None = None
    artist_name: str | None = None
    artist_uri: str | None = None
    album_name: str | None = None
    duration_ms: float | None = None
    pos: int | None = None


class MpdPlaylist(msgspec.Struct):
    """A playlist as the file has it."""

    tracks: list[MpdTrack]
    pid: int | str | None = None
    name: str | int | None = None
    modified_at: float | None = None


class MpdLoosePlaylist(MpdPlaylist):
    """The same where some track is not as it should be."""

    tracks: list[msgspec.Raw]  # type: ignore[assignment]


read_slice = msgspec.json.Decoder(MpdSlice).decode
read_playlist = msgspec.json.Decoder(MpdPlaylist).decode
read_loosely = msgspec.json.Decoder(MpdLoosePlaylist).decode
read_place = msgspec.json.Decoder(MpdTrack).decode


def parse(content: bytes, name: str) -> Iterator[Playlist | BadEntry]:
    """Playlists by their pid, which tells them apart within the file of that name."""
    raws = decode_json(read_slice, content, "Million Playlist slice").playlists
    seen: set[str] = set()
    known: dict[str, Track] = {}  # most tracks stand in many playlists of a slice
    for number, raw in enumerate(raws, start=1):
        place = f"playlist {number}"
        bad: list[BadEntry] = []
        try:
            made = _playlist(raw, place, name, known, bad)
        except (UnusablePlaylistEntry, msgspec.DecodeError, UnicodeDecodeError) as error:
            yield from bad
            yield bad_entry(place, error, bytes(raw))
            continue
        yield from bad
        if made.key in seen:
            yield bad_entry(place, "this pid stands in the file before", bytes(raw))
            continue
        seen.add(made.key)
        yield made


def _playlist(
    raw: msgspec.Raw, place: str, name: str, known: dict[str, Track], bad: list[BadEntry]
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
        made = known.get(entry.track_uri or "")
        if made is None:
            try:
                made = _track(entry)
            except UnusablePlaylistEntry as error:
                bad.append(bad_entry(f"{place}, track {number}", error, entry))
                continue
            if entry.track_uri == f"spotify:track:{made.track_id}":  # else its name told it
                known[entry.track_uri] = made
        tracks.append(made)
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
    """By `pos` where every track has one, else as they stand."""
    given = [position for position in positions if position is not None]
    if len(given) < len(tracks) or given == sorted(given):
        return tracks
    return [tracks[number] for number in sorted(range(len(given)), key=given.__getitem__)]


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
    """A time of Unix; None where there is none, or one that nobody can have meant."""
    if seconds is None or not 0 < seconds < 10**10:
        return None
    return datetime.fromtimestamp(seconds, UTC)
