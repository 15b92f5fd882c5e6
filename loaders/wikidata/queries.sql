-- Queries of the loader of Wikidata. {seen}, {items}, {failed}: staging tables of a load.

-- Values such as %(ids)s look like unqualified columns to sqlfluff.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- Items ------------------------------------------------------------------------------------------

-- name: find_outdated_chunks
-- Chunks of an interrupted run for which another load has since changed or deleted stored rows.
select distinct new.chunk_id
from {seen} as new
left join muse.wikidata as old on new.wikidata_id = old.wikidata_id
where
    (
        new.kind in ('kept', 'seen')
        and old.kept_as is distinct from new.stored_as
        and old.kept_as is distinct from coalesce(new.kept_as, %(kept_as)s)
    ) or (
        new.kind = 'kept' and not new.unmarked
        and not old.loaded_by @> array[%(filter_number)s::integer]
    );

-- name: insert_items
-- For an empty table.
with item as materialized (
    select * from {items} as staged
    where staged.ctid >= %(first)s and staged.ctid < %(last)s
),

statement as materialized ( -- noqa: ST03
    select built.* from {statements} as built
),

mentioned as materialized (
    select built.* from {mentioned} as built
),

named as materialized (
    select built.* from {named} as built
),

added as ( -- noqa: ST03
    insert into muse.wikidata_labels (wikidata_id)
    select mentioned.wikidata_id from mentioned
    where
        length(mentioned.wikidata_id) between 1 and 250
        and not exists (
            select from named
            where named.wikidata_id = mentioned.wikidata_id
        )
    order by mentioned.wikidata_id
    on conflict do nothing
),

number as ( -- noqa: ST03
    insert into muse.wikidata_numbers ({number_columns})
    select built.* from {numbers} as built
),

made as (
    select
        built.wikidata_id,
        built.properties
    from {properties} as built
)

insert into muse.wikidata ({columns}, loaded_by, run_id, properties)
select
    {item_columns},
    item.loaded_by,
    %(run)s as run_id,
    coalesce(made.properties, '{{}}') as properties
from item
left join made on item.wikidata_id = made.wikidata_id;

-- name: count_left_out
select count(*) from {seen} as seen
where seen.kind = 'seen' and seen.wikidata_id like 'Q%%';

-- name: upsert_items
-- Writes newer revisions, and the same revision with other languages or wikis.
with item as materialized (
    select * from {items} as staged
    where staged.ctid >= %(first)s and staged.ctid < %(last)s
),

statement as materialized ( -- noqa: ST03
    select built.* from {statements} as built
),

mentioned as materialized (
    select built.* from {mentioned} as built
),

named as materialized (
    select built.* from {named} as built
),

added as ( -- noqa: ST03
    insert into muse.wikidata_labels (wikidata_id)
    select mentioned.wikidata_id from mentioned
    where
        length(mentioned.wikidata_id) between 1 and 250
        and not exists (
            select from named
            where named.wikidata_id = mentioned.wikidata_id
        )
    order by mentioned.wikidata_id
    on conflict do nothing
),

number as materialized (
    select built.* from {numbers} as built
),

made as (
    select
        built.wikidata_id,
        built.properties
    from {properties} as built
),

changed as (
    update muse.wikidata as old set
        ({columns}, loaded_by, run_id, properties) = (
            {item_columns},
            case
                when old.loaded_by @> item.loaded_by then old.loaded_by
                else old.loaded_by || item.loaded_by
            end,
            %(run)s,
            coalesce(made.properties, '{{}}')
        )
    from item
    left join made on item.wikidata_id = made.wikidata_id
    where
        item.wikidata_id = old.wikidata_id
        and (
            old.lastrevid is null
            or item.lastrevid > old.lastrevid
            or (item.lastrevid = old.lastrevid and old.kept_as <> item.kept_as)
        )
    returning old.wikidata_id
),

inserted as (
    insert into muse.wikidata ({columns}, loaded_by, run_id, properties)
    select
        {item_columns},
        item.loaded_by,
        %(run)s as run_id,
        coalesce(made.properties, '{{}}') as properties
    from item
    left join made on item.wikidata_id = made.wikidata_id
    where
        item.loaded_by <> '{{}}'
        and not exists (
            select from muse.wikidata as old
            where old.wikidata_id = item.wikidata_id
        )
    returning wikidata_id
),

written as (
    select changed.wikidata_id from changed
    union all
    select inserted.wikidata_id from inserted
),

stored as ( -- noqa: ST03
    insert into muse.wikidata_numbers as old ({number_columns})
    select {number_columns} from number
    where number.wikidata_id in (select written.wikidata_id from written)
    on conflict (wikidata_id, property_id, place) do update set
        (year, amount, base_amount) = (excluded.year, excluded.amount, excluded.base_amount)
    where
    (old.year, old.amount, old.base_amount)
    is distinct from (excluded.year, excluded.amount, excluded.base_amount)
),

gone as ( -- noqa: ST03
    delete from muse.wikidata_numbers as old
    where
        old.wikidata_id in (select changed.wikidata_id from changed)
        and not exists (
            select from number
            where
                number.wikidata_id = old.wikidata_id
                and number.property_id = old.property_id
                and number.place = old.place
        )
)

select from written;

-- name: mark_items
-- Adds the filter's number to unchanged rows that it keeps.
update muse.wikidata as old set
    loaded_by = old.loaded_by || array[%(filter_number)s::integer]
from {seen} as new
where
    new.ctid >= %(first)s and new.ctid < %(last)s
    and new.kind = 'kept' and new.unmarked
    and old.wikidata_id = new.wikidata_id
    and not old.loaded_by @> array[%(filter_number)s::integer];

-- name: delete_redirected
delete from muse.wikidata
where wikidata_id in (
    select new.wikidata_id from {seen} as new
    where new.kind = 'redirect'
);

-- Classes ----------------------------------------------------------------------------------------

-- name: find_missing_class_items
-- Classes of items that other filters keep, if their own item is not stored, or was loaded by this
-- filter with other languages or by an earlier version. Classes of class items alone do not count.
with own as (
    select
        of_it.class_id,
        count(*) as items
    from muse.classes as class
    inner join muse.wikidata as item on class.class_id = item.wikidata_id
    cross join lateral unnest(item.class_ids) as of_it (class_id)
    where item.loaded_by = array[%(filter_number)s::integer]
    group by of_it.class_id
)

select class.class_id
from muse.classes as class
left join own on class.class_id = own.class_id
left join muse.wikidata as item on class.class_id = item.wikidata_id
where
    class.class_id ~ '^Q[1-9][0-9]*$'
    and class.items - coalesce(own.items, 0) >= %(min_count)s
    and (
        item.wikidata_id is null
        or (
            item.loaded_by = array[%(filter_number)s::integer]
            and item.kept_as <> all(%(covering)s::integer[])
        )
    )
    and not exists (
        select from muse.wikidata_redirects as redirect
        where redirect.wikidata_id = class.class_id
    )
order by class.items desc, class.class_id asc;

-- name: find_outdated_items
-- Items that a filter did not load yet, in these languages; or whose stored revision is older.
select new.wikidata_id
from
    unnest(%(ids)s::text[], %(revisions)s::bigint[])
    with ordinality as new (wikidata_id, revision, place)
left join muse.wikidata as item on new.wikidata_id = item.wikidata_id
where
    item.wikidata_id is null
    or not item.loaded_by @> array[%(filter_number)s::integer]
    or coalesce(item.lastrevid, 0) < new.revision
    or item.kept_as <> all(%(covering)s::integer[])
order by new.place;

-- Languages and wikis of rows --------------------------------------------------------------------

-- name: insert_scope
insert into muse.wikidata_kept (kept_as, languages, wikis)
values (%(number)s, %(languages)s, %(wikis)s)
on conflict (kept_as) do nothing;

-- name: read_item_scopes
-- For rows whose kept_as is not in wikidata_kept: the languages and wikis that they have.
select
    item.wikidata_id,
    array(select jsonb_object_keys(item.labels || item.descriptions || item.aliases)) as languages,
    array(select jsonb_object_keys(item.sitelinks)) as wikis
from muse.wikidata as item
where item.wikidata_id = any(%(ids)s);

-- name: find_languages
select unnest(kept.languages) as language from muse.wikidata_kept as kept
union
select language.code
from muse.wikidata as item
left join muse.wikidata_kept as kept on item.kept_as = kept.kept_as
cross join
    lateral unnest(coalesce(kept.languages, array(
        select jsonb_object_keys(item.labels || item.descriptions || item.aliases)
    ))) as language (code)
where item.wikidata_id = any(%(ids)s);

-- Pruning and forgetting -------------------------------------------------------------------------

-- name: find_gone
-- is_last: no other filter keeps the row. Rows of entries that failed to parse stay.
create temporary table gone on commit drop as
select
    old.wikidata_id,
    (
        old.loaded_by <@ array[%(filter_number)s::integer]
        or (%(filter_number)s = 0 and new.kind is null)
    ) as is_last
from muse.wikidata as old
left join {seen} as new
    on old.wikidata_id = new.wikidata_id and new.kind in ('kept', 'seen')
where
    new.kind is distinct from 'kept'
    and (
        old.loaded_by @> array[%(filter_number)s::integer]
        or (%(filter_number)s = 0 and new.kind is null)
    )
    and not exists (
        select from {failed} as failed
        where failed.key = old.wikidata_id
    );

-- name: delete_gone
delete from muse.wikidata
where wikidata_id in (
    select gone.wikidata_id from pg_temp.gone as gone
    where gone.is_last
);

-- name: unmark_gone
update muse.wikidata set loaded_by = array_remove(loaded_by, %(filter_number)s::integer)
where wikidata_id in (
    select gone.wikidata_id from pg_temp.gone as gone
    where not gone.is_last
);

-- name: find_same_filter
-- Another source with the same filter: it is unknown from which of the two an item came.
select source.location
from muse.sources as source
where
    source.topic = 'wikidata' and source.source_id <> %(source)s
    and coalesce((source.options ->> 'filter')::integer, 0) = %(filter_number)s
    and source.options ? 'languages'  -- not of a load that could not begin
    and not starts_with(source.location, 'labels: ')
order by source.source_id
limit 1;

-- name: is_last_source
select not exists (
    select from muse.sources as source
    where source.topic = 'wikidata' and source.source_id <> %(source)s
);

-- name: delete_source_items
delete from muse.wikidata
where
    loaded_by <@ array[%(filter_number)s::integer]
    and (loaded_by <> '{}' or %(is_last)s);

-- name: unmark_source_items
update muse.wikidata set loaded_by = array_remove(loaded_by, %(filter_number)s::integer)
where loaded_by @> array[%(filter_number)s::integer];

-- Class tables -----------------------------------------------------------------------------------

-- name: make_class_table
select muse.make_class_table(
    %(name)s, %(class)s,
    with_subclasses => %(subclasses)s,
    columns => %(columns)s,
    language => %(language)s,
    recreate => %(recreate)s
);

-- name: find_outdated_tables
select one.table_name
from muse.class_tables as one
where one.changes is distinct from muse.wikidata_changes()
order by one.table_name;

-- name: select_table_columns
select
    attribute.attname::text as name,
    format_type(attribute.atttypid, attribute.atttypmod) as type
from pg_attribute as attribute
where
    attribute.attrelid = to_regclass(format('muse_tables.%%I', %(name)s::text))
    and attribute.attnum > 0 and not attribute.attisdropped
order by attribute.attnum;

-- name: forget_label
update muse.wikidata_labels set label = null, wikipedia_id = null, datatype = null
where
    wikidata_id = %(wikidata_id)s
    and (label is not null or wikipedia_id is not null or datatype is not null);

-- name: forget_property_labels
delete from muse.wikidata_property_labels
where property_id = %(wikidata_id)s;

-- name: forget_redirect
delete from muse.wikidata_redirects
where wikidata_id = %(wikidata_id)s;
