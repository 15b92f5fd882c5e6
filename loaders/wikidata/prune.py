"""Pruning: deletes items that the dump no longer holds or that its filter no longer keeps.

loaded_by of each row has the numbers of the filters that keep it. Pruning removes the load's own
number; the row is deleted with the last number. A load without a filter, number 0, also deletes
every row whose item is not in the dump, whatever loaded it.
"""

from loaders.core.dumps.load import DumpLoad
from loaders.wikidata.queries import QUERIES, queries_for

STORED = """
    select count(*) from muse.wikidata
    where %(filter_number)s = 0 or loaded_by @> array[%(filter_number)s::integer]
"""


def count_stored(load: DumpLoad, filter_number: int) -> int:
    """Number of rows that this filter keeps."""
    row = load.conn.execute(STORED, {"filter_number": filter_number}).fetchone()
    return int(row[0]) if row else 0


def prune(load: DumpLoad, filter_number: int) -> int:
    """Delete rows unless that is refused (see DumpLoad.may_prune). Return their number."""
    conn, values = load.conn, {"filter_number": filter_number}
    load.refuse_beside(QUERIES.find_same_filter, values)
    with conn.transaction():
        conn.execute(load.staging.sql(queries_for(conn).find_gone), values)
        (gone,) = conn.execute("select count(*) from pg_temp.gone").fetchone() or (0,)
        if not load.may_prune("wikidata", load.stored["wikidata"], gone):
            return 0
        conn.execute(QUERIES.unmark_gone, values)
        return conn.execute(QUERIES.delete_gone).rowcount
