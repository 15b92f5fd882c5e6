"""The queue of addresses in the database: leases, retries, and rate limits shared by all workers.

A worker leases the addresses that it works on. The lease of a killed worker expires, and another
worker takes the address.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, cast

import psycopg
from psycopg.rows import class_row

from loaders.core.queries import Queries
from loaders.images.fetch import commons

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
RESET_FAILURES = """
    update muse.image_hosts set failures = 0 where host = %(host)s and failures > 0
"""
ATTEMPTS = 5  # per address, including those of workers that were killed
LEASE = 120.0  # seconds: longer than the deadline of a download
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds of back-off where the host sends no Retry-After
LONGEST_RETRY_AFTER = 86400.0  # seconds


class Fetch(NamedTuple):
    """A queued address."""

    fetch_id: int
    address: str
    host: str
    commons_file: str | None
    download_url: str | None

    @property
    def needs_file_info(self) -> bool:
        """Whether Commons must be asked for the download address."""
        return self.commons_file is not None and self.download_url is None


class Lease(NamedTuple):
    """The addresses that a worker holds: one to download, or up to 50 files of Commons."""

    lease_id: uuid.UUID
    host: str
    bytes_per_second: float
    fetches: list[Fetch]

    @property
    def ids(self) -> list[int]:
        return [fetch.fetch_id for fetch in self.fetches]

    @property
    def key(self) -> dict[str, Any]:
        """The parameters that identify the leased rows."""
        return {"ids": self.ids, "lease": self.lease_id}


def acquire(conn: psycopg.Connection, hosts: Sequence[str], seconds: float = LEASE) -> Lease | None:
    """Lease the next address for `seconds`; None where no address is due."""
    with conn.transaction():
        values: dict[str, Any] = {"hosts": list(hosts), "attempts": ATTEMPTS, "seconds": seconds}
        row = conn.execute(QUERIES.select_host, values).fetchone()
        if row is None:
            return None
        host, at_once, bits = row
        values |= {"lease": uuid.uuid4(), "host": host, "at_once": at_once}
        with conn.cursor(row_factory=class_row(Fetch)) as cursor:
            fetches = cursor.execute(QUERIES.lease_one, values).fetchall()
            if fetches and fetches[0].needs_file_info:
                values["row_limit"] = commons.BATCH - 1
                fetches += cursor.execute(QUERIES.lease_commons_files, values)
        if not fetches:
            return None
        conn.execute(QUERIES.schedule_next_request, {"host": host})
        return Lease(values["lease"], host, bits / 8 / at_once, fetches)


def add_hosts(conn: psycopg.Connection, hosts: Sequence[str]) -> None:
    """Insert those of the hosts that are queued and new, with the default limits."""
    conn.execute(QUERIES.insert_hosts, {"hosts": list(hosts)})


def fail_exhausted(conn: psycopg.Connection) -> list[tuple[int, str, str]]:
    """Fail addresses that used all attempts; return source, address and reason of each."""
    return conn.execute(QUERIES.fail_exhausted, {"attempts": ATTEMPTS}).fetchall()


def count_waiting(conn: psycopg.Connection, hosts: Sequence[str]) -> tuple[int, int, str | None]:
    """Waiting addresses of these hosts, those of other hosts, and one of the other hosts."""
    row = conn.execute(QUERIES.count_waiting, {"hosts": list(hosts)}).fetchone()
    return cast(tuple[int, int, str | None], row)


def seconds_until_next(conn: psycopg.Connection, hosts: Sequence[str]) -> float | None:
    """Seconds until an address may be due; None where none is waiting."""
    row = conn.execute(QUERIES.seconds_until_next, {"hosts": list(hosts)}).fetchone()
    (seconds,) = row or (None,)
    return None if seconds is None else max(float(seconds), 0.0)


def requeue_failed(conn: psycopg.Connection) -> int:
    """Queue failed addresses again with all their attempts; return their number."""
    return conn.execute(QUERIES.requeue_failed).rowcount


def store_file_info(
    conn: psycopg.Connection, lease: Lease, fetch_id: int, info: commons.FileInfo, host: str
) -> None:
    """Store the metadata of a file of Commons, and queue its download from `host`."""
    values = info._asdict() | {"fetch_id": fetch_id, "lease": lease.lease_id, "host": host}
    conn.execute(QUERIES.store_file_info, values)


def fail(
    conn: psycopg.Connection, lease: Lease, ids: Sequence[int], reason: str
) -> list[tuple[int, str, str]]:
    """Fail addresses without a retry; return source, address and reason of each."""
    values = {"ids": list(ids), "lease": lease.lease_id, "reason": reason}
    return conn.execute(QUERIES.fail, values).fetchall()


def retry_later(conn: psycopg.Connection, lease: Lease, reason: str) -> list[tuple[int, str, str]]:
    """Schedule a retry after 5 s, doubled at each attempt, and fail exhausted addresses.

    Returns source, address and reason of those that failed.
    """
    conn.execute(QUERIES.retry_later, lease.key | {"first_wait": FIRST_WAIT, "reason": reason})
    return fail_exhausted(conn)


def back_off_host(
    conn: psycopg.Connection, lease: Lease, reason: str, seconds: float | None, *, counts: bool
) -> int:
    """Pause all requests to the host and release the lease; return its failures in a row.

    seconds: the host's Retry-After, at most a day; None: 5 s, doubled at each failure up to 300 s.
    counts: whether this was an attempt of the address.
    """
    retry_after = None if seconds is None else min(seconds, LONGEST_RETRY_AFTER)
    wait = {"seconds": retry_after, "first_wait": FIRST_WAIT, "longest_wait": LONGEST_WAIT}
    uncounted = 0 if counts else 1
    with conn.transaction():
        conn.execute(QUERIES.release, lease.key | {"uncounted": uncounted, "reason": reason})
        row = conn.execute(QUERIES.back_off_host, wait | {"host": lease.host}).fetchone()
    (failures,) = row or (0,)
    return int(failures)


def reset_failures(conn: psycopg.Connection, host: str) -> None:
    """Reset the host's failure count."""
    conn.execute(RESET_FAILURES, {"host": host})
