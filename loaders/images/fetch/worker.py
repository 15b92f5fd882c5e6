"""`load images --fetch`: workers that download queued addresses until none is left.

Any number of workers may run, on any number of machines: rate limits are kept in the database.
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
from loaders.images.fetch.download import (
    HostUnavailable,
    PermanentFailure,
    TemporaryFailure,
    download,
)
from loaders.images.fetch.journal import Journal
from loaders.images.fetch.queue import Lease
from loaders.images.store import PictureRemoved, find_by_address, store_fetched
from udfs.picture_headers import BadPicture

MAX_HOST_FAILURES = 6  # in a row; after that this call sends the host no more requests
IDLE = 0.2, 2.0  # shortest and longest seconds between two polls of the queue


@dataclass(frozen=True)
class FetchSettings:
    """Settings of a fetch.

    hosts: those that may be contacted. contact: e-mail or page for the User-Agent. api: address of
    the API of Commons. lease: seconds until a lease expires. private: allow hosts with private
    addresses, for tests. timeout: seconds of a connection attempt and of a read.
    """

    hosts: frozenset[str] = WIKIMEDIA
    contact: str | None = None
    api: str = commons.API
    lease: float = queue.LEASE
    private: bool = False
    timeout: float = 30


@dataclass
class FetchCounts:
    """Results of all workers of a call. given_up: hosts that failed too often."""

    fetched: int = 0
    failed: int = 0
    problems: list[str] = field(default_factory=list)
    given_up: set[str] = field(default_factory=set)


def allowed_hosts(more: Collection[str]) -> frozenset[str]:
    """Wikimedia's hosts and further ones. Errors: Problem where one is no host name."""
    for host in more:
        if "/" in host or host_and_port(f"https://{host}") != host.lower():
            raise Problem(f"--host takes a name like media.example.org, not {host!r}")
    return WIKIMEDIA | {host.lower() for host in more}


def fetch_all(settings: FetchSettings, *, workers: int = 2, again: bool = False) -> LoadResult:
    """Download all queued pictures of the allowed hosts, in `workers` threads.

    again: queue failed addresses again. The result is a failure where a host was given up.
    """
    client = _client(settings)
    hosts = sorted(settings.hosts)
    with connect_to_load(autocommit=True) as conn:
        if again:
            queue.requeue_failed(conn)
        queue.add_hosts(conn, hosts)
        Journal.end_interrupted(conn)
        waiting, _, _ = queue.count_waiting(conn, hosts)
    counts, stop = FetchCounts(), threading.Event()
    with closing(progress("pictures", waiting)) as bar:

        def work() -> None:
            with connect_to_load(autocommit=True) as conn, closing(Decoder(1)) as decoder:
                Worker(conn, client, settings, decoder, counts, stop, bar.update).run()

        _run_in_threads(work, min(workers, max(waiting, 1)), stop)
    with connect_to_load(autocommit=True) as conn:
        return report(counts, *queue.count_waiting(conn, hosts))


def report(counts: FetchCounts, waiting: int, elsewhere: int, host: str | None) -> LoadResult:
    """Print the counts and the problems; return them as a LoadResult.

    waiting: queued addresses of allowed hosts. elsewhere: those of other hosts. host: one of these.
    """
    more = f", {counts.failed:,} failed (see image_fetches)" if counts.failed else ""
    more += f", {waiting:,} still queued" if waiting else ""
    say(f"{counts.fetched:,} pictures fetched{more}")
    if elsewhere:
        say(f"{elsewhere:,} addresses are of hosts that are not allowed: --host {host}")
    for problem in dict.fromkeys(counts.problems):
        say(problem)
    failures = list(dict.fromkeys(counts.problems))
    return LoadResult("queue", "pictures", counts.fetched, bad=counts.failed, failures=failures)


def _client(settings: FetchSettings) -> GuardedClient:
    return GuardedClient(
        settings.contact, settings.hosts, private=settings.private, timeout=settings.timeout
    )


def _run_in_threads(work: Callable[[], None], workers: int, stop: threading.Event) -> None:
    """Run `work` in threads; at Ctrl-C or an error the others stop after their current address."""
    with ThreadPoolExecutor(workers) as pool:
        try:
            for future in as_completed([pool.submit(work) for _ in range(workers)]):
                future.result()
        except KeyboardInterrupt:
            say("stopping; pictures downloaded so far are kept")
            raise
        finally:
            stop.set()


class Worker:
    """Leases and downloads addresses, one at a time, until no host has any left."""

    def __init__(
        self,
        conn: psycopg.Connection,
        client: GuardedClient,
        settings: FetchSettings,
        decoder: Decoder,
        counts: FetchCounts,
        stop: threading.Event,
        on_pictures: Callable[[int], object] = lambda count: None,
    ) -> None:
        self.conn, self.client, self.settings, self.decoder = conn, client, settings, decoder
        self.counts, self.stop, self.on_pictures = counts, stop, on_pictures
        self.journal = Journal(conn)

    @property
    def hosts(self) -> list[str]:
        """The allowed hosts that are not given up."""
        return sorted(self.settings.hosts - self.counts.given_up)

    def run(self) -> None:
        """Work until the queue has no address for the next 300 seconds."""
        with closing(self.journal):
            while not self.stop.is_set():
                lease = queue.acquire(self.conn, self.hosts, self.settings.lease)
                if lease is not None:
                    self.work(lease)
                elif not self.wait():
                    return

    def wait(self) -> bool:
        """Sleep until an address may be due; False where none is within 300 seconds."""
        seconds = queue.seconds_until_next(self.conn, self.hosts)
        if seconds is None or seconds > queue.LONGEST_WAIT:
            if seconds is not None:
                self.counts.problems.append(
                    f"the hosts ask to wait {seconds:,.0f} s more: fetch the rest after that"
                )
            return False
        self.count_failed(queue.fail_exhausted(self.conn))
        self.stop.wait(min(max(seconds, IDLE[0]), IDLE[1]))
        return True

    def work(self, lease: Lease) -> None:
        """Process a lease and record the outcome in the queue."""
        try:
            if lease.fetches[0].needs_file_info:
                self.describe(lease)
            else:
                self.fetch(lease, lease.fetches[0])
            queue.reset_failures(self.conn, lease.host)
        except PermanentFailure as error:
            self.fail(lease, lease.ids, str(error))
            queue.reset_failures(self.conn, lease.host)
        except TemporaryFailure as error:
            self.count_failed(queue.retry_later(self.conn, lease, str(error)))
        except HostUnavailable as error:
            self.back_off(lease, error)

    def fetch(self, lease: Lease, fetch: queue.Fetch) -> None:
        """Download a picture unless it is stored, and store it for all sources that queued it."""
        key = find_by_address(self.conn, fetch.address)
        decoded = {}
        if key is None:
            url = fetch.download_url or fetch.address
            content = download(self.client, url, lease.bytes_per_second, sleep=self.pause)
            key = sha256(content)
            try:
                decoded = {key: self.decoder.result(self.decoder.submit(content))}
            except BadPicture as error:
                raise PermanentFailure(f"not stored: {error}") from error
        try:
            sources = store_fetched(self.conn, fetch.address, key, decoded)
        except PictureRemoved as error:
            raise TemporaryFailure(str(error)) from error
        for source_id in sources:
            self.journal.add_loaded(source_id)
        self.counts.fetched += 1
        self.on_pictures(len(sources))

    def describe(self, lease: Lease) -> None:
        """Store address, page, licence and author of up to 50 files of Commons."""
        files: dict[str, commons.FileInfo] = {}
        for names in commons.batches([fetch.commons_file or "" for fetch in lease.fetches]):
            files |= self.request_file_info(lease.host, names)
        for fetch in lease.fetches:
            self.store_file_info(lease, fetch.fetch_id, files[fetch.commons_file or ""])
        queue.add_hosts(self.conn, self.hosts)

    def request_file_info(self, host: str, names: list[str]) -> dict[str, commons.FileInfo]:
        """Request the metadata of files. Errors: HostUnavailable, since no file is the cause."""
        query = urlencode(commons.request_fields(names))
        try:
            content = download(self.client, f"{self.settings.api}?{query}", picture=False)
            return commons.parse_file_info(content, names)
        except PermanentFailure as error:
            raise HostUnavailable(str(error)) from error
        except commons.CommonsError as error:  # such as replication lag
            raise HostUnavailable(f"{host} answers: {error}") from error
        except msgspec.DecodeError as error:
            raise HostUnavailable(f"{host} answers: {error}", counts=True) from error

    def store_file_info(self, lease: Lease, fetch_id: int, info: commons.FileInfo) -> None:
        """Store a file's metadata, or fail its address where it cannot be downloaded."""
        try:
            if info.download_url is None:
                raise Problem(info.error or "Wikimedia Commons states no address for it")
            host = host_and_port(info.download_url)
        except Problem as error:
            self.fail(lease, [fetch_id], str(error))
        else:
            queue.store_file_info(self.conn, lease, fetch_id, info, host)

    def pause(self, seconds: float) -> None:
        """Sleep until the time is over or the call is stopped."""
        self.stop.wait(seconds)

    def fail(self, lease: Lease, ids: list[int], reason: str) -> None:
        self.count_failed(queue.fail(self.conn, lease, ids, reason))

    def count_failed(self, failed: list[tuple[int, str, str]]) -> None:
        for source_id, address, reason in failed:
            self.journal.add_failed(source_id, address, reason)
        self.counts.failed += len(failed)
        self.on_pictures(len(failed))

    def back_off(self, lease: Lease, error: HostUnavailable) -> None:
        """Pause the host for all workers; give it up for this call after 6 failures in a row."""
        reason = str(error)
        failures = queue.back_off_host(self.conn, lease, reason, error.seconds, counts=error.counts)
        if failures >= MAX_HOST_FAILURES:
            self.counts.problems.append(f"{reason}, {failures} times: fetch the rest later")
            self.counts.given_up.add(lease.host)
