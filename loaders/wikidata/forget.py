"""Take an item out again, with its name."""

import psycopg

from loaders.core.errors import Problem
from loaders.wikidata.classes import settle


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
