"""Classes: how many items each has, and which stand above it, brought up to date."""

import psycopg

from loaders.core.dumps.staging import Staging

TEMPORARY = """
    create temporary table delta (class_id text collate "C", items bigint) on commit drop;
    create temporary table above (class_id text collate "C", superclass_ids text[] collate "C")
    on commit drop
"""
COUNTED = """
    with counted as (delete from muse.wikidata_class_changes returning class_id, items)
    insert into pg_temp.delta
    select class_id, sum(items) from counted group by class_id having sum(items) <> 0
"""
# Of what was seen and is a class: also where it stands below no other any more.
ABOVE = """
    insert into pg_temp.above
    select wikidata_id, coalesce(superclass_ids, '{}')
    from {seen} as new
    where kind in ('kept', 'seen') and (
        superclass_ids is not null
        or exists (select from muse.wikidata_classes where class_id = new.wikidata_id)
    )
"""
STEPS = (
    """
    insert into muse.wikidata_classes (class_id, class)
    select class_id, class_id
    from (
        select class_id from pg_temp.delta
        union
        select class_id from pg_temp.above
        union
        select unnest(superclass_ids) from pg_temp.above
    ) as known
    where not exists (
        select from muse.wikidata_classes as old where old.class_id = known.class_id
    )
    """,
    """
    update muse.wikidata_classes as class set superclass_ids = above.superclass_ids
    from pg_temp.above
    where above.class_id = class.class_id and above.superclass_ids <> class.superclass_ids
    """,
    """
    update muse.wikidata_classes as class set items = class.items + delta.items
    from pg_temp.delta where delta.class_id = class.class_id
    """,
    """
    update muse.wikidata_classes as class set
        class = coalesce(known.wikipedia_id, known.label, known.wikidata_id), label = known.label
    from muse.wikidata_labels as known
    where known.wikidata_id = class.class_id and (class.class, class.label) is distinct from
        (coalesce(known.wikipedia_id, known.label, known.wikidata_id), known.label)
    """,
)


def settle(conn: psycopg.Connection, staging: Staging | None = None) -> None:
    """Bring in what was counted since the last time, and the hierarchy of what is staged."""
    with conn.transaction():
        conn.execute(TEMPORARY)
        conn.execute(COUNTED)
        if staging is not None:
            conn.execute(staging.sql(ABOVE))
        for step in STEPS:
            conn.execute(step)
