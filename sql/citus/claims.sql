-- Statements on a cluster: the nodes find the items, this server makes rows of their statements,
-- because the units and the functions are here.

create or replace function muse.property_ids(property text)
returns setof text
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[];
begin
    ids := array(
        select known.wikidata_id
        from muse.wikidata_labels as known
        where
            known.wikidata_id >= 'P' and known.wikidata_id < 'Q'
            and lower(known.label) = lower(left(property_ids.property, 1000))
    );
    if
        left(property_ids.property, 1000) ~ '^P[1-9][0-9]*$'
        and not property_ids.property = any(ids)
    then
        ids := ids || property_ids.property;
    end if;
    if cardinality(ids) = 0 then
        ids := array(
            select distinct translated.property_id
            from muse.wikidata_property_labels as translated
            where lower(translated.label) = lower(left(property_ids.property, 1000))
        );
    end if;
    return query select unnest(ids);
end
$$;

create or replace function muse.wikidata_statements(wikidata_id text)
returns jsonb
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    item record;
begin
    select stored.claims, stored.statement_ids into item
    from muse.wikidata as stored where stored.wikidata_id = wikidata_statements.wikidata_id;
    if item.claims is null then
        return null;
    end if;
    return (
        select
            coalesce(jsonb_object_agg(property.key, (
                select
                    jsonb_agg(
                        muse.wikibase_statement(
                            property.key, statement.value,
                            item.statement_ids -> property.key -> (statement.place - 1)::integer
                        ) order by statement.place
                    )
                from
                    jsonb_array_elements(property.value)
                    with ordinality as statement (value, place)
            )), '{}')
        from jsonb_each(item.claims) as property
    );
end
$$;

create or replace function muse.claim_values(property text, all_ranks boolean default false)
returns setof muse.wikidata_claim
language plpgsql stable parallel safe rows 1000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    property_id text;
begin
    for property_id in select muse.property_ids(claim_values.property) loop
        return query
        with item as materialized (
            select stored.wikidata_id, stored.title, stored.claims -> property_id as statements
            from muse.wikidata as stored
            where
                stored.claims @> jsonb_build_object(property_id, '[{"rank": "normal"}]'::jsonb)
                or stored.claims @> jsonb_build_object(property_id, '[{"rank": "preferred"}]'::jsonb)
                or stored.claims
                @> jsonb_build_object(property_id, '[{"rank": "deprecated"}]'::jsonb)
        )

        select
            item.wikidata_id,
            item.title,
            muse.wikidata_value(
                statement.value ->> 'type', statement.value -> 'value', target.label
            ) #>> '{}',
            target.wikidata_id,
            statement.value ->> 'rank',
            muse.value_date(statement.value -> 'value'),
            muse.value_year(statement.value -> 'value'),
            muse.value_precision(statement.value -> 'value'),
            muse.calendar_name(statement.value -> 'value' ->> 'calendarmodel'),
            (statement.value -> 'value' ->> 'amount')::numeric,
            coalesce(named.label, muse.uri_entity(statement.value -> 'value' ->> 'unit')),
            (statement.value -> 'value' ->> 'latitude')::double precision,
            (statement.value -> 'value' ->> 'longitude')::double precision,
            coalesce(globe.label, muse.uri_entity(statement.value -> 'value' ->> 'globe')),
            statement.value -> 'value' ->> 'language',
            statement.value ->> 'type',
            coalesce(statement.value -> 'qualifiers', '{}'),
            property_id,
            statement.place::integer,
            trim_scale(
                ((statement.value -> 'value' ->> 'amount')::numeric + unit.shift)
                * unit.factor / unit.divisor
            ),
            case when statement.value -> 'value' ->> 'unit' like '%/entity/%' then unit.base end
        from item
        cross join
            lateral jsonb_array_elements(item.statements) with ordinality as statement (value, place)
        left join muse.wikidata_units as unit
            on unit.unit_id = muse.unit_id(statement.value -> 'value' ->> 'unit')
        left join muse.wikidata_labels as target
            on
                target.wikidata_id = statement.value ->> 'value'
                and starts_with(statement.value ->> 'type', 'wikibase-')
        left join muse.wikidata_labels as named
            on named.wikidata_id = muse.uri_entity(statement.value -> 'value' ->> 'unit')
        left join muse.wikidata_labels as globe
            on globe.wikidata_id = muse.uri_entity(statement.value -> 'value' ->> 'globe')
        where
            statement.value -> 'value' is not null
            and (
                claim_values.all_ranks
                or statement.value ->> 'rank' = case
                    when item.statements @> '[{"rank": "preferred"}]' then 'preferred'
                    else 'normal'
                end
            );
    end loop;
end
$$;

create or replace function muse.qualifiers(property text, qualifier text)
returns setof muse.wikidata_qualifier
language plpgsql stable parallel safe rows 1000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    property_id text;
    qualifier_ids text[];
begin
    qualifier_ids := array(select muse.property_ids(qualifiers.qualifier));
    for property_id in select muse.property_ids(qualifiers.property) loop
        return query
        with item as materialized (
            select stored.wikidata_id, stored.claims -> property_id as statements
            from muse.wikidata as stored
            where
                stored.claims @> jsonb_build_object(property_id, '[{"rank": "normal"}]'::jsonb)
                or stored.claims @> jsonb_build_object(property_id, '[{"rank": "preferred"}]'::jsonb)
                or stored.claims
                @> jsonb_build_object(property_id, '[{"rank": "deprecated"}]'::jsonb)
        )

        select
            item.wikidata_id,
            property_id,
            statement.place::integer,
            qualifier.id,
            snak.number::integer,
            muse.wikidata_value(snak.value ->> 'type', snak.value -> 'value', target.label) #>> '{}',
            case
                when starts_with(snak.value ->> 'type', 'wikibase-') then snak.value ->> 'value'
            end,
            muse.value_date(snak.value -> 'value'),
            muse.value_year(snak.value -> 'value'),
            muse.value_precision(snak.value -> 'value'),
            muse.calendar_name(snak.value -> 'value' ->> 'calendarmodel'),
            (snak.value -> 'value' ->> 'amount')::numeric,
            coalesce(named.label, muse.uri_entity(snak.value -> 'value' ->> 'unit')),
            trim_scale(
                ((snak.value -> 'value' ->> 'amount')::numeric + unit.shift)
                * unit.factor / unit.divisor
            ),
            case when snak.value -> 'value' ->> 'unit' like '%/entity/%' then unit.base end,
            snak.value -> 'value' ->> 'language',
            snak.value ->> 'type'
        from item
        cross join unnest(qualifier_ids) as qualifier (id)
        cross join
            lateral jsonb_array_elements(item.statements) with ordinality as statement (value, place)
        cross join
            lateral jsonb_array_elements(statement.value -> 'qualifiers' -> qualifier.id)
            with ordinality as snak (value, number)
        left join muse.wikidata_units as unit
            on unit.unit_id = muse.unit_id(snak.value -> 'value' ->> 'unit')
        left join muse.wikidata_labels as target
            on target.wikidata_id = snak.value ->> 'value'
        left join muse.wikidata_labels as named
            on named.wikidata_id = muse.uri_entity(snak.value -> 'value' ->> 'unit')
        where snak.value ? 'value';
    end loop;
end
$$;

-- Units change with a version of pgmuse, so that a scan for each that changed will do.
create or replace function muse.convert_amounts()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    unit muse.wikidata_units;
begin
    for unit in select after_it.* from after_it loop
        update muse.wikidata_numbers as number
        set base_amount = trim_scale((number.amount + unit.shift) * unit.factor / unit.divisor)
        from muse.wikidata as item
        where
            item.wikidata_id = number.wikidata_id
            and number.amount is not null
            and unit.unit_id = split_part(
                item.claims -> number.property_id -> (number.place - 1) -> 'value' ->> 'unit',
                '/', -1
            )
            and number.base_amount is distinct from trim_scale(
                (number.amount + unit.shift) * unit.factor / unit.divisor
            );
    end loop;
    return null;
end
$$;

create or replace function muse.common_properties(classes text[])
returns setof text
language plpgsql stable parallel safe rows 40
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    members bigint;
begin
    select count(*) into members
    from muse.wikidata as item where item.class_ids && common_properties.classes;
    return query
    with counted as materialized (
        select claim.property_id, count(*) as items
        from muse.wikidata as item
        cross join lateral jsonb_object_keys(item.claims) as claim (property_id)
        where item.class_ids && common_properties.classes
        group by claim.property_id
    ),

    common as (
        select counted.property_id, counted.items
        from counted
        left join muse.wikidata_labels as label on counted.property_id = label.wikidata_id
        where
            counted.property_id ~ '^P[1-9][0-9]*$'
            and counted.items * 10 >= members
        order by
            label.datatype = 'external-id' nulls first, counted.items desc, counted.property_id
        limit 40
    )

    select common.property_id from common
    order by common.items desc, length(common.property_id), common.property_id;
end
$$;

create or replace function muse.property_kind(property_id text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    datatype text;
begin
    select label.datatype into datatype
    from muse.wikidata_labels as label where label.wikidata_id = property_kind.property_id;
    if datatype is null then
        select statement.value ->> 'type' into datatype
        from muse.wikidata as item
        cross join
            lateral jsonb_array_elements(item.claims -> property_kind.property_id) as statement
        where
            item.claims @> jsonb_build_object(
                property_kind.property_id, '[{"rank": "normal"}]'::jsonb
            )
            and statement.value ? 'type'
        limit 1;
    end if;
    return muse.value_kind(datatype);
end
$$;
