"""`pgmuse refresh`, for cron: reload changed sources, retrain grown models, and clean up."""

from pathlib import Path

import psycopg

from loaders import topics
from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.models import drop_retired
from loaders.core.queries import Queries
from loaders.core.topics import StoredSource, Topic

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)  # raised by malformed stored options
STALE_INDEXES = "select table_name, model_id from muse.stale_indexes"
KEEP_RUNS = 90  # days; alter database NAME set muse.keep_run_days = 365


def refresh(conn: psycopg.Connection, name: str | None = None) -> bool:
    """Reload the changed sources of one topic, or of all; return whether all succeeded.

    `conn` is in autocommit mode. Errors: Problem where another refresh is running.
    """
    selected = topics.TOPICS if name is None else (find_topic(name),)
    with db.lock(conn, "refresh", wait=False):
        outcomes = [_refresh_topic(conn, topic) for topic in selected]
        reindex(conn)
        drop_retired(conn)
        conn.execute(QUERIES.delete_old_runs, {"days": KEEP_RUNS})
    return all(outcomes)


def find_topic(name: str) -> Topic:
    """The topic with that name or alias. Errors: Problem."""
    for topic in topics.TOPICS:
        if name == topic.name or name in topic.aliases:
            return topic
    names = ", ".join(topic.name for topic in topics.TOPICS)
    raise Problem(f"there is no topic {name!r}: the topics are {names}")


def own_sources(conn: psycopg.Connection, topic: Topic) -> list[StoredSource]:
    """The sources that this login loaded; prints the logins of the others.

    Those of other logins are skipped. Every loader can write rows that name any file or address,
    and a refresh would read it with the rights of this login.
    """
    rows = conn.execute(QUERIES.select_sources, {"topic": topic.name}).fetchall()
    others = [login or "a login of an earlier version" for *_, login, own in rows if not own]
    if others:
        say(
            f"{topic.name}: {len(others):,} sources of {', '.join(sorted(set(others)))} are left "
            "to that login: load them again to refresh them with this one"
        )
    return [StoredSource(*row[:3]) for row in rows if row[-1]]


def reindex(conn: psycopg.Connection) -> None:
    """Rebuild vector indexes that contain many deleted rows, without blocking queries."""
    for table, model_id in conn.execute(STALE_INDEXES).fetchall():
        say(f"rebuilding the index of {table}_{model_id}")
        conn.execute("select muse.rebuild_index(%s, %s)", (table, model_id))


def _refresh_topic(conn: psycopg.Connection, topic: Topic) -> bool:
    outcomes = [_refresh_source(conn, topic, one) for one in own_sources(conn, topic)]
    try:
        topic.retrain(conn)
    except Problem as error:
        say(str(error))
        return False
    return all(outcomes)


def _refresh_source(conn: psycopg.Connection, topic: Topic, source: StoredSource) -> bool:
    """Reload a source; an error is printed and does not stop the others."""
    try:
        result = topic.refresh(conn, source)
    except Problem as error:
        say(str(error))
    except OSError as error:
        say(f"{error.filename}: {error.strerror}")
    except MALFORMED as error:
        say(f"the stored options of {source.location} cannot be read ({error!r}): load it again")
    else:
        if result is None:
            say(f"{source.location}: cannot be loaded again without its command, skipped")
        return result is None or result.is_good
    return False
