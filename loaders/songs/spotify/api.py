"""Requests to Spotify's API through spotipy, and its refusals."""

import logging
import time
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import requests
import spotipy
import urllib3
from spotipy.oauth2 import SpotifyOauthError
from urllib3.exceptions import InvalidHeader

from loaders.core.entries import printable
from loaders.core.errors import Problem
from loaders.core.http.faults import BUSY, TryAgain
from loaders.songs.spotify.credentials import CLIENT_ID
from loaders.songs.spotify.shapes import (
    OAUTH_ERROR,
    USER,
    Page,
    PageTracks,
    Summary,
    entries_of,
    object_of,
    page_of,
    summary_of,
    tracks_of,
)

T = TypeVar("T")
SIZES = (100, 50, 20, 10, 5, 1)  # entries a page; how many an app may ask for differs
LAST_RESULT = 1000  # of a search
RETRY_AFTER = urllib3.Retry(retry_after_max=7 * 86400)
ENTRY = "id,type,is_local,name,artists(id,name),album(name),duration_ms"
ITEM_FIELDS = f"items(item({ENTRY}),track({ENTRY})),next,total,limit"
SUMMARY_FIELDS = "id,name,snapshot_id,owner(id),items(total),tracks(total)"

# Requests and errors of spotipy can contain tokens.
logging.getLogger("spotipy").setLevel(logging.CRITICAL + 1)


def larger(size: int) -> int:
    """The next larger size of a page, or the largest."""
    return min((other for other in SIZES if other > size), default=size)


class Refused(Exception):
    """Spotify answers that the request is not possible. status: 400, 403 or 404."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


class TooFast(TryAgain):
    """Spotify asks to wait. seconds: None where it does not say how long."""

    def __init__(self, reason: str, seconds: float | None) -> None:
        super().__init__(reason)
        self.seconds = seconds


class Api:
    """Sends one request after another, at most `pace` a second, and checks the responses.

    search_size, page_size: entries to ask for on a page; they shrink where Spotify refuses more.
    Errors of all methods: TryAgain, TooFast, Refused, Problem for invalid credentials.
    """

    def __init__(self, client: spotipy.Spotify, pace: float | None) -> None:
        self.client = client
        self.interval = 1 / pace if pace else 0.0
        self.search_size, self.page_size = 50, 100
        self.requests = 0
        self._last = 0.0

    def search(self, word: str, place: int, market: str | None = None) -> Page[list[Summary]]:
        """A page of the playlists that a search for a word finds."""

        def request(size: int) -> Any:
            limit = min(size, LAST_RESULT - place)
            return self.client.search(word, limit, place, "playlist", market)

        answer, size = self._sized(request, "search_size", 50)
        listed = object_of(object_of(answer, "a search").get("playlists"), "a search")
        summaries = [summary for entry in entries_of(listed) if (summary := summary_of(entry))]
        page = page_of(listed, summaries, place, size)
        is_last = page.next_place is not None and page.next_place >= LAST_RESULT
        return Page(summaries, None, page.total) if is_last else page

    def items(
        self, spotify_id: str, place: int, market: str | None = None
    ) -> Page[PageTracks | None]:
        """A page of a playlist's tracks. Its content is None where Spotify withholds them."""

        def request(size: int) -> Any:
            return self.client.playlist_items(spotify_id, ITEM_FIELDS, size, place, market)

        answer, size = self._sized(request, "page_size", 100)
        listed = object_of(answer, "a playlist")
        if not isinstance(listed.get("items"), list):
            return Page(None, None, None)
        return page_of(listed, tracks_of(listed["items"]), place, size)

    def playlist(self, spotify_id: str, market: str | None = None) -> Summary:
        """A playlist without its tracks."""
        answer = self._ask(lambda: self.client.playlist(spotify_id, SUMMARY_FIELDS, market))
        summary = summary_of(object_of(answer, "a playlist"))
        if summary is None or summary.spotify_id != spotify_id:
            raise TryAgain("Spotify answered with something else than this playlist")
        return summary

    def own_playlists(self, place: int) -> Page[list[Summary]]:
        """A page of the playlists of the user who logged in, followed ones too."""
        answer, size = self._sized(
            lambda size: self.client.current_user_playlists(size, place), "search_size", 50
        )
        listed = object_of(answer, "the user's playlists")
        summaries = [summary for entry in entries_of(listed) if (summary := summary_of(entry))]
        return page_of(listed, summaries, place, size)

    def liked(self, place: int, market: str | None = None) -> Page[PageTracks]:
        """A page of the tracks that the user who logged in likes."""
        answer, size = self._sized(
            lambda size: self.client.current_user_saved_tracks(size, place, market),
            "search_size", 50,
        )  # fmt: skip
        listed = object_of(answer, "the user's tracks")
        return page_of(listed, tracks_of(entries_of(listed)), place, size)

    def user(self) -> str:
        """The id of the user who logged in."""
        answer = object_of(self._ask(self.client.current_user), "the user")
        if not isinstance(name := answer.get("id"), str) or not USER.fullmatch(name):
            raise TryAgain("Spotify answered with something else than a user")
        return name

    def create_playlist(self, title: str, description: str) -> str:
        """A new private playlist of the user who logged in; its id."""
        answer = self._ask(
            lambda: self.client.current_user_playlist_create(
                title, public=False, description=description
            )
        )
        name = object_of(answer, "a new playlist").get("id")
        if not isinstance(name, str):
            raise TryAgain("Spotify answered with something else than a playlist")
        return name

    def add_tracks(self, spotify_id: str, track_ids: list[str]) -> None:
        """Append tracks to a playlist, a hundred at most."""
        self._ask(lambda: self.client.playlist_add_items(spotify_id, track_ids))

    def _sized(self, request: Callable[[int], Any], name: str, most: int) -> tuple[Any, int]:
        """The answer to a request for a page, and the size that was asked for."""
        while True:
            size = min(getattr(self, name), most)
            try:
                return self._ask(partial(request, size)), size
            except Refused as error:
                smaller = [other for other in SIZES if other < size]
                if error.status != 400 or "limit" not in str(error).lower() or not smaller:
                    raise
                setattr(self, name, smaller[0])

    def _ask(self, request: Callable[[], T]) -> T:
        time.sleep(max(0.0, self._last + self.interval - time.monotonic()))
        self._last = time.monotonic()
        self.requests += 1
        try:
            return request()
        except spotipy.SpotifyException as error:
            if error.http_status != 401:
                raise _as_ours(error) from None
        except SpotifyOauthError as error:
            raise _as_login_error(error) from None
        self._expire_token()
        try:
            return request()
        except spotipy.SpotifyException as error:
            raise _as_ours(error) from None
        except SpotifyOauthError as error:
            raise _as_login_error(error) from None

    def _expire_token(self) -> None:
        """Make spotipy get a new token: Spotify refused this one before its time."""
        tokens = self.client.auth_manager.cache_handler
        if token := tokens.get_cached_token():
            tokens.save_token_to_cache(token | {"expires_at": 0})


def _as_ours(error: spotipy.SpotifyException) -> Exception:
    status = int(error.http_status)
    message = printable(str(error.msg).rpartition("\n")[2].strip()[:200])
    said = f"Spotify answers {status} {message}".removesuffix(" None")
    if status == 429:
        return TooFast("Spotify answers that requests come too fast (429)", _seconds(error.headers))
    if status in BUSY or status >= 500:
        return TryAgain(said)
    if status == 400 and "market" in message.lower():
        return Problem(f"{said}: is --market right?")
    if status == 403 and "premium" in message.lower():
        return Problem(said)  # of all requests, not of this playlist alone
    if status == 401:
        return Problem(f"{said}: check {CLIENT_ID} and its secret, or log in again with --mine")
    return Refused(status, said)


def _as_login_error(error: SpotifyOauthError) -> Exception:
    cause, status = error.__context__, None
    if isinstance(cause, requests.HTTPError) and cause.response is not None:
        status = cause.response.status_code
        if status == 429:
            return TooFast("Spotify's login answers 429", _seconds(cause.response.headers))
        if status >= 500:
            return TryAgain(f"Spotify's login answers {status}")
    # Only the codes of OAuth: another text could hold the secret.
    code = error.error if OAUTH_ERROR.fullmatch(str(error.error)) else None
    reason = code or f"status {status}"
    if error.error == "access_denied":
        return Problem("the login was cancelled (access_denied): nothing was loaded")
    if error.error == "invalid_grant":
        return Problem(
            "the login to Spotify is no longer valid: run ./pgmuse load spotify --mine again"
        )
    return Problem(
        f"Spotify refuses the login ({reason}): check {CLIENT_ID}, its secret and the redirect URI"
    )


def _seconds(headers: Any) -> float | None:
    """Seconds of a Retry-After header, a week at most; None without a valid one."""
    header = (headers or {}).get("Retry-After")
    try:
        return RETRY_AFTER.parse_retry_after(header) if header else None
    except (InvalidHeader, ValueError, OverflowError):
        return None
