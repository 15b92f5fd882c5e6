"""Ctrl-C while the server works on a query: no second error hides it."""

import logging

import pytest

from loaders.admin.jobs import job
from loaders.core import runs
from loaders.core.db import connect_to_load
from loaders.core.workers import Pool


def interrupt_a_query(conn) -> None:
    """Leave a query without its result, as a Ctrl-C between the two does."""
    conn.pgconn.send_query(b"select pg_catalog.pg_sleep(60)")
    raise KeyboardInterrupt


def load_and_interrupt(conn) -> None:
    with runs.run(conn, "songs", "x"):
        interrupt_a_query(conn)


def refresh_and_interrupt(conn) -> None:
    with job(conn, "refresh"):
        interrupt_a_query(conn)


@pytest.mark.parametrize("work", [load_and_interrupt, refresh_and_interrupt])
def test_an_interrupt_stays_an_interrupt(fresh, work):
    with pytest.raises(KeyboardInterrupt), connect_to_load(autocommit=True) as conn:
        work(conn)


def worker_start() -> None:
    """Start a worker; its module imports loaders.core.db."""


def psycopg_level() -> int:
    return logging.getLogger("psycopg").getEffectiveLevel()


def test_workers_print_no_warnings_of_the_driver():
    with Pool(1, worker_start) as pool:
        assert pool.submit(psycopg_level).result(60) == logging.ERROR
