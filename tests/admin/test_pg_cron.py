"""Jobs that pg_cron runs in the server."""

import time
from datetime import datetime, timedelta

import psycopg
import pytest

from loaders.admin.migrate import migrate
from loaders.core.server.cluster import bindir, throw_away
from tests.servers import postgres

SETTINGS = """
fsync = off
shared_preload_libraries = pg_cron
cron.database_name = pgmuse
cron.use_background_workers = on
"""
LIBRARY = bindir().parent / "lib" / "pg_cron.so"

pytestmark = pytest.mark.skipif(
    not LIBRARY.exists(), reason="needs postgresql-15-cron: apt-get install postgresql-15-cron"
)


@pytest.fixture(scope="module")
def with_cron(server):
    """A connection to a server with pg_cron."""
    with throw_away(SETTINGS) as other:
        postgres.use(other)
        try:
            migrate()
            with other.connect(autocommit=True) as conn:
                conn.execute("create extension pg_cron")
                yield conn
        finally:
            postgres.use(server)


def test_jobs_are_scheduled_once_and_taken_away(with_cron):
    for at in ("02:30", "03:37"):
        with_cron.execute("select * from schedule(%s::time)", (at,))
    names = "select jobname, schedule from cron.job order by jobname"
    assert with_cron.execute(names).fetchall() == [
        (f"pgmuse {job}", "37 3 * * *") for job in ("prune", "recall", "samples", "vacuum")
    ]
    jobs = "select job from jobs where scheduler = 'pg_cron' order by job"
    assert with_cron.execute(jobs).rowcount == 4
    assert with_cron.execute("select unschedule()").fetchone() == (4,)
    assert with_cron.execute(names).fetchall() == []
    assert with_cron.execute(jobs).rowcount == 0


@pytest.mark.parametrize("at", [None, "24:00"])
def test_a_time_that_is_none_is_refused(with_cron, at):
    with pytest.raises(psycopg.errors.InvalidParameterValue, match="before 24:00"):
        with_cron.execute("select * from schedule(%s::time)", (at,))


@pytest.mark.slow
def test_the_server_runs_them(with_cron):
    soon = datetime.now().astimezone() + timedelta(minutes=1, seconds=2)
    (zone,) = with_cron.execute("show timezone").fetchone()
    with_cron.execute("select * from schedule((%s at time zone %s)::time)", (soon, "GMT"))
    deadline = time.monotonic() + 150
    runs = "select job from job_runs where status = 'done' order by job"
    while with_cron.execute(runs).rowcount < 3 and time.monotonic() < deadline:
        time.sleep(1)
    assert with_cron.execute(runs).fetchall() == [("prune",), ("recall",), ("samples",)], zone
    bad = "select * from health where check_name = 'job' and status = 'bad'"
    assert with_cron.execute(bad).fetchall() == []
