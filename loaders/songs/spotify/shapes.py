"""What responses of Spotify's API contain, in the shapes of before and after March 2026.

https://developer.spotify.com/documentation/web-api/reference
"""

import re
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar
from urllib.parse import parse_qs, urlsplit

from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http.faults import TryAgain
from loaders.songs.formats.model import Track, UnusablePlaylistEntry, named_id, track

T = TypeVar("T")
Content = TypeVar("Content", covariant=True)
ID = re.compile(r"[0-9A-Za-z]{10,64}")
USER = re.compile(r"[^\s:\0-\x1f\x7f\ud800-\udfff]{1,150}")
TOKEN = re.compile(r"[!-~]{1,10000}")  # else a header cannot hold it, and errors would show it
OAUTH_ERROR = re.compile(r"[a-z_]{1,40}")
# Control characters, surrogates, and marks that turn the direction of what follows.
INVISIBLE = re.compile(r"[\0-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
PLAYLIST = re.compile(
    r"(?:spotify:(?:user:[^:]+:)?playlist:"
    r"|(?:https?://)?open\.spotify\.com/(?:intl-[\w-]+/)?(?:user/[^/]+/)?playlist/)?"
    r"([0-9A-Za-z]{22})(?:[?#].*)?"
)


class Summary(NamedTuple):
    """A playlist without its tracks. snapshot: changes with its content. size: its entries."""

    spotify_id: str
    title: str
    owner: str | None
    snapshot: str | None
    size: int | None


class PageTracks(NamedTuple):
    """Tracks of a page, and how many of its entries are none (episodes, removed, local files)."""

    tracks: list[Track]
    left_out: int


@dataclass(frozen=True)
class Page(Generic[Content]):
    """A page. next_place: of the following page, None after the last. total: entries of all."""

    content: Content
    next_place: int | None
    total: int | None


def playlist_id(text: str) -> str:
    """The id in a playlist's id, URI or address. Errors: Problem."""
    match = PLAYLIST.fullmatch(text.strip())
    if match is None:
        raise Problem(
            f"{printable(text[:200])!r} is no playlist: give its link, such as "
            "https://open.spotify.com/playlist/37i9dQZF1DXcBWIGoYBM5M"
        )
    return match[1]


def summary_of(entry: Any) -> Summary | None:
    """A playlist of a response; None for null and for what has no id."""
    if not isinstance(entry, dict) or not isinstance(entry.get("id"), str):
        return None
    if not ID.fullmatch(entry["id"]):
        return None
    owner = entry.get("owner")
    sizes = (entry.get(name) for name in ("items", "tracks"))
    totals = (number_of(size.get("total")) for size in sizes if isinstance(size, dict))
    return Summary(
        entry["id"],
        text_of(entry.get("name"), 1000) or "",
        text_of(owner.get("id"), 200) if isinstance(owner, dict) else None,
        text_of(entry.get("snapshot_id"), 300),
        next((total for total in totals if total is not None), None),
    )


def tracks_of(entries: list[Any]) -> PageTracks:
    parsed = [_track(entry) for entry in entries]
    tracks = [one for one in parsed if one is not None]
    return PageTracks(tracks, len(parsed) - len(tracks))


def _track(entry: Any) -> Track | None:
    """The track of an entry, in the old or the new shape; None where there is none."""
    shapes = (entry.get("item"), entry.get("track")) if isinstance(entry, dict) else ()
    listed = next((one for one in shapes if isinstance(one, dict)), None)
    if listed is None or listed.get("type") not in (None, "track"):
        return None
    artists = [one for one in entries_of(listed, "artists") if isinstance(one, dict)]
    artist = artists[0] if artists else {}
    album = listed.get("album")
    name, by = text_of(listed.get("name"), 1000), text_of(artist.get("name"), 1000)
    spotify_id = text_of(listed.get("id"), 64)
    duration = listed.get("duration_ms")
    if not spotify_id and not (name and by):
        return None
    try:
        return track(
            own_id=spotify_id or named_id(by, name),
            name=name,
            artist=by,
            artist_id=text_of(artist.get("id"), 64),
            album=text_of(album.get("name"), 1000) if isinstance(album, dict) else None,
            duration_ms=duration if isinstance(duration, int | float) else None,
        )
    except UnusablePlaylistEntry:
        return None


def page_of(listed: dict[str, Any], content: T, place: int, size: int) -> Page[T]:
    """A page ends the list where Spotify names no next one, or where it is empty.

    The next page begins where Spotify says so, else after as many entries as it sent at most.
    """
    total = number_of(listed.get("total"))
    if not listed.get("next") or not entries_of(listed):
        return Page(content, None, total)
    named = _offset_of(str(listed["next"]))
    after = place + min(number_of(listed.get("limit")) or size, size)
    return Page(content, named if named is not None and place < named <= after else after, total)


def _offset_of(address: str) -> int | None:
    try:
        query = parse_qs(urlsplit(address).query)
    except ValueError:
        return None
    return number_of(query.get("offset", [""])[0])


def is_token(value: Any, *texts: str) -> bool:
    """Whether tokens have these texts, in a form that a request can carry."""
    return isinstance(value, dict) and all(
        isinstance(value.get(name), str) and TOKEN.fullmatch(value[name]) for name in texts
    )


def object_of(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TryAgain(f"Spotify answered with something else than {name}")
    return value


def entries_of(listed: dict[str, Any], name: str = "items") -> list[Any]:
    entries = listed.get(name)
    return entries if isinstance(entries, list) else []


def text_of(value: Any, limit: int) -> str | None:
    """A text that can be stored; None for anything else."""
    if not isinstance(value, str):
        return None
    return INVISIBLE.sub(" ", value[:limit]).strip() or None


def number_of(value: Any) -> int | None:
    try:
        number = int(value)
    except (TypeError, ValueError, OverflowError):
        return None
    return number if 0 <= number < 2**31 else None
