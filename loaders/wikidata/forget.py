"""Delete an item, or the items that came from a source."""

from typing import Any

import psycopg

from loaders.core.console import say
from loaders.core.db import take_turns
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.wikidata.classes import settle

# Other sources whose filter keeps the same items: whose an item is cannot be told.
SAME_FILTER = """
    select location from muse.sources
    where topic = 'wikidata' and source_id <> %(source)s
      and coalesce((options ->> 'filter')::integer, 0) = %(filter)s and loaded_at is not null
      and not starts_with(location, 'labels: ')
    order by source_id limit 1
"""
IS_LAST = """
    select not exists (
        select from muse.sources where topic = 'wikidata' and source_id <> %(source)s
    )
"""
ITEMS = """
    delete from muse.wikidata
    where loaded_by <@ array[%(filter)s::integer] and (loaded_by <> '{}' or %(is_last)s)
"""
UNMARK = """
    update muse.wikidata set loaded_by = array_remove(loaded_by, %(filter)s::integer)
    where loaded_by @> array[%(filter)s::integer]
"""


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source, and items that no other source keeps, in the caller's transaction.

    Labels stay: other items may name them. Where another source has the same filter, its items
    cannot be told apart and stay.
    """
    values: dict[str, Any] = {"source": source.source_id, "filter": source.options.get("filter", 0)}
    take_turns(conn, "wikidata")
    other = conn.execute(SAME_FILTER, values).fetchone()
    items = 0
    if other is None:
        (values["is_last"],) = conn.execute(IS_LAST, values).fetchone() or (False,)
        items = conn.execute(ITEMS, values).rowcount
        conn.execute(UNMARK, values)
        settle(conn)
    else:
        say(f"items stay: they may be of {other[0]} too (load it with --prune, or forget it)")
    conn.execute("select muse.drop_staging('wikidata', %(source)s)", values)
    conn.execute("delete from muse.sources where source_id = %(source)s", values)
    return {"items": items}


def forget(conn: psycopg.Connection, wikidata_id: str) -> None:
    """Forget an item. Others that name it keep the name until they are loaded again."""
    with conn.transaction():
        gone = conn.execute("delete from muse.wikidata where wikidata_id = %s", (wikidata_id,))
        for table in ("labels", "redirects"):
            query = f"delete from muse.wikidata_{table} where wikidata_id = %s"  # noqa: S608
            known = conn.execute(query.encode(), (wikidata_id,))
            gone = gone if gone.rowcount else known
        settle(conn)
    if not gone.rowcount:
        raise Problem(f"there is no item {wikidata_id!r}: ids are like Q146")
