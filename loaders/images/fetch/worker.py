"""`load images --fetch`: workers that take addresses from the queue until nothing is left.

Any number of them, on any number of machines: what a host is asked is counted in the database.
"""

import threading
from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import closing
from dataclasses import dataclass, field
from urllib.parse import urlencode

import msgspec
import psycopg

from loaders.core.console import progress, say
from loaders.core.db import connect_to_load
from loaders.core.errors import Problem
from loaders.core.http.guard import WIKIMEDIA, GuardedClient, host_and_port
from loaders.core.runs import LoadResult
from loaders.images.decoding import Decoder, sha256
from loaders.images.fetch import commons, queue
from loaders.images.fetch.download import Failed, HostWaits, Refused, download
from loaders.images.fetch.journal import Journal
from loaders.images.store import Forgotten, known_by_address, store_fetched
from udfs.picture_headers import BadPicture

GIVE_UP = 6  # times in a row that a host does not answer
IDLE = 0.2, 2.0  # seconds between looks at a queue that others work on


@dataclass(frozen=True)
class Settings:
    """How pictures are fetched.

    hosts: those allowed. api: where Commons' files are described. lease: seconds that a worker may
    be silent. private: whether hosts may be on this machine, as a test's own are.
    """

    hosts: frozenset[str] = WIKIMEDIA
    contact: str | None = None
    api: str = commons.API
    lease: float = queue.LEASE
    private: bool = False
    timeout: float = 30


@dataclass
class Counts:
    """What became of the addresses, of all workers of a call, and which hosts they left alone."""

    fetched: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    left_alone: set[str] = field(default_factory=set)


def allowed(more: Collection[str]) -> frozenset[str]:
    """Wikimedia's hosts and these. Errors: a Problem where one is no host."""
    for host in more:
        if "/" in host or host_and_port(f"https://{host}") != host.lower():
            raise Problem(f"--host takes a name like media.example.org, not {host!r}")
    return WIKIMEDIA | {host.lower() for host in more}


def fetch_all(settings: Settings, *, workers: int = 2, again: bool = False) -> LoadResult:
    """Fetch all that waits, by some workers at once; fails where a host does not answer."""
    client = _client(settings)
    hosts = sorted(settings.hosts)
    with connect_to_load(autocommit=True) as conn:
        if again:
            queue.try_again(conn)
        queue.meet(conn, hosts)
        Journal.end_interrupted(conn)
        waiting, _, _ = queue.left(conn, hosts)
    counts, stop = Counts(), threading.Event()
    with closing(progress("pictures", waiting)) as bar:

        def work() -> None:
            with connect_to_load(autocommit=True) as conn, closing(Decoder(1)) as decoder:
                Worker(conn, client, settings, decoder, counts, stop, bar.update).run()

        _at_once(work, min(workers, max(waiting, 1)), stop)
    with connect_to_load(autocommit=True) as conn:
        return report(counts, *queue.left(conn, hosts))


def report(counts: Counts, waiting: int, elsewhere: int, host: str | None) -> LoadResult:
    """Print what became of all, in a line or more."""
    more = f", {counts.failed:,} cannot be had (see image_fetches)" if counts.failed else ""
    more += f", {waiting:,} still wait" if waiting else ""
    say(f"{counts.fetched:,} pictures fetched{more}")
    if elsewhere:
        say(f"{elsewhere:,} addresses are of hosts that are not allowed: --host {host}")
    for problem in dict.fromkeys(counts.problems):
        say(problem)
    failures = list(dict.fromkeys(counts.problems))
    return LoadResult("queue", "pictures", counts.fetched, bad=counts.failed, failures=failures)


def _client(settings: Settings) -> GuardedClient:
    return GuardedClient(
        settings.contact, settings.hosts, private=settings.private, timeout=settings.timeout
    )


def _at_once(work: Callable[[], None], workers: int, stop: threading.Event) -> None:
    """Work in threads; at Ctrl-C, or where one fails, the others end what they are at."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            for future in as_completed([pool.submit(work) for _ in range(workers)]):
                future.result()
        except KeyboardInterrupt:
            say("stopping; what is fetched is kept")
            raise
        finally:
            stop.set()


class Worker:
    """Takes addresses, one after the other, until nothing is left of hosts that answer."""

    def __init__(
        self,
        conn: psycopg.Connection,
        client: GuardedClient,
        settings: Settings,
        decoder: Decoder,
        counts: Counts,
        stop: threading.Event,
        on_pictures: Callable[[int], object] = lambda count: None,
    ) -> None:
        self.conn, self.client, self.settings, self.decoder = conn, client, settings, decoder
        self.counts, self.stop, self.on_pictures = counts, stop, on_pictures
        self.journal = Journal(conn)

    @property
    def hosts(self) -> list[str]:
        """Those that are still asked."""
        return sorted(self.settings.hosts - self.counts.left_alone)

    def run(self) -> None:
        """Work until there is nothing to take; what a host asks of all is asked of this one."""
        with closing(self.journal):
            while not self.stop.is_set():
                taken = queue.take(self.conn, self.hosts, self.settings.lease)
                if taken is not None:
                    self.work(taken)
                elif not self.wait():
                    return

    def wait(self) -> bool:
        """Wait for what is not to be taken yet; False where nothing is, or not for long."""
        seconds = queue.until_next(self.conn, self.hosts)
        if seconds is None or seconds > queue.LONGEST_WAIT:
            if seconds is not None:
                self.counts.problems.append(
                    f"the hosts ask to wait {seconds:,.0f} s more: fetch the rest after that"
                )
            return False
        self.count_failed(queue.give_up(self.conn))
        self.stop.wait(min(max(seconds, IDLE[0]), IDLE[1]))
        return True

    def work(self, taken: queue.Taken) -> None:
        """Do what was taken, and write down what became of it."""
        try:
            if taken.fetches[0].is_unknown:
                self.ask_commons(taken)
            else:
                self.fetch(taken, taken.fetches[0])
            queue.host_answers(self.conn, taken.host)
        except Refused as error:
            self.fail(taken, taken.ids, str(error))
            queue.host_answers(self.conn, taken.host)
        except Failed as error:
            self.count_failed(queue.later(self.conn, taken, str(error)))
        except HostWaits as error:
            self.let_host_wait(taken, error)

    def fetch(self, taken: queue.Taken, fetch: queue.Fetch) -> None:
        """Download a picture and store it, in all the places that it is wanted for."""
        stored = known_by_address(self.conn, fetch.address)
        made = {}
        if stored is None:
            url = fetch.download_url or fetch.address
            content = download(self.client, url, taken.bytes_per_second, sleep=self.pause)
            stored = sha256(content)
            try:
                made = {stored: self.decoder.result(self.decoder.submit(content))}
            except BadPicture as error:
                raise Refused(f"not stored: {error}") from error
        try:
            sources = store_fetched(self.conn, fetch.address, stored, made)
        except Forgotten as error:
            raise Failed(str(error)) from error
        for source_id in sources:
            self.journal.loaded(source_id)
        self.counts.fetched += 1
        self.on_pictures(len(sources))

    def ask_commons(self, taken: queue.Taken) -> None:
        """Page, licence, author and a fitting size of up to 50 files."""
        told: dict[str, commons.Described] = {}
        for names in commons.calls([fetch.commons_file or "" for fetch in taken.fetches]):
            told |= self.described(taken.host, names)
        for fetch in taken.fetches:
            self.describe(taken, fetch.fetch_id, told[fetch.commons_file or ""])
        queue.meet(self.conn, self.hosts)

    def described(self, host: str, names: list[str]) -> dict[str, commons.Described]:
        """What Commons answers. Where it does not, no file is to blame: HostWaits."""
        query = urlencode(commons.fields(names))
        try:
            content = download(self.client, f"{self.settings.api}?{query}", picture=False)
            return commons.described(content, names)
        except Refused as error:
            raise HostWaits(str(error)) from error
        except commons.Unwilling as error:  # it lags
            raise HostWaits(f"{host} answers: {error}") from error
        except msgspec.DecodeError as error:
            raise HostWaits(f"{host} answers: {error}", counts=True) from error

    def describe(self, taken: queue.Taken, fetch_id: int, about: commons.Described) -> None:
        """Keep what is told of a file, or why it cannot be had."""
        try:
            if about.download_url is None:
                raise Problem(about.error or "Wikimedia Commons does not say where it is")
            place = host_and_port(about.download_url)
        except Problem as error:
            self.fail(taken, [fetch_id], str(error))
        else:
            queue.describe(self.conn, taken, fetch_id, about, place)

    def pause(self, seconds: float) -> None:
        """Sleep, but for Ctrl-C."""
        self.stop.wait(seconds)

    def fail(self, taken: queue.Taken, ids: list[int], reason: str) -> None:
        self.count_failed(queue.fail(self.conn, taken, ids, reason))

    def count_failed(self, failed: list[tuple[int, str, str]]) -> None:
        for source_id, address, reason in failed:
            self.journal.left_out(source_id, address, reason)
        self.counts.failed += len(failed)
        self.on_pictures(len(failed))

    def let_host_wait(self, taken: queue.Taken, error: HostWaits) -> None:
        """Everybody waits; where that is too often, this call asks the host no more."""
        reason = str(error)
        failures = queue.host_waits(self.conn, taken, reason, error.seconds, counts=error.counts)
        if failures >= GIVE_UP:
            self.counts.problems.append(f"{reason}, {failures} times: fetch the rest later")
            self.counts.left_alone.add(taken.host)
