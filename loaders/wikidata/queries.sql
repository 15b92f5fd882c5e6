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

made as (
    select
        built.wikidata_id,
        built.properties
    from {properties} as built
)

insert into muse.wikidata ({columns}, loaded_by, properties)
select
    {item_columns},
    item.loaded_by,
    coalesce(made.properties, '{{}}') as properties
from item
left join made on item.wikidata_id = made.wikidata_id;

-- name: upsert_items
-- Writes newer revisions, and the same revision with other languages or wikis.
with item as materialized (
    select * from {items} as staged
    where staged.ctid >= %(first)s and staged.ctid < %(last)s
),

made as (
    select
        built.wikidata_id,
        built.properties
    from {properties} as built
),

changed as (
    update muse.wikidata as old set
        ({columns}, loaded_by, properties) = (
            {item_columns},
            case
                when old.loaded_by @> item.loaded_by then old.loaded_by
                else old.loaded_by || item.loaded_by
            end,
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
)

insert into muse.wikidata ({columns}, loaded_by, properties)
select
    {item_columns},
    item.loaded_by,
    coalesce(made.properties, '{{}}') as properties
from item
left join made on item.wikidata_id = made.wikidata_id
where
    item.loaded_by <> '{{}}'
    and not exists (
        select from muse.wikidata as old
        where old.wikidata_id = item.wikidata_id
    );

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

-- Names and properties ---------------------------------------------------------------------------

-- name: insert_labels
-- Labels are inserted before the items that use them. record: whether stored items may use the ids
-- of new labels; the new names are then recorded as renamed.
with added as (
    insert into muse.wikidata_labels (wikidata_id, label, wikipedia_id, datatype)
    select
        new.wikidata_id,
        new.label,
        new.wikipedia_id,
        new.datatype
    from {seen} as new
    where
        new.kind <> 'redirect'
        and not exists (
            select from muse.wikidata_labels as old
            where old.wikidata_id = new.wikidata_id
        )
    order by new.wikidata_id
    returning wikidata_id, coalesce(wikipedia_id, label) as name
)

insert into muse.wikidata_renamed
select added.wikidata_id from added
where %(record)s and added.name is not null
on conflict do nothing;

-- name: update_labels
-- Labels of an older revision than the stored item's change nothing.
with pair as (
    select
        old.wikidata_id,
        name.label,
        name.wikipedia_id,
        name.datatype,
        coalesce(old.wikipedia_id, old.label) as old_name
    from {seen} as new
    inner join muse.wikidata_labels as old on new.wikidata_id = old.wikidata_id
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
        and (old.label, old.wikipedia_id, old.datatype)
        is distinct from (name.label, name.wikipedia_id, name.datatype)
        and coalesce(new.lastrevid >= (
            select item.lastrevid
            from muse.wikidata as item
            where item.wikidata_id = new.wikidata_id
        ), true)
),

changed as (
    update muse.wikidata_labels as old set
        label = pair.label,
        wikipedia_id = pair.wikipedia_id,
        datatype = pair.datatype
    from pair
    where pair.wikidata_id = old.wikidata_id
)

insert into muse.wikidata_renamed
select pair.wikidata_id from pair
where pair.old_name is distinct from coalesce(pair.wikipedia_id, pair.label)
on conflict do nothing;

-- name: upsert_redirects
insert into muse.wikidata_redirects as old
select
    new.wikidata_id,
    new.target_id
from {seen} as new
where new.kind = 'redirect'
on conflict (wikidata_id) do update set
    target_id = excluded.target_id
where old.target_id <> excluded.target_id;

-- name: copy_redirect_labels
-- A redirected id has the label of its target.
with named as (
    insert into muse.wikidata_labels as old
    select
        redirect.wikidata_id,
        target.label,
        target.wikipedia_id,
        target.datatype
    from muse.wikidata_redirects as redirect
    inner join muse.wikidata_labels as target on redirect.target_id = target.wikidata_id
    on conflict (wikidata_id) do update
        set
            label = excluded.label,
            wikipedia_id = excluded.wikipedia_id,
            datatype = excluded.datatype
        where
        (old.label, old.wikipedia_id, old.datatype)
        is distinct from (excluded.label, excluded.wikipedia_id, excluded.datatype)
    returning wikidata_id
)

insert into muse.wikidata_renamed
select named.wikidata_id from named
on conflict do nothing;

-- name: build_properties
-- The properties of the rows of `item` (wikidata_id, claims), as a part of other queries. Values
-- of the best rank, each once: one stands alone, several are a sorted array. `named` is an index
-- scan however large the table is.
with statement as materialized (
    select
        item.wikidata_id,
        property.key as property_id,
        statement.value ->> 'type' as type,
        statement.value -> 'value' as value
    from item
    cross join jsonb_each(item.claims) as property
    cross join jsonb_array_elements(property.value) as statement
    where
        statement.value ? 'value'
        and statement.value ->> 'rank' = case
            when property.value @> '[{{"rank": "preferred"}}]' then 'preferred'
            else 'normal'
        end
),

named as materialized (
    select
        label.wikidata_id,
        coalesce(label.wikipedia_id, label.label) as name
    from muse.wikidata_labels as label
    where
        label.wikidata_id = any(array(
            select statement.property_id from statement
            union
            select statement.value #>> '{{}}' from statement
            where starts_with(statement.type, 'wikibase-')
        ))
),

property as (
    select
        statement.wikidata_id,
        coalesce(property.name, statement.property_id) as name,
        muse.wikidata_value(statement.type, statement.value, target.name) as value
    from statement
    left join named as property on statement.property_id = property.wikidata_id
    left join named as target
        on
            target.wikidata_id = statement.value #>> '{{}}'
            and starts_with(statement.type, 'wikibase-')
),

gathered as (
    select
        property.wikidata_id,
        property.name,
        array_agg(property.value) as elements
    from property
    group by property.wikidata_id, property.name
)

select
    gathered.wikidata_id,
    jsonb_object_agg(
        gathered.name,
        case cardinality(gathered.elements)
            when 1 then gathered.elements[1]
            else (
                select
                    case count(*)
                        when 1 then gathered.elements[1]
                        else jsonb_agg(each_once.element order by each_once.element)
                    end
                from (
                    select distinct one.element from unnest(gathered.elements) as one (element)
                ) as each_once
            )
        end
    ) as properties
from gathered
group by gathered.wikidata_id;

-- name: find_renamed_items
-- Items with a statement of a renamed property, or with a renamed value.
select item.wikidata_id
from muse.wikidata as item
where
    exists (
        select from jsonb_each(item.claims) as property
        where property.key in (select renamed.wikidata_id from muse.wikidata_renamed as renamed)
    )
    or exists (
        select
        from jsonb_each(item.claims) as property
        cross join jsonb_array_elements(property.value) as statement
        where
            statement.value ->> 'value' in (
                select renamed.wikidata_id from muse.wikidata_renamed as renamed
            )
    );

-- name: update_properties
with item as materialized ( -- noqa: ST03
    select
        stored.wikidata_id,
        stored.claims
    from muse.wikidata as stored
    where stored.wikidata_id = any(%(ids)s)
),

made as (
    select
        built.wikidata_id,
        built.properties
    from {properties} as built
)

update muse.wikidata as old set properties = made.properties
from made
where made.wikidata_id = old.wikidata_id and old.properties <> made.properties;

-- Classes ----------------------------------------------------------------------------------------

-- name: take_class_changes
-- Moves the changes that triggers counted into a temporary table.
create temporary table delta on commit drop as
with counted as (
    delete from muse.wikidata_class_changes
    returning class_id, items
)

select
    counted.class_id,
    sum(counted.items)::bigint as items
from counted
group by counted.class_id
having sum(counted.items) <> 0;

-- name: create_superclasses
create temporary table above (
    class_id text collate "C", superclass_ids text[] collate "C"
) on commit drop;

-- name: insert_superclasses
-- Staged classes; also those that have no superclass any more.
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
    );

-- name: insert_classes
insert into muse.wikidata_classes (class_id, class)
select
    new.class_id,
    new.class_id as class
from (
    select delta.class_id from pg_temp.delta as delta
    union
    select above.class_id from pg_temp.above as above
    union
    select superclass.id
    from pg_temp.above as above
    cross join unnest(above.superclass_ids) as superclass (id)
) as new
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
update muse.wikidata_classes as class set items = class.items + delta.items
from pg_temp.delta as delta
where delta.class_id = class.class_id;

-- name: update_class_names
update muse.wikidata_classes as class set
    class = coalesce(label.wikipedia_id, label.label, label.wikidata_id),
    label = label.label
from muse.wikidata_labels as label
where
    label.wikidata_id = class.class_id
    and (class.class, class.label) is distinct from (
        coalesce(label.wikipedia_id, label.label, label.wikidata_id), label.label
    );

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
    and source.loaded_at is not null
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
