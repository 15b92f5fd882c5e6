-- Queries of the loader on a cluster of Citus, in place of those of the same name. Some are several
-- statements: a coordinator joins rows of the nodes with its own tables in steps, updates the
-- tables that all nodes have by upserts, and has no triggers on distributed tables.

-- Values such as %(ids)s look like unqualified columns to sqlfluff.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06,AM04

-- name: find_outdated_chunks
with stored as materialized (
    select
        item.wikidata_id,
        item.kept_as,
        item.loaded_by
    from muse.wikidata as item
    where item.wikidata_id in (select new.wikidata_id from {seen} as new)
)

select distinct new.chunk_id
from {seen} as new
left join stored as old on new.wikidata_id = old.wikidata_id
where
    (
        new.kind in ('kept', 'seen')
        and old.kept_as is distinct from new.stored_as
        and old.kept_as is distinct from coalesce(new.kept_as, %(kept_as)s)
    ) or (
        new.kind = 'kept' and not new.unmarked
        and not old.loaded_by @> array[%(filter_number)s::integer]
    );

-- name: upsert_items
-- In one transaction. Rows of the derived tables are written anew.
create temporary table item on commit drop as
select * from {items} as staged
where staged.ctid >= %(first)s and staged.ctid < %(last)s;
create temporary table statement on commit drop as
select built.* from {statements} as built;
create temporary table mentioned on commit drop as
select built.* from {mentioned} as built;
create temporary table named on commit drop as
select built.* from {named} as built;
insert into muse.wikidata_labels (wikidata_id)
select mentioned.wikidata_id
from mentioned
left join named on mentioned.wikidata_id = named.wikidata_id
where length(mentioned.wikidata_id) between 1 and 250 and named.wikidata_id is null
order by mentioned.wikidata_id
on conflict do nothing;
create temporary table made on commit drop as
select built.* from {properties} as built;
create temporary table stored on commit drop as
select
    old.wikidata_id,
    old.lastrevid,
    old.kept_as,
    old.loaded_by
from muse.wikidata as old
where old.wikidata_id in (select item.wikidata_id from item);
create temporary table written on commit drop as
select
    {item_columns},
    case
        when old.wikidata_id is null then item.loaded_by
        when old.loaded_by @> item.loaded_by then old.loaded_by
        else old.loaded_by || item.loaded_by
    end as loaded_by,
    coalesce(made.properties, '{{}}') as properties
from item
left join made on item.wikidata_id = made.wikidata_id
left join stored as old on item.wikidata_id = old.wikidata_id
where case
    when old.wikidata_id is null then item.loaded_by <> '{{}}'
    else
        old.lastrevid is null
        or item.lastrevid > old.lastrevid
        or (item.lastrevid = old.lastrevid and old.kept_as <> item.kept_as)
end;
insert into muse.wikidata ({columns}, loaded_by, run_id, properties)
select
    {columns},
    loaded_by,
    %(run)s as run_id,
    properties
from written
on conflict (wikidata_id) do update set
    ({columns}, loaded_by, run_id, properties)
    = ({excluded_columns}, excluded.loaded_by, excluded.run_id, excluded.properties);
delete from muse.wikidata_numbers
where wikidata_id in (select written.wikidata_id from written);
insert into muse.wikidata_numbers ({number_columns})
select {number_columns} from {numbers} as built
where built.wikidata_id in (select written.wikidata_id from written);
delete from muse.wikidata_sitelinks
where wikidata_id in (select written.wikidata_id from written);
insert into muse.wikidata_sitelinks (wikidata_id, wiki, title)
select
    written.wikidata_id,
    link.key,
    link.value
from written
cross join lateral jsonb_each_text(written.sitelinks) as link
where link.key <> 'enwiki';
select from written;

-- name: mark_items
-- Adds the filter's number to unchanged rows that it keeps.
update muse.wikidata set loaded_by = loaded_by || array[%(filter_number)s::integer]
where
    wikidata_id in (
        select new.wikidata_id from {seen} as new
        where
            new.ctid >= %(first)s and new.ctid < %(last)s
            and new.kind = 'kept' and new.unmarked
    )
    and not loaded_by @> array[%(filter_number)s::integer];

-- name: find_gone
-- is_last: no other filter keeps the row. Rows of entries that failed to parse stay.
create temporary table gone on commit drop as
with stored as materialized (
    select
        item.wikidata_id,
        item.loaded_by
    from muse.wikidata as item
    where %(filter_number)s = 0 or item.loaded_by @> array[%(filter_number)s::integer]
)

select
    old.wikidata_id,
    (
        old.loaded_by <@ array[%(filter_number)s::integer]
        or (%(filter_number)s = 0 and new.kind is null)
    ) as is_last
from stored as old
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

-- name: find_missing_class_items
-- Classes of items that other filters keep, if their own item is not stored, or was loaded by this
-- filter with other languages or by an earlier version. Classes of class items alone do not count.
with stored as materialized (
    select
        item.wikidata_id,
        item.loaded_by,
        item.kept_as,
        item.class_ids
    from muse.wikidata as item
    inner join muse.wikidata_classes as class on item.wikidata_id = class.class_id
    where class.items > 0
),

own as (
    select
        of_it.class_id,
        count(*) as items
    from stored
    cross join lateral unnest(stored.class_ids) as of_it (class_id)
    where stored.loaded_by = array[%(filter_number)s::integer]
    group by of_it.class_id
)

select class.class_id
from muse.wikidata_classes as class
left join own on class.class_id = own.class_id
left join stored as item on class.class_id = item.wikidata_id
left join muse.wikidata_redirects as redirect on class.class_id = redirect.wikidata_id
where
    class.class_id ~ '^Q[1-9][0-9]*$'
    and class.items > 0
    and class.items - coalesce(own.items, 0) >= %(min_count)s
    and (
        item.wikidata_id is null
        or (
            item.loaded_by = array[%(filter_number)s::integer]
            and item.kept_as <> all(%(covering)s::integer[])
        )
    )
    and redirect.wikidata_id is null
order by class.items desc, class.class_id asc;

-- name: find_outdated_items
-- Items that a filter did not load yet, in these languages; or whose stored revision is older.
with stored as materialized (
    select
        known.wikidata_id,
        known.loaded_by,
        known.lastrevid,
        known.kept_as
    from muse.wikidata as known
    where known.wikidata_id = any(%(ids)s::text[])
)

select new.wikidata_id
from
    unnest(%(ids)s::text[], %(revisions)s::bigint[])
    with ordinality as new (wikidata_id, revision, place)
left join stored as item on new.wikidata_id = item.wikidata_id
where
    item.wikidata_id is null
    or not item.loaded_by @> array[%(filter_number)s::integer]
    or coalesce(item.lastrevid, 0) < new.revision
    or item.kept_as <> all(%(covering)s::integer[])
order by new.place;

-- Labels -----------------------------------------------------------------------------------------

-- name: update_labels
-- Labels of an older revision than the stored item's change nothing. only_missing: stored labels do
-- not change, and those that were forgotten return.
create temporary table pair on commit drop as
with stored as materialized (
    select
        item.wikidata_id,
        item.lastrevid
    from muse.wikidata as item
    where item.wikidata_id in (select new.wikidata_id from {seen} as new)
)

select
    old.wikidata_id,
    name.label,
    name.wikipedia_id,
    name.datatype,
    old.label as old_name
from {seen} as new
inner join muse.wikidata_labels as old on new.wikidata_id = old.wikidata_id
left join stored on new.wikidata_id = stored.wikidata_id
cross join
    lateral (
        select
            new.label,
            case new.kind
                when 'label' then old.wikipedia_id
                else new.wikipedia_id
            end as wikipedia_id,
            coalesce(new.datatype, old.datatype) as datatype
    ) as name
where
    new.kind <> 'redirect'
    and (not %(only_missing)s or old.label is null)
    and (old.label, old.wikipedia_id, old.datatype)
    is distinct from (name.label, name.wikipedia_id, name.datatype)
    and coalesce(new.lastrevid >= stored.lastrevid, true);
insert into muse.wikidata_labels (wikidata_id, label, wikipedia_id, datatype)
select
    pair.wikidata_id,
    pair.label,
    pair.wikipedia_id,
    pair.datatype
from pair
on conflict (wikidata_id) do update set
    label = excluded.label,
    wikipedia_id = excluded.wikipedia_id,
    datatype = excluded.datatype;
insert into muse.wikidata_renamed
select pair.wikidata_id from pair
where pair.old_name is distinct from pair.label
on conflict do nothing;

-- name: find_renamed_items
-- Items with a statement of a renamed property, or with a renamed value.
select distinct item.wikidata_id
from muse.wikidata as item
cross join lateral jsonb_each(item.claims) as property
cross join lateral jsonb_array_elements(property.value) as statement
where
    property.key in (select renamed.wikidata_id from muse.wikidata_renamed as renamed)
    or statement.value ->> 'value' in (
        select renamed.wikidata_id from muse.wikidata_renamed as renamed
    )
    or (
        statement.value ->> 'type' = 'globe-coordinate'
        and substring(statement.value -> 'value' ->> 'globe' from '[^/]*$') in (
            select renamed.wikidata_id from muse.wikidata_renamed as renamed
        )
    );

-- Classes ----------------------------------------------------------------------------------------

-- name: take_class_changes
-- The items are counted again, because no triggers count changes; deleted items lose their rows in
-- the derived tables. The row that is inserted and deleted counts for wikidata_changes().
insert into muse.wikidata_class_changes (class_ids, items) values ('{}', 0);
delete from muse.wikidata_class_changes;
delete from muse.wikidata_numbers as number
where not exists (
    select from muse.wikidata as item
    where item.wikidata_id = number.wikidata_id
);
delete from muse.wikidata_sitelinks as link
where not exists (
    select from muse.wikidata as item
    where item.wikidata_id = link.wikidata_id
);
create temporary table delta on commit drop as
select
    counted.class_ids,
    sum(counted.items)::bigint as items
from (
    select
        item.class_ids,
        count(*) as items
    from muse.wikidata as item
    where item.class_ids <> '{}'
    group by item.class_ids
    union all
    select
        old.class_ids,
        -old.items as items
    from muse.wikidata_class_sets as old
) as counted
group by counted.class_ids
having sum(counted.items) <> 0;

-- name: create_no_changes
create temporary table delta (class_ids text[] collate "C", items bigint) on commit drop;

-- name: insert_superclasses
-- Staged classes; also those that have no superclass any more. An older revision than the stored
-- item's changes nothing.
create temporary table stored on commit drop as
select
    item.wikidata_id,
    item.lastrevid
from muse.wikidata as item
where item.wikidata_id in (select new.wikidata_id from {seen} as new);
create temporary table class on commit drop as
select known.class_id from muse.wikidata_classes as known;
insert into pg_temp.above
select
    new.wikidata_id,
    coalesce(new.superclass_ids, '{{}}') as superclass_ids
from {seen} as new
left join stored on new.wikidata_id = stored.wikidata_id
left join class on new.wikidata_id = class.class_id
where
    new.kind in ('kept', 'seen')
    and (new.superclass_ids is not null or class.class_id is not null)
    and coalesce(new.lastrevid >= stored.lastrevid, true);

-- name: update_superclasses
insert into muse.wikidata_classes (class_id, class, superclass_ids)
select
    class.class_id,
    class.class,
    above.superclass_ids
from pg_temp.above as above
inner join muse.wikidata_classes as class on above.class_id = class.class_id
where above.superclass_ids <> class.superclass_ids
on conflict (class_id) do update set
    superclass_ids = excluded.superclass_ids;

-- name: update_class_items
insert into muse.wikidata_classes (class_id, class, items)
select
    class.class_id,
    class.class,
    class.items + counted.items as items
from (
    select
        own.class_id,
        sum(delta.items) as items
    from pg_temp.delta as delta
    cross join unnest(delta.class_ids) as own (class_id)
    group by own.class_id
) as counted
inner join muse.wikidata_classes as class on counted.class_id = class.class_id
where counted.items <> 0
on conflict (class_id) do update set
    items = excluded.items;
