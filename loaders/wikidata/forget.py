"""Delete an item, or the items that came from a source."""

from typing import Any

import psycopg

from loaders.core.console import say
from loaders.core.db import take_turns
from loaders.core.errors import Problem
from loaders.core.topics import StoredSource
from loaders.wikidata.classes import update_classes
from loaders.wikidata.queries import QUERIES


def forget_source(conn: psycopg.Connection, source: StoredSource) -> dict[str, int]:
    """Delete a source and the items that no other source keeps, in the caller's transaction.

    Labels stay, because other items may use them. Items stay too if another source has the same
    filter, because it is unknown from which of the two they came.
    """
    filter_number = source.options.get("filter", 0)
    values: dict[str, Any] = {"source": source.source_id, "filter_number": filter_number}
    take_turns(conn, "wikidata")
    other = conn.execute(QUERIES.find_same_filter, values).fetchone()
    items = 0
    if other is None:
        (values["is_last"],) = conn.execute(QUERIES.is_last_source, values).fetchone() or (False,)
        items = conn.execute(QUERIES.delete_source_items, values).rowcount
        conn.execute(QUERIES.unmark_source_items, values)
        update_classes(conn)
    elif source.is_loaded:
        say(
            f"items are not deleted, they may also come from {other[0]}: load that with --prune, "
            "or forget it"
        )
    conn.execute("select muse.drop_staging('wikidata', %(source)s)", values)
    conn.execute("delete from muse.sources where source_id = %(source)s", values)
    return {"items": items}


def forget(conn: psycopg.Connection, wikidata_id: str) -> None:
    """Delete an item and its label. Properties that contain the label change at their next load.

    The id stays in wikidata_labels: statements of other items are found by it.

    Errors: Problem if there is no such item.
    """
    with conn.transaction():
        deleted = conn.execute("delete from muse.wikidata where wikidata_id = %s", (wikidata_id,))
        conn.execute(QUERIES.forget_property_labels, {"wikidata_id": wikidata_id})
        for query in (QUERIES.forget_label, QUERIES.forget_redirect):
            more = conn.execute(query, {"wikidata_id": wikidata_id})
            deleted = deleted if deleted.rowcount else more
        update_classes(conn)
    if not deleted.rowcount:
        raise Problem(f"there is no item {wikidata_id!r}: give an id like Q146")
