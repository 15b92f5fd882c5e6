-- Queries that update the classes at the end of a load. {seen}: a staging table of the load.

-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- name: find_pending_recount
-- An empty set in the changes: superclasses changed, and counts with subclasses are older.
select from muse.wikidata_class_changes
where class_ids = '{}' limit 1;  -- noqa: AM09

-- name: insert_pending_recount
insert into muse.wikidata_class_changes (class_ids, items) values ('{}', 0);

-- name: take_class_changes
-- Moves the changes that triggers counted into a temporary table.
create temporary table delta on commit drop as
with counted as (
    delete from muse.wikidata_class_changes
    returning class_ids, items
)

select
    counted.class_ids,
    sum(counted.items)::bigint as items
from counted
group by counted.class_ids
having sum(counted.items) <> 0;

-- name: update_class_sets
update muse.wikidata_class_sets as old set items = old.items + delta.items
from pg_temp.delta as delta
where delta.class_ids = old.class_ids;

-- name: insert_class_sets
insert into muse.wikidata_class_sets (class_ids, items)
select
    delta.class_ids,
    delta.items
from pg_temp.delta as delta
where
    not exists (
        select from muse.wikidata_class_sets as old
        where old.class_ids = delta.class_ids
    );

-- name: delete_class_sets
delete from muse.wikidata_class_sets
where items <= 0;

-- name: create_superclasses
create temporary table above (
    class_id text collate "C", superclass_ids text[] collate "C"
) on commit drop;

-- name: insert_superclasses
-- Staged classes; also those that have no superclass any more. An older revision than the stored
-- item's changes nothing.
insert into pg_temp.above
select
    new.wikidata_id,
    coalesce(new.superclass_ids, '{{}}') as superclass_ids
from {seen} as new
where
    new.kind in ('kept', 'seen')
    and (
        new.superclass_ids is not null
        or exists (
            select from muse.wikidata_classes as class
            where class.class_id = new.wikidata_id
        )
    )
    and coalesce(new.lastrevid >= (
        select item.lastrevid
        from muse.wikidata as item
        where item.wikidata_id = new.wikidata_id
    ), true);

-- name: insert_classes
insert into muse.wikidata_classes (class_id, class, article, depth)
select
    new.class_id,
    coalesce(label.label, new.class_id) as class,
    label.wikipedia_id as article,
    0 as depth
from (
    select own.class_id
    from pg_temp.delta as delta
    cross join unnest(delta.class_ids) as own (class_id)
    union
    select above.class_id from pg_temp.above as above
    union
    select superclass.id
    from pg_temp.above as above
    cross join unnest(above.superclass_ids) as superclass (id)
) as new
left join muse.wikidata_labels as label on new.class_id = label.wikidata_id
where
    not exists (
        select from muse.wikidata_classes as old
        where old.class_id = new.class_id
    );

-- name: update_superclasses
update muse.wikidata_classes as class set superclass_ids = above.superclass_ids
from pg_temp.above as above
where above.class_id = class.class_id and above.superclass_ids <> class.superclass_ids;

-- name: update_class_items
update muse.wikidata_classes as class set items = class.items + counted.items
from (
    select
        own.class_id,
        sum(delta.items) as items
    from pg_temp.delta as delta
    cross join unnest(delta.class_ids) as own (class_id)
    group by own.class_id
) as counted
where counted.class_id = class.class_id and counted.items <> 0;

-- name: update_class_names
update muse.wikidata_classes as class set
    class = coalesce(label.label, label.wikidata_id),
    article = label.wikipedia_id
from muse.wikidata_labels as label
where
    label.wikidata_id = class.class_id
    and (class.class, class.article) is distinct from (
        coalesce(label.label, label.wikidata_id), label.wikipedia_id
    );
