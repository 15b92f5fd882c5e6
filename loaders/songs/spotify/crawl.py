"""The crawl: search playlists by the words of their titles, then read their tracks.

All state is in Postgres and every page is a transaction, so a crawl goes on where it ended, also
after a kill. One process crawls at a time; db.lock says so to the others.
"""

import hashlib
import json
import time
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import psycopg
from psycopg.types.json import Jsonb

from loaders.core.console import progress, say
from loaders.core.http.faults import TryAgain
from loaders.core.queries import Queries
from loaders.core.runs import Run
from loaders.songs import load
from loaders.songs.formats.model import PLACES, Track, UnusablePlaylistEntry, normal, playlist
from loaders.songs.spotify.api import Api, Refused, TooFast, larger
from loaders.songs.spotify.shapes import Page, PageTracks, Summary

T = TypeVar("T")
QUERIES = Queries(Path(__file__).with_name("queries.sql"))
ADDRESS = "https://open.spotify.com/playlist/"
BACKOFF = (5.0, 10.0, 20.0)  # seconds between tries of one request
PAUSE = 300.0  # seconds, after failures of several requests in a row
TOO_FAST = 30.0  # seconds to wait after a 429 that does not say how long
TRIES_TOO_FAST = 10  # answers of 429 in a row
FAILED_REQUESTS = 3  # in a row, after which Spotify seems to be down
ATTEMPTS = 3  # of a word or playlist
WORD_LENGTH = 50


class Leave(Exception):
    """The crawl ends here for now; the text says why and until when."""


class Failed(Exception):
    """A request failed in several tries; the text is the last reason."""


class Waiting(NamedTuple):
    """A playlist whose tracks are missing, from `place` on."""

    number: int
    spotify_id: str
    title: str | None
    owner: str | None
    place: int


@dataclass
class Crawl:
    """One run of the crawl. conn: in autocommit mode. origin: of the playlists that it loads.

    most: playlists to load, None for all. max_wait: seconds to sleep at most, for one wait.
    details: counts by label, for the report.
    """

    conn: psycopg.Connection
    run: Run
    api: Api
    origin: str
    market: str | None = None
    most: int | None = None
    max_wait: float = 60
    sleep: Callable[[float], None] = time.sleep
    details: Counter[str] = field(default_factory=Counter)
    loaded: int = 0
    places: int = 0
    _failures: int = 0  # requests in a row
    _sent: int = 0  # requests that are stored

    def __post_init__(self) -> None:
        for statement in (load.QUERIES.create_staging, QUERIES.begin):
            self.conn.execute(statement)
        *_, search_size, page_size = self._state()
        # Each run asks for a little more than Spotify accepted last, which may be temporary.
        self.api.search_size, self.api.page_size = min(50, larger(search_size)), larger(page_size)
        self.bar = progress("playlists")

    @property
    def is_full(self) -> bool:
        return self.most is not None and self.loaded >= self.most

    # waits ------------------------------------------------------------------------------------

    def ask(self, request: Callable[[], T]) -> T:
        """The answer to a request; sleeps, retries, and raises Leave or Failed."""
        fast = 0
        for backoff in (*BACKOFF, None):
            try:
                while True:
                    self.pause()
                    try:
                        answer = request()
                    except TooFast as error:
                        fast += 1
                        self._store_wait(str(error), self._seconds(error, fast))
                        if fast >= TRIES_TOO_FAST:
                            raise self._leave() from None
                        continue
                    except Refused:
                        self._failures = 0
                        raise
                    self._failures = 0
                    return answer
            except TryAgain as error:
                if backoff is None:
                    self._failures += 1
                    if self._failures >= FAILED_REQUESTS:
                        self._store_wait(f"{error}, again and again", PAUSE)
                        self.pause()
                    raise Failed(str(error)) from None
                self._store_wait(str(error), backoff)
        raise AssertionError("the last backoff is None")

    def pause(self) -> None:
        """Sleep until `not_before`. Errors: Leave where that is longer than max_wait."""
        seconds, until, reason, *_ = self._state()
        if seconds is None or seconds <= 0:
            return
        if seconds > self.max_wait:
            raise self._leave()
        say(f"{reason}: waiting {_duration(seconds)}, until {_clock(until)}")
        self.sleep(seconds)

    def _leave(self) -> Leave:
        seconds, until, reason, *_ = self._state()
        return Leave(
            f"{reason}: stopped until {_clock(until)} ({_duration(seconds)}); run it again after "
            "that, and it goes on from here"
        )

    def _seconds(self, error: TooFast, fast: int) -> float:
        if error.seconds is None:
            return float(min(TOO_FAST * 2 ** (fast - 1), 3600.0))
        return max(error.seconds, 1.0)

    def _store_wait(self, reason: str, seconds: float) -> None:
        self.conn.execute(QUERIES.store_wait, {"reason": reason[:1000], "seconds": seconds})

    def _state(self) -> tuple[Any, ...]:
        row = self.conn.execute(QUERIES.select_state).fetchone()
        assert row is not None
        return row

    def store_requests(self) -> None:
        """Store the number of requests, and the sizes of pages that Spotify accepts."""
        values = {
            "requests": self.api.requests - self._sent,
            "search_size": self.api.search_size,
            "page_size": self.api.page_size,
        }
        self.conn.execute(QUERIES.store_requests, values)
        self._sent = self.api.requests

    # words ------------------------------------------------------------------------------------

    def search_next(self) -> bool:
        """Search by the next word to its last page; whether there was one."""
        row = self.conn.execute(QUERIES.next_word).fetchone()
        if row is None:
            return False
        word, place = row
        before: list[Summary] = []
        while place is not None:
            try:
                page = self.ask(partial(self.api.search, word, place, self.market))
            except Refused as error:
                if error.status == 403:
                    raise Leave(f"{error}: this app may not search") from None
                if error.status == 400 and not place:
                    self.fail_word(word, str(error))
                    return True
                page = Page([], None, None)  # 400 or 404: after the last page
            except Failed as error:
                self.fail_word(word, str(error))
                return True
            if page.content and page.content == before:  # the same page twice
                page = Page([], None, page.total)
            with self.conn.transaction():
                new = self._store_found(page.content, word, place)
                values = {
                    "word": word, "next_place": page.next_place, "results": page.total,
                    "found": new,
                }  # fmt: skip
                self.conn.execute(QUERIES.advance_word, values)
                self.store_requests()
            before, place = page.content, page.next_place
        self.details["words searched"] += 1
        return True

    def fail_word(self, word: str, reason: str) -> None:
        """Store why a search failed; the word is left out after some attempts."""
        self.conn.execute(QUERIES.fail_word, {"word": word, "reason": reason, "attempts": ATTEMPTS})
        say(f"the search for {word!r} failed: {reason}")

    def _store_found(self, summaries: Iterable[Summary], word: str, place: int) -> int:
        """Store playlists, and count the words in the titles of new ones; return their number."""
        unique = {summary.spotify_id: summary for summary in summaries}
        columns = list(zip(*unique.values(), strict=True)) or [()] * len(Summary._fields)
        names = ("ids", "titles", "owners", "snapshots", "sizes")
        values = dict(zip(names, map(list, columns), strict=True))
        more = {"word": word, "places": [place + n for n in range(len(unique))]}
        rows = self.conn.execute(QUERIES.insert_found, values | more).fetchall()
        if not all(is_new for _, is_new in rows):
            self.conn.execute(QUERIES.delete_old_pages)
        new = [spotify_id for spotify_id, is_new in rows if is_new]
        self.details["playlists found"] += len(new)
        words = Counter(one for id in new for one in words_of(unique[id].title))
        counts = {"words": list(words), "counts": list(words.values())}
        self.conn.execute(QUERIES.count_words, counts)
        return len(new)

    # tracks -----------------------------------------------------------------------------------

    def load_waiting(self) -> None:
        """Read the tracks of the playlists that wait for them."""
        while not self.is_full:
            row = self.conn.execute(QUERIES.next_playlist, {"origin": self.origin}).fetchone()
            if row is None:
                return
            self.load_playlist(Waiting(*row))

    def store_summary(self, summary: Summary, *, again: bool = False) -> Waiting | str:
        """Store a playlist that somebody asks for: one that waits for its tracks, else its state.

        again: it waits also where it has not changed, or was withheld or forgotten before.
        """
        values = {"origin": self.origin, "again": again}
        with self.conn.transaction():
            row = self.conn.execute(QUERIES.upsert_playlist, summary._asdict() | values).fetchone()
            self.conn.execute(QUERIES.delete_old_pages)
        if row is None:
            return "forgotten"
        *waiting, state = row
        return Waiting(*waiting) if state == "waiting" else str(state)

    def load_summary(self, summary: Summary, *, again: bool = False) -> str | None:
        """Load a playlist unless it is unchanged; return why its tracks cannot be had."""
        stored = self.store_summary(summary, again=again)
        if isinstance(stored, Waiting):
            state = self.load_playlist(stored)
            return None if state in ("loaded", "empty") else f"{state} (see spotify_playlists)"
        if stored in ("loaded", "empty"):
            self.run.unchanged += 1
            return None
        return f"{stored} before (--again asks Spotify again)"

    def refuse(self, spotify_id: str, state: str, reason: str) -> None:
        """Store that Spotify does not show a playlist."""
        values = {
            "spotify_id": spotify_id, "origin": self.origin, "state": state, "reason": reason,
        }  # fmt: skip
        self.conn.execute(QUERIES.refuse_playlist, values)
        self.details[state] += 1

    def load_playlist(self, waiting: Waiting) -> str:
        """Read the missing pages of a playlist and store it; return its state then."""
        try:
            return self._read(waiting)
        except Failed as error:
            with self.conn.transaction():
                values = {"number": waiting.number, "reason": str(error), "attempts": ATTEMPTS}
                (state,) = self.conn.execute(QUERIES.fail_playlist, values).fetchone() or ("",)
                self.conn.execute(QUERIES.delete_pages, {"number": waiting.number})
            self.details["failed" if state == "failed" else "failed, tried again in an hour"] += 1
            return "failed"

    def _read(self, waiting: Waiting) -> str:
        place = waiting.place
        while True:
            try:
                page = self.ask(partial(self._page, waiting.spotify_id, place))
            except Refused as error:
                if error.status != 404 or not place:
                    state = {403: "withheld", 404: "gone"}.get(error.status, "failed")
                    return self.finish(waiting, state, str(error))
                page = Page(PageTracks([], 0), None, None)  # after the last page
            if page.content is None:
                return self.finish(waiting, "withheld", "Spotify sends no tracks of it")
            tracks, left_out = page.content
            self.details["entries left out (episodes, removed, without id)"] += left_out
            if page.next_place is None:
                return self._store(waiting, tracks)
            if page.next_place > PLACES:
                return self.finish(waiting, "failed", f"more than {PLACES:,} entries")
            self._store_page(waiting, place, tracks, page.next_place)
            place = page.next_place

    def _page(self, spotify_id: str, place: int) -> Page[PageTracks | None]:
        if is_liked(spotify_id):
            return self.api.liked(place, self.market)
        return self.api.items(spotify_id, place, self.market)

    def _store_page(
        self, waiting: Waiting, place: int, tracks: list[Track], next_place: int
    ) -> None:
        """Store a page that is not the last one. Errors: Failed for the page before it again."""
        number = {"number": waiting.number}
        content = json.dumps(tracks, ensure_ascii=False)
        page_hash = hashlib.blake2b(content.encode(), digest_size=16).digest()
        row = self.conn.execute(QUERIES.last_page_hash, number).fetchone()
        if row == (page_hash,) and len({track.track_id for track in tracks}) > 1:
            raise Failed("Spotify answered with the same page twice")
        page = {"place": place, "tracks": Jsonb(tracks), "page_hash": page_hash}
        with self.conn.transaction():
            self.conn.execute(QUERIES.store_page, number | page)
            self.conn.execute(QUERIES.advance_playlist, number | {"next_place": next_place})
            self.store_requests()

    def _store(self, waiting: Waiting, tracks: list[Track]) -> str:
        """Store a playlist whose last page has come."""
        rows = self.conn.execute(QUERIES.select_pages, {"number": waiting.number}).fetchall()
        pages = [[Track(*entry) for entry in page] for (page,) in rows]
        if pages and pages[-1] == tracks and len({track.track_id for track in tracks}) > 1:
            raise Failed("Spotify answered with the same page twice")
        every = [track for page in [*pages, tracks] for track in page]
        try:
            parsed = playlist(address_of(waiting.spotify_id), waiting.title, every, waiting.owner)
        except UnusablePlaylistEntry as error:
            return self.finish(waiting, "failed" if every else "empty", str(error))
        before = self.run.loaded
        with self.conn.transaction():
            self.places += load.merge(self.conn, self.run, [parsed])
            owned = {"identity": parsed.key, "source": self.run.source_id}
            self.conn.execute(QUERIES.own_playlist, owned)
            self.finish(waiting, "loaded", places=len(every))
        self.loaded += self.run.loaded - before
        self.bar.update()
        return "loaded"

    def finish(
        self, waiting: Waiting, state: str, reason: str | None = None, places: int | None = None
    ) -> str:
        """Store the outcome for a playlist, in one transaction; return its state."""
        values = {
            "number": waiting.number, "state": state, "reason": reason, "places": places,
        }  # fmt: skip
        with self.conn.transaction():
            self.conn.execute(QUERIES.finish_playlist, values)
            self.conn.execute(QUERIES.delete_pages, values)
            self.store_requests()
        if state != "loaded":
            self.details[state] += 1
        return state


def liked_id(user: str) -> str:
    """The id of the tracks that a user likes: their URI."""
    return f"spotify:user:{user}:collection"


def is_liked(spotify_id: str) -> bool:
    return ":" in spotify_id


def address_of(spotify_id: str) -> str:
    """The identity of a playlist: its address, or the URI of liked tracks."""
    return spotify_id if is_liked(spotify_id) else f"{ADDRESS}{spotify_id}"


def words_of(title: str) -> set[str]:
    """The words of a title in lower case, without accents, in any script."""
    return {word for word in normal(title).replace("_", " ").split() if is_word(word)}


def is_word(text: str) -> bool:
    """Whether a text has a letter or digit, and can be searched for."""
    return len(text) <= WORD_LENGTH and any(letter.isalnum() for letter in text)


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7200 else f"{seconds / 3600:.1f} h"


def _clock(until: datetime) -> str:
    return f"{until.astimezone():%Y-%m-%d %H:%M:%S%z}"
