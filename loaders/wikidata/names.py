"""Names of entities, and properties, which are made of claims and names.

Properties name what they speak of, so they are made in the database, once all labels are known,
and made again where a name has changed.
"""

import psycopg

from loaders.core.dumps.staging import Staging

BATCH = 2000  # items whose properties are made again at once

# An item's entry in wikidata_labels comes before what names it; names that change are noted. Those
# of an older revision than the stored item's change nothing.
NEW = """
    with added as (
        insert into muse.wikidata_labels (wikidata_id, label, wikipedia_id, datatype)
        select wikidata_id, label, wikipedia_id, datatype from {seen} as new
        where kind <> 'redirect' and not exists (
            select from muse.wikidata_labels as old where old.wikidata_id = new.wikidata_id
        )
        order by wikidata_id
        returning wikidata_id, coalesce(wikipedia_id, label) as name
    )
    insert into muse.wikidata_renamed select wikidata_id from added where %s and name is not null
    on conflict do nothing
"""
CHANGED = """
    with pair as (
        select
            old.wikidata_id, name.*, coalesce(old.wikipedia_id, old.label) as old_name
        from {seen} as new
        join muse.wikidata_labels as old on old.wikidata_id = new.wikidata_id
        cross join lateral (
            select
                new.label,
                case new.kind when 'label' then old.wikipedia_id else new.wikipedia_id end
                    as wikipedia_id,
                coalesce(new.datatype, old.datatype) as datatype
        ) as name
        where new.kind <> 'redirect'
          and (old.label, old.wikipedia_id, old.datatype) is distinct from
            (name.label, name.wikipedia_id, name.datatype)
          and coalesce(new.lastrevid >= (
            select item.lastrevid from muse.wikidata as item
            where item.wikidata_id = new.wikidata_id
        ), true)
    ),
    changed as (
        update muse.wikidata_labels as old set
            label = pair.label, wikipedia_id = pair.wikipedia_id, datatype = pair.datatype
        from pair
        where pair.wikidata_id = old.wikidata_id
    )
    insert into muse.wikidata_renamed
    select wikidata_id from pair
    where old_name is distinct from coalesce(wikipedia_id, label)
    on conflict do nothing
"""
REDIRECTS = """
    insert into muse.wikidata_redirects as old
    select wikidata_id, target_id from {seen} where kind = 'redirect'
    on conflict (wikidata_id) do update set target_id = excluded.target_id
    where old.target_id <> excluded.target_id
"""
# What names an id that was merged into another goes by the other's name.
REDIRECTED = """
    with named as (
        insert into muse.wikidata_labels as old
        select redirect.wikidata_id, target.label, target.wikipedia_id, target.datatype
        from muse.wikidata_redirects as redirect
        join muse.wikidata_labels as target on target.wikidata_id = redirect.target_id
        on conflict (wikidata_id) do update set
            label = excluded.label, wikipedia_id = excluded.wikipedia_id,
            datatype = excluded.datatype
        where (old.label, old.wikipedia_id, old.datatype) is distinct from
            (excluded.label, excluded.wikipedia_id, excluded.datatype)
        returning wikidata_id
    )
    insert into muse.wikidata_renamed select wikidata_id from named on conflict do nothing
"""

# Properties of the rows of `item` (wikidata_id, claims). Values of the best rank, each once: one
# stands alone, several as a sorted array. The look-up is by index however large the table is.
PROPERTIES = """
    statement as materialized (
        select
            item.wikidata_id,
            property.key as property_id,
            statement.value ->> 'type' as type,
            statement.value -> 'value' as value
        from item
        cross join jsonb_each(item.claims) as property
        cross join jsonb_array_elements(property.value) as statement
        where statement.value ? 'value' and statement.value ->> 'rank' = case
            when property.value @> '[{"rank": "preferred"}]' then 'preferred' else 'normal'
        end
    ),
    named as materialized (
        select wikidata_id, coalesce(wikipedia_id, label) as name
        from muse.wikidata_labels
        where wikidata_id = any (array(
            select property_id from statement
            union
            select value #>> '{}' from statement where starts_with(type, 'wikibase-')
        ))
    ),
    property as (
        select
            statement.wikidata_id,
            coalesce(property.name, statement.property_id) as name,
            muse.wikidata_value(statement.type, statement.value, target.name) as value
        from statement
        left join named as property on property.wikidata_id = statement.property_id
        left join named as target
            on target.wikidata_id = statement.value #>> '{}'
            and starts_with(statement.type, 'wikibase-')
    ),
    gathered as (
        select
            wikidata_id,
            name,
            array_agg(value) as found
        from property
        group by wikidata_id, name
    ),
    made as (
        select
            wikidata_id,
            jsonb_object_agg(
                name,
                case cardinality(found) when 1 then found[1] else (
                    select case count(*) when 1 then found[1] else jsonb_agg(one order by one) end
                    from (select distinct one from unnest(found) as one) as each_once
                ) end
            ) as properties
        from gathered
        group by wikidata_id
    )
"""

# Items that name one of wikidata_renamed, as subject of a statement or as its value.
TOUCHED = """
    create temporary table touched on commit drop as
    select item.wikidata_id
    from muse.wikidata as item
    where exists (
        select from jsonb_each(item.claims) as property
        where property.key in (select wikidata_id from muse.wikidata_renamed)
    ) or exists (
        select from jsonb_each(item.claims) as property
        cross join jsonb_array_elements(property.value) as statement
        where statement.value ->> 'value' in (select wikidata_id from muse.wikidata_renamed)
    )
"""
RENAME = """
    with item as materialized (
        select wikidata_id, claims from muse.wikidata where wikidata_id = any(%s)
    ),
    {properties}
    update muse.wikidata as old set properties = made.properties
    from made
    where made.wikidata_id = old.wikidata_id and old.properties <> made.properties
"""


def merge_labels(
    conn: psycopg.Connection, staging: Staging, *, fresh: bool, only_missing: bool
) -> None:
    """Bring in the labels of all that was seen, in the caller's transaction.

    fresh: nothing is loaded yet that could name them. only_missing: known ones stay.
    """
    if not only_missing:
        conn.execute(staging.sql(CHANGED))
    conn.execute(staging.sql(NEW), (not fresh,))
    conn.execute(staging.sql(REDIRECTS))
    conn.execute(staging.sql(REDIRECTED))


def rename(conn: psycopg.Connection, staging: Staging) -> int:
    """Make properties again where they hold a name that changed; how many items that were.

    Also of names that a killed load changed before it came here.
    """
    if conn.execute("select from muse.wikidata_renamed limit 1").fetchone() is None:
        return 0
    changed, again = 0, staging.sql(RENAME, properties=PROPERTIES)
    with conn.transaction():
        conn.execute(staging.sql(TOUCHED))
        touched = [row[0] for row in conn.execute("select wikidata_id from pg_temp.touched")]
    for start in range(0, len(touched), BATCH):
        ids = touched[start : start + BATCH]
        changed += conn.execute(again, (ids,)).rowcount
    conn.execute("delete from muse.wikidata_renamed")
    return changed
