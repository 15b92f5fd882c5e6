"""Pruning: items that a dump does not hold, or that its filter does not keep any more, go.

Each row has the numbers of the filters that keep it. A load removes its own number; the row goes
with the last one. A load without a filter, number 0, also deletes every row that the dump does not
hold, whatever loaded it.
"""

from loaders.core.dumps.load import Load

# `alone`: the row goes. What failed to parse stays.
GONE = """
    create temporary table gone on commit drop as
    select
        old.wikidata_id,
        old.loaded_by <@ array[{filter}] or {filter} = 0 and new.kind is null as alone
    from muse.wikidata as old
    left join {seen} as new
        on new.wikidata_id = old.wikidata_id and new.kind in ('kept', 'seen')
    where new.kind is distinct from 'kept'
      and (old.loaded_by @> array[{filter}] or {filter} = 0 and new.kind is null)
      and not exists (select from {failed} as failed where failed.key = old.wikidata_id)
"""
STORED = """
    select count(*) from muse.wikidata as old
    where {filter} = 0 or old.loaded_by @> array[{filter}]
"""
COUNT = "select count(*) from pg_temp.gone"
DELETE = """
    delete from muse.wikidata where wikidata_id in (
        select wikidata_id from pg_temp.gone where alone
    )
"""
UNMARK = """
    update muse.wikidata set loaded_by = array_remove(loaded_by, {filter})
    where wikidata_id in (select wikidata_id from pg_temp.gone where not alone)
"""


def count_stored(load: Load, filter: int) -> int:
    """Rows that this filter keeps."""
    row = load.conn.execute(load.staging.sql(STORED, filter=str(filter))).fetchone()
    return int(row[0]) if row else 0


def prune(load: Load, filter: int) -> int:
    """Delete what is gone, unless that is refused; how many rows that were."""
    conn, number = load.conn, str(filter)
    with conn.transaction():
        conn.execute(load.staging.sql(GONE, filter=number))
        (gone,) = conn.execute(COUNT).fetchone() or (0,)
        if not load.may_prune("wikidata", load.stored["wikidata"], gone):
            return 0
        conn.execute(load.staging.sql(UNMARK, filter=number))
        return conn.execute(load.staging.sql(DELETE)).rowcount
