"""The queue of addresses: who takes which, and how much a host is asked, across all workers.

A worker leases what it takes. Who is killed says nothing more, and its lease runs out.
"""

import uuid
from collections.abc import Sequence
from typing import Any, NamedTuple, cast

import psycopg
from psycopg.rows import class_row

from loaders.images.fetch import commons

ATTEMPTS = 5  # of an address, the workers that died over it counted
LEASE = 120.0  # seconds: longer than any download may take, and the wait for its last piece
FIRST_WAIT, LONGEST_WAIT = 5.0, 300.0  # seconds, where a host does not say how long
LONGEST_ASKED = 86400.0  # seconds, where it does

# Whose turn it is: hosts that may be asked now and have something to fetch. The row is held until
# the lease is written, so that no two workers count the same leases.
HOST = """
    select host.host, host.at_once, host.bits_per_second
    from muse.image_hosts as host
    where host.host = any(%(hosts)s) and host.not_before <= clock_timestamp() and exists (
        select from muse.image_fetches as wanted
        where wanted.host = host.host and wanted.state = 'waiting'
            and wanted.not_before <= clock_timestamp()
            and (wanted.leased_until is null or wanted.leased_until <= clock_timestamp())
            and wanted.attempts < %(attempts)s
    ) and (
        select count(distinct wanted.lease) from muse.image_fetches as wanted
        where wanted.host = host.host and wanted.lease is not null
            and wanted.leased_until > clock_timestamp()
    ) < host.at_once
    order by host.not_before, host.host
    limit 1
    for update skip locked
"""
# Statements of their own: they see leases that were written while the host's row was waited for.
# An address that is wanted twice is fetched once.
TAKE = """
    update muse.image_fetches set
        lease = %(lease)s, attempts = attempts + 1,
        leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    where fetch_id = (
        select wanted.fetch_id from muse.image_fetches as wanted
        where wanted.host = %(host)s and wanted.state = 'waiting'
            and wanted.not_before <= clock_timestamp()
            and (wanted.leased_until is null or wanted.leased_until <= clock_timestamp())
            and wanted.attempts < %(attempts)s
            and not exists (
                select from muse.image_fetches as twin
                where twin.address = wanted.address and twin.leased_until > clock_timestamp()
            )
        order by wanted.fetch_id
        limit 1
        for update skip locked
    ) and (
        select count(distinct other.lease) from muse.image_fetches as other
        where other.host = %(host)s and other.lease is not null
            and other.leased_until > clock_timestamp()
    ) < %(at_once)s
    returning fetch_id, address, host, commons_file, download_url
"""
TAKE_MORE = """
    update muse.image_fetches set
        lease = %(lease)s, attempts = attempts + 1,
        leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
    where fetch_id in (
        select wanted.fetch_id from muse.image_fetches as wanted
        where wanted.host = %(host)s and wanted.state = 'waiting'
            and wanted.not_before <= clock_timestamp()
            and (wanted.leased_until is null or wanted.leased_until <= clock_timestamp())
            and wanted.attempts < %(attempts)s
            and wanted.commons_file is not null and wanted.download_url is null
        order by wanted.fetch_id
        limit %(limit)s
        for update skip locked
    )
    returning fetch_id, address, host, commons_file, download_url
"""
NEXT_REQUEST = """
    update muse.image_hosts
    set not_before = clock_timestamp() + interval '1 minute' / requests_per_minute
    where host = %s
"""
NEW_HOSTS = """
    insert into muse.image_hosts (host)
    select distinct host from muse.image_fetches where state = 'waiting' and host = any(%s)
    on conflict do nothing
"""
# Seconds until something may be taken. A lease counts to its end: its holder may die.
UNTIL = """
    select extract(epoch from min(greatest(
        wanted.not_before, host.not_before, wanted.leased_until
    )) - clock_timestamp())::float
    from muse.image_fetches as wanted join muse.image_hosts as host using (host)
    where wanted.state = 'waiting' and host.host = any(%s)
"""
TOO_OFTEN = """
    update muse.image_fetches set
        state = 'failed', finished_at = clock_timestamp(), lease = null, leased_until = null,
        error = coalesce(error, 'every worker that took it died')
    where state = 'waiting' and attempts >= %s
        and (leased_until is null or leased_until <= clock_timestamp())
    returning source_id, address, error
"""
AGAIN = """
    update muse.image_fetches set
        state = 'waiting', finished_at = null, attempts = 0, error = null, not_before = now()
    where state = 'failed'
"""
DESCRIBED = """
    update muse.image_fetches set
        download_url = %s, page_url = %s, licence = %s, licence_url = %s, author = %s,
        host = %s, lease = null, leased_until = null, attempts = 0, error = null
    where fetch_id = %s and lease = %s
"""
FAILED = """
    update muse.image_fetches set
        state = 'failed', finished_at = clock_timestamp(), error = %s,
        lease = null, leased_until = null
    where fetch_id = any(%s) and lease = %s
    returning source_id, address, error
"""
LATER = """
    update muse.image_fetches set
        not_before = clock_timestamp() + make_interval(secs => %s * 2 ^ (attempts - 1)),
        error = %s, lease = null, leased_until = null
    where fetch_id = any(%s) and lease = %s
"""
GIVEN_BACK = """
    update muse.image_fetches set
        attempts = attempts - %s, error = %s, lease = null, leased_until = null
    where fetch_id = any(%s) and lease = %s
"""
HOST_WAITS = """
    update muse.image_hosts set
        failures = failures + 1,
        not_before = greatest(not_before, clock_timestamp() + make_interval(
            secs => coalesce(%s, least(%s * 2 ^ least(failures, 20), %s))
        ))
    where host = %s
    returning failures
"""
HOST_ANSWERS = "update muse.image_hosts set failures = 0 where host = %s and failures > 0"
LEFT = """
    select count(*) filter (where host = any(%s)), count(*) filter (where host <> all(%s)),
        min(host) filter (where host <> all(%s))
    from muse.image_fetches where state = 'waiting'
"""


class Fetch(NamedTuple):
    """An address that was taken."""

    fetch_id: int
    address: str
    host: str
    commons_file: str | None
    download_url: str | None

    @property
    def is_unknown(self) -> bool:
        """Whether Commons is to be asked where it is."""
        return self.commons_file is not None and self.download_url is None


class Taken(NamedTuple):
    """What a worker has: one address to download, or files of Commons to ask about."""

    lease: uuid.UUID
    host: str
    bytes_per_second: float
    fetches: list[Fetch]

    @property
    def ids(self) -> list[int]:
        return [fetch.fetch_id for fetch in self.fetches]


def take(conn: psycopg.Connection, hosts: Sequence[str], seconds: float = LEASE) -> Taken | None:
    """Lease what comes next for so many seconds; None where there is nothing just now."""
    with conn.transaction():
        values: dict[str, Any] = {"hosts": list(hosts), "attempts": ATTEMPTS, "seconds": seconds}
        row = conn.execute(HOST, values).fetchone()
        if row is None:
            return None
        host, at_once, bits = row
        values |= {"lease": uuid.uuid4(), "host": host, "at_once": at_once}
        with conn.cursor(row_factory=class_row(Fetch)) as cursor:
            found = cursor.execute(TAKE, values).fetchall()
            if found and found[0].is_unknown:
                found += cursor.execute(TAKE_MORE, values | {"limit": commons.AT_ONCE - 1})
        if not found:
            return None
        conn.execute(NEXT_REQUEST, (host,))
        return Taken(values["lease"], host, bits / 8 / at_once, found)


def meet(conn: psycopg.Connection, hosts: Sequence[str]) -> None:
    """Give hosts that are met for the first time their limits."""
    conn.execute(NEW_HOSTS, (list(hosts),))


def give_up(conn: psycopg.Connection) -> list[tuple[int, str, str]]:
    """Give up what was tried too often. Source, address and reason of each."""
    return conn.execute(TOO_OFTEN, (ATTEMPTS,)).fetchall()


def left(conn: psycopg.Connection, hosts: Sequence[str]) -> tuple[int, int, str | None]:
    """How many wait of these hosts, how many of others, and one of those."""
    given = [list(hosts)] * 3
    return cast(tuple[int, int, str | None], conn.execute(LEFT, given).fetchone())


def until_next(conn: psycopg.Connection, hosts: Sequence[str]) -> float | None:
    """Seconds until there may be something to take; None where nothing is left."""
    (seconds,) = conn.execute(UNTIL, (list(hosts),)).fetchone() or (None,)
    return None if seconds is None else max(float(seconds), 0.0)


def try_again(conn: psycopg.Connection) -> int:
    """Let what failed wait for another try; how many those are."""
    return conn.execute(AGAIN).rowcount


def describe(
    conn: psycopg.Connection, taken: Taken, fetch_id: int, told: commons.Described, host: str
) -> None:
    """Keep what Commons tells of a file, and let it wait for its download."""
    values = (*told[:-1], host, fetch_id, taken.lease)
    conn.execute(DESCRIBED, values)


def fail(
    conn: psycopg.Connection, taken: Taken, ids: Sequence[int], reason: str
) -> list[tuple[int, str, str]]:
    """It is no use to try again. Source, address and reason of each."""
    return conn.execute(FAILED, (reason, list(ids), taken.lease)).fetchall()


def later(conn: psycopg.Connection, taken: Taken, reason: str) -> list[tuple[int, str, str]]:
    """Another try, after a while that doubles. Source, address and reason of
    what was tried too often."""
    conn.execute(LATER, (FIRST_WAIT, reason, taken.ids, taken.lease))
    return give_up(conn)


def host_waits(
    conn: psycopg.Connection, taken: Taken, reason: str, seconds: float | None, *, counts: bool
) -> int:
    """Nobody asks the host for a while, and what was taken is given back; failures in a row.

    seconds: as it asks for, None: it does not say, so from 5 s on, doubled each time.
    counts: whether it may be the address that the host cannot answer.
    """
    with conn.transaction():
        conn.execute(GIVEN_BACK, (0 if counts else 1, reason, taken.ids, taken.lease))
        asked = None if seconds is None else min(seconds, LONGEST_ASKED)
        values = (asked, FIRST_WAIT, LONGEST_WAIT, taken.host)
        (failures,) = conn.execute(HOST_WAITS, values).fetchone() or (0,)
    return int(failures)


def host_answers(conn: psycopg.Connection, host: str) -> None:
    """It is well again."""
    conn.execute(HOST_ANSWERS, (host,))
