"""`load spotify`: the crawl, named playlists, and the library of the user who logs in."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial

import psycopg

from loaders.core import runs
from loaders.core.console import counted, note, say
from loaders.core.db import is_usable, lock
from loaders.core.errors import Busy, Problem
from loaders.core.runs import LoadResult
from loaders.core.topics import StoredSource
from loaders.songs.load import NOUN, TOPIC
from loaders.songs.spotify.api import Api, Refused
from loaders.songs.spotify.crawl import (
    ATTEMPTS,
    QUERIES,
    Crawl,
    Failed,
    Leave,
    address_of,
    liked_id,
)
from loaders.songs.spotify.credentials import TokenFile, find_credentials
from loaders.songs.spotify.login import Service, open_for_app, open_for_user
from loaders.songs.spotify.shapes import Summary, playlist_id

PREFIX = "spotify: "
CHECKS = 500  # playlists that one refresh compares with Spotify
LIKED = "Liked songs"
PACE = 3.0  # requests a second
MOST_OWN = 50_000  # playlists of one user


@dataclass(frozen=True)
class SpotifyOptions:
    """Options of `load spotify`.

    words, tracks: whether to search and whether to read tracks. most: playlists to load, None for
    all. playlists: ids, URIs or addresses; with them nothing is searched. mine: the library of the
    user who logs in. browser: open one for the login. may_ask: else only a stored login is used.
    again: also those that Spotify refused before. max_wait: seconds to sleep at most for one wait.
    pace: requests a second, None for as fast as answers come.
    """

    words: bool = True
    tracks: bool = True
    most: int | None = None
    market: str | None = None
    playlists: tuple[str, ...] = ()
    mine: bool = False
    browser: bool = True
    may_ask: bool = True
    again: bool = False
    max_wait: float = 60
    pace: float | None = PACE


def load_spotify(
    conn: psycopg.Connection, options: SpotifyOptions, service: Service = Service()
) -> LoadResult:
    """Load from Spotify and report; `conn` is in autocommit mode.

    A wait longer than max_wait ends it early, without a failure. Errors: Problem.
    """
    if options.market is not None and not re.fullmatch("[A-Za-z]{2}", options.market):
        raise Problem(f"{options.market!r} is no market: give two letters, such as DE")
    ids = [playlist_id(text) for text in options.playlists]
    if options.mine:
        return _run(conn, "mine", options, service, _load_library)
    if ids:
        return _run(conn, "named", options, service, partial(_load_named, ids))
    return _run(conn, "search", options, service, _crawl)


def refresh(
    conn: psycopg.Connection, source: StoredSource, service: Service = Service()
) -> LoadResult | None:
    """Load what has changed since the last time; None for an unknown source."""
    origin = source.location.removeprefix(PREFIX)
    work = {"search": _load_changed, "named": _load_changed, "mine": _load_library}.get(origin)
    if work is None:
        return None
    options = SpotifyOptions(market=source.options.get("market"), may_ask=False, pace=PACE)
    return _run(conn, origin, options, service, work)


def _run(
    conn: psycopg.Connection,
    origin: str,
    options: SpotifyOptions,
    service: Service,
    work: Callable[[Crawl, SpotifyOptions], None],
) -> LoadResult:
    location = f"{PREFIX}{origin}"
    stored = {"market": options.market} if options.market else {}
    api = _open(origin, options, service)
    with ExitStack() as stack:
        try:
            stack.enter_context(lock(conn, "spotify", wait=False))
        except Busy:
            note("another process reads from Spotify; nothing done")
            return LoadResult(location, NOUN, is_unchanged=True)
        run = stack.enter_context(runs.run(conn, TOPIC, location, options=stored))
        assert run is not None
        crawl = Crawl(
            conn, run, api, origin,
            market=options.market, most=options.most, max_wait=options.max_wait,
            details=run.details,
        )  # fmt: skip
        with crawl.bar:
            try:
                work(crawl, options)
            except Leave as reason:
                say(str(reason))
            except Failed as reason:
                run.fail(f"{reason}: run it again")
            except Refused as reason:
                run.fail(_refusal(reason))
            finally:
                if is_usable(conn):
                    crawl.store_requests()
        scope = f"with {counted(crawl.places, 'places')}"
        result = runs.result_of(run, location, NOUN, scope=scope)
    result.report()
    _report_waiting(conn, origin)
    return result


def _refusal(reason: Refused) -> str:
    """Why a user's library cannot be read, and what to do about it."""
    return (
        f"{reason}: the dashboard of the app must list you under User Management; or log in as "
        f"another user after deleting {TokenFile().path}"
    )


def _open(origin: str, options: SpotifyOptions, service: Service) -> Api:
    is_user = origin == "mine"
    credentials = find_credentials(needs_secret=not is_user)
    if not is_user:
        return open_for_app(credentials, service, options.pace)
    return open_for_user(
        credentials, service, options.pace, browser=options.browser, may_ask=options.may_ask
    )


def _report_waiting(conn: psycopg.Connection, origin: str) -> None:
    row = conn.execute(QUERIES.count_waiting, {"origin": origin}).fetchone()
    playlists, words = row or (0, 0)
    waiting = [counted(playlists, "playlists")] if playlists else []
    if origin == "search" and words:
        waiting.append(counted(words, "words"))
    if waiting:
        note(f"waiting: {' and '.join(waiting)}, see the view spotify_waiting")


def _crawl(crawl: Crawl, options: SpotifyOptions) -> None:
    values = {"origin": crawl.origin, "attempts": ATTEMPTS, "again": options.again}
    crawl.conn.execute(QUERIES.retry_words, values)
    if options.again:
        crawl.conn.execute(QUERIES.retry_refused, values)
    while not crawl.is_full:
        if options.tracks:
            crawl.load_waiting()
        if not options.words or crawl.is_full or not crawl.search_next():
            return


def _load_named(ids: list[str], crawl: Crawl, options: SpotifyOptions) -> None:
    for spotify_id in ids:
        try:
            reason = _load_one(crawl, spotify_id, again=options.again)
        except Failed as error:
            reason = str(error)
        if reason:
            crawl.run.fail(f"{address_of(spotify_id)}: {reason}")


def _load_changed(crawl: Crawl, options: SpotifyOptions) -> None:
    """Compare the playlists that were compared longest ago, and load the changed ones."""
    values = {"origin": crawl.origin, "checks": CHECKS}
    for (spotify_id,) in crawl.conn.execute(QUERIES.oldest_checked, values).fetchall():
        try:
            _load_one(crawl, spotify_id)
        except Failed:
            crawl.conn.execute(QUERIES.postpone_check, {"spotify_id": spotify_id})
            crawl.details["not compared (Spotify failed)"] += 1
    crawl.load_waiting()


def _load_one(crawl: Crawl, spotify_id: str, *, again: bool = False) -> str | None:
    """Load a playlist unless it is unchanged; return why its tracks cannot be had."""
    try:
        summary = crawl.ask(lambda: crawl.api.playlist(spotify_id, crawl.market))
    except Refused as error:
        state = {403: "withheld", 404: "gone"}.get(error.status, "failed")
        crawl.refuse(spotify_id, state, str(error))
        return str(error)
    return crawl.load_summary(summary, again=again)


def _load_library(crawl: Crawl, options: SpotifyOptions) -> None:
    """The user's playlists and liked tracks."""
    user = crawl.ask(crawl.api.user)
    place: int | None = 0
    before: list[Summary] = []
    while place is not None:
        page = crawl.ask(partial(crawl.api.own_playlists, place))
        if place > MOST_OWN or (page.content and page.content == before):
            break  # Spotify sends pages without an end
        before = page.content
        for summary in page.content:
            crawl.store_summary(summary, again=options.again)
        place = page.next_place
    first = crawl.ask(lambda: crawl.api.liked(0, crawl.market))
    if first.content.tracks:
        snapshot = f"{first.total} {first.content.tracks[0].track_id}"
        liked = Summary(liked_id(user), LIKED, user, snapshot, first.total)
        crawl.store_summary(liked, again=options.again)
    crawl.load_waiting()
