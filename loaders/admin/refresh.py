"""What cron calls: load changed sources again, train again what grew, and clean up."""

import psycopg

from loaders import topics
from loaders.core import db
from loaders.core.console import say
from loaders.core.errors import Problem
from loaders.core.models import drop_retired
from loaders.core.topics import StoredSource, Topic

SOURCES = """
    select source_id, location, options, added_by, added_by is not distinct from session_user
    from muse.sources where topic = %s and loaded_at is not null
    order by source_id
"""
MALFORMED = (KeyError, TypeError, ValueError, AttributeError)  # of options that others wrote
STALE_INDEXES = "select table_name, model_id from muse.stale_indexes"
KEEP_RUNS = 90  # days; alter database NAME set muse.keep_run_days = 365
PRUNE_RUNS = """
    delete from muse.load_runs as run
    where run.finished_at < now() - make_interval(days => coalesce(
        substring(current_setting('muse.keep_run_days', true) from '^[0-9]{1,5}$')::integer, %s
    )) and exists (
        select from muse.load_runs as later
        where later.source_id = run.source_id and later.run_id > run.run_id
    )
"""


def refresh(conn: psycopg.Connection, name: str | None = None) -> bool:
    """Load the changed sources of a topic again, or of all; False where one failed.

    `conn` is in autocommit mode. Errors: Problem where another refresh is running.
    """
    chosen = topics.TOPICS if name is None else (find_topic(name),)
    with db.lock(conn, "refresh", wait=False):
        outcomes = [_refresh_topic(conn, topic) for topic in chosen]
        reindex(conn)
        drop_retired(conn)
        conn.execute(PRUNE_RUNS, (KEEP_RUNS,))
    return all(outcomes)


def find_topic(name: str) -> Topic:
    """The topic of a name or an earlier name. Errors: Problem."""
    for topic in topics.TOPICS:
        if name == topic.name or name in topic.aliases:
            return topic
    names = ", ".join(topic.name for topic in topics.TOPICS)
    raise Problem(f"there is no topic {name!r}: the topics are {names}")


def own_sources(conn: psycopg.Connection, topic: Topic) -> list[StoredSource]:
    """The sources that this login loaded; says whose the others are.

    Those of others are skipped: every loader can write rows that ask for any file or address,
    which would be read with this login's rights.
    """
    rows = conn.execute(SOURCES, (topic.name,)).fetchall()
    others = [login or "a login of an earlier version" for *_, login, own in rows if not own]
    if others:
        say(
            f"{topic.name}: sources loaded by {', '.join(sorted(set(others)))} are left to that "
            f"login ({len(others):,}); load them again to have them refreshed by this one"
        )
    return [StoredSource(*row[:3]) for row in rows if row[-1]]


def reindex(conn: psycopg.Connection) -> None:
    """Build vector indexes again where they hold many deleted rows; readers go on meanwhile."""
    for table, model_id in conn.execute(STALE_INDEXES).fetchall():
        say(f"building the index of {table}_{model_id} again")
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
    """Load a source again; an error is printed, and the other sources go on."""
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
