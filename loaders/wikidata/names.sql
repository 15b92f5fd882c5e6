-- Queries for labels and the column properties. {seen}: a staging table of a load.

-- Values such as %(ids)s look like unqualified columns to sqlfluff.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

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
    returning wikidata_id, label as name
)

insert into muse.wikidata_renamed
select added.wikidata_id from added
where %(record)s and added.name is not null
on conflict do nothing;

-- name: update_labels
-- Labels of an older revision than the stored item's change nothing. only_missing: stored labels do
-- not change, and those that were forgotten return.
with pair as (
    select
        old.wikidata_id,
        name.label,
        name.wikipedia_id,
        name.datatype,
        old.label as old_name
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
        and (not %(only_missing)s or old.label is null)
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
where pair.old_name is distinct from pair.label
on conflict do nothing;

-- name: upsert_property_labels
insert into muse.wikidata_property_labels as old (property_id, language, label)
select
    new.wikidata_id,
    name.key,
    name.value
from {seen} as new
cross join lateral jsonb_each_text(new.labels) as name
where new.labels is not null and name.value is not null
on conflict (property_id, language) do update set
    label = excluded.label
where old.label <> excluded.label;

-- name: delete_property_labels
delete from muse.wikidata_property_labels as old
using {seen} as new
where
    new.labels is not null
    and new.wikidata_id = old.property_id
    and new.labels -> old.language = 'null';

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

-- name: build_statements
-- Statements with a value of the rows of `item` (wikidata_id, claims), as a part of other queries.
select
    item.wikidata_id,
    property.key as property_id,
    statement.place,
    statement.value ->> 'type' as type,
    statement.value -> 'value' as value,
    case
        when starts_with(statement.value ->> 'type', 'wikibase-') then statement.value ->> 'value'
    end as target_id,
    statement.value ->> 'rank' = case
        when property.value @> '[{{"rank": "preferred"}}]' then 'preferred'
        else 'normal'
    end as is_best
from item
cross join jsonb_each(item.claims) as property
cross join jsonb_array_elements(property.value) with ordinality as statement (value, place)
where statement.value ? 'value';

-- name: build_mentioned
-- The ids in the rows of `statement`.
select statement.property_id as wikidata_id from statement
union
select statement.target_id from statement
where statement.target_id is not null;

-- name: build_named
-- The labels of the ids in `mentioned`: an index scan however large the table is. The planner
-- expects few rows, and joins them by hash.
select
    label.wikidata_id,
    label.label as name
from muse.wikidata_labels as label
where label.wikidata_id = any(array(select mentioned.wikidata_id from mentioned));

-- name: build_numbers
-- Rows of wikidata_numbers from those of `statement`. The parser has checked times and amounts.
select
    statement.place::integer as place,
    case
        when
            statement.type = 'time'
            and left(statement.value ->> 'time', -16)::bigint
            between -2147483647 and 2147483647
            then left(statement.value ->> 'time', -16)::integer
    end as year,
    statement.wikidata_id,
    statement.property_id,
    case
        when statement.type = 'quantity' then (statement.value ->> 'amount')::numeric
    end as amount,
    case
        when statement.type = 'quantity'
            then trim_scale(
                ((statement.value ->> 'amount')::numeric + unit.shift) * unit.factor / unit.divisor
            )
    end as base_amount
from statement
left join muse.wikidata_units as unit
    on
        statement.type = 'quantity'
        and unit.unit_id = muse.unit_id(statement.value ->> 'unit')
where statement.type in ('time', 'quantity');

-- name: build_properties
-- The properties of the items of `statement`. Values of the best rank, each once: one stands alone,
-- several are a sorted array.
with property as (
    select
        statement.wikidata_id,
        coalesce(property.name, statement.property_id) as name,
        muse.wikidata_value(statement.type, statement.value, target.name) as value
    from statement
    left join named as property on statement.property_id = property.wikidata_id
    left join named as target on statement.target_id = target.wikidata_id
    where statement.is_best
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
            or (
                statement.value ->> 'type' = 'globe-coordinate'
                and substring(statement.value -> 'value' ->> 'globe' from '[^/]*$') in (
                    select renamed.wikidata_id from muse.wikidata_renamed as renamed
                )
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

statement as materialized ( -- noqa: ST03
    select built.* from {statements} as built
),

mentioned as materialized ( -- noqa: ST03
    select built.* from {mentioned} as built
),

named as materialized ( -- noqa: ST03
    select built.* from {named} as built
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
