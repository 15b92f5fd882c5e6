-- Claims as rows: statements by property, and their qualifiers.

create or replace function muse.property_ids(property text)
returns setof text
language sql stable parallel safe rows 1
begin atomic
    with named as materialized (
        select property_ids.property as property_id
        where left(property_ids.property, 1000) ~ '^P[1-9][0-9]*$'
        union
        select known.wikidata_id
        from muse.wikidata_labels as known
        where
            known.wikidata_id >= 'P' and known.wikidata_id < 'Q'
            and lower(known.label) = lower(left(property_ids.property, 1000))
    )

    select named.property_id from named
    union all
    select distinct translated.property_id
    from muse.wikidata_property_labels as translated
    where
        lower(translated.label) = lower(left(property_ids.property, 1000))
        and not exists (select from named);
end;

comment on function muse.property_ids(text) is
'Ids of properties by id or label, else by label in another language: select property_ids(''instance of'')';  -- noqa: LT05

-- The columns of a value. A coordinate has a precision too, in degrees: `time` tells a time.
create or replace function muse.value_date(value jsonb)
returns date
language sql immutable parallel safe
begin atomic
    select case
        when value_date.value ? 'time'
            then muse.time_date(
                value_date.value ->> 'time', (value_date.value ->> 'precision')::integer
            )
    end;
end;

comment on function muse.value_date(jsonb) is
'Date of a time: select value_date(''{"time": "+1952-03-11T00:00:00Z", "precision": 11}'')';

create or replace function muse.value_year(value jsonb)
returns integer
language sql immutable parallel safe
begin atomic
    select case
        when
            muse.time_year(value_year.value ->> 'time') between -2147483647 and 2147483647
            then muse.time_year(value_year.value ->> 'time')::integer
    end;
end;

comment on function muse.value_year(jsonb) is
'Year of a value, null for others: select value_year(''{"time": "+1952-03-11T00:00:00Z"}'')';

create or replace function muse.value_precision(value jsonb)
returns text
language sql immutable parallel safe
begin atomic
    select case
        when value_precision.value ? 'time'
            then muse.precision_name(
                value_precision.value ->> 'time', (value_precision.value ->> 'precision')::integer
            )
    end;
end;

comment on function muse.value_precision(jsonb) is
'Precision: select value_precision(''{"time": "+1952-00-00T00:00:00Z", "precision": 9}'')';

create or replace function muse.unit_id(uri text)
returns text
language sql immutable parallel safe
begin atomic
    select split_part(unit_id.uri, '/', -1);
end;

comment on function muse.unit_id(text) is
'Id of a unit, 1 for none: select unit_id(''http://www.wikidata.org/entity/Q11573'')';

create or replace function muse.uri_entity(uri text)
returns text
language sql immutable parallel safe
begin atomic
    select nullif(split_part(uri_entity.uri, '/entity/', 2), '');
end;

comment on function muse.uri_entity(text) is
'Id of an entity in its address: select uri_entity(''http://www.wikidata.org/entity/Q11573'')';

create or replace function muse.calendar_name(uri text)
returns text
language sql immutable parallel safe
begin atomic
    select case muse.uri_entity(calendar_name.uri)
        when 'Q1985727' then 'Gregorian'
        when 'Q1985786' then 'Julian'
        else muse.uri_entity(calendar_name.uri)
    end;
end;

comment on function muse.calendar_name(text) is
'Name of a calendar: select calendar_name(''http://www.wikidata.org/entity/Q1985786'')';

create or replace function muse.wikidata_name(wikidata_id text)
returns text
language sql stable parallel safe
begin atomic
    select coalesce(muse.wikidata_label(wikidata_name.wikidata_id), wikidata_name.wikidata_id);
end;

comment on function muse.wikidata_name(text) is
'Label of an item or property, else its id: select wikidata_name(''P31'')';

-- Every statement has one of three ranks; the conditions on them use the index of claims. A
-- condition on year, amount or base_amount uses an index of wikidata_numbers. value_id is a key of
-- wikidata_labels: a condition on it leads to one row there, and from it to the items, by the last
-- condition of the join and the index of claims (docs/decisions/claims.md). The list is a function
-- in the from clause, so that claims is unpacked once.
create or replace function muse.claim_values(property text, all_ranks boolean default false)
returns setof muse.wikidata_claim
language sql stable parallel safe rows 1000
begin atomic
    select
        item.wikidata_id,
        item.title,
        muse.wikidata_value(
            statement.value ->> 'type', statement.value -> 'value',
            muse.wikidata_label(statement.value ->> 'value')
        ) #>> '{}' as value,
        target.wikidata_id as value_id,
        statement.value ->> 'rank' as rank,
        muse.value_date(statement.value -> 'value') as date,
        number.year,
        muse.value_precision(statement.value -> 'value') as precision,
        muse.calendar_name(statement.value -> 'value' ->> 'calendarmodel') as calendar,
        number.amount,
        muse.wikidata_name(muse.uri_entity(statement.value -> 'value' ->> 'unit')) as unit,
        (statement.value -> 'value' ->> 'latitude')::double precision as lat,
        (statement.value -> 'value' ->> 'longitude')::double precision as lng,
        muse.wikidata_name(muse.uri_entity(statement.value -> 'value' ->> 'globe')) as globe,
        statement.value -> 'value' ->> 'language' as language,
        statement.value ->> 'type' as type,
        coalesce(statement.value -> 'qualifiers', '{}') as qualifiers,
        property.id as property_id,
        statement.place::integer as place,
        number.base_amount,
        muse.base_unit(muse.uri_entity(statement.value -> 'value' ->> 'unit')) as base_unit
    from muse.property_ids(claim_values.property) as property (id)
    inner join muse.wikidata as item
        on
            item.claims @> jsonb_build_object(property.id, '[{"rank": "normal"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "preferred"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "deprecated"}]'::jsonb)
    cross join lateral jsonb_extract_path(item.claims, property.id) as list (statements)
    cross join
        lateral jsonb_array_elements(list.statements) with ordinality as statement (value, place)
    left join muse.wikidata_numbers as number
        on
            item.wikidata_id = number.wikidata_id
            and property.id = number.property_id
            and statement.place = number.place
    left join muse.wikidata_labels as target
        on
            target.wikidata_id = statement.value ->> 'value'
            and starts_with(statement.value ->> 'type', 'wikibase-')
            and item.claims @> jsonb_build_object(
                property.id, jsonb_build_array(jsonb_build_object('value', target.wikidata_id))
            )
    where
        statement.value -> 'value' is not null
        and (
            claim_values.all_ranks
            or statement.value ->> 'rank' = case
                when list.statements @> '[{"rank": "preferred"}]' then 'preferred'
                else 'normal'
            end
        );
end;

comment on function muse.claim_values(text, boolean) is
'One row per item and value of the best rank: select * from claim_values(''instance of'')';

create or replace function muse.qualifiers(property text, qualifier text)
returns setof muse.wikidata_qualifier
language sql stable parallel safe rows 1000
begin atomic
    select
        item.wikidata_id,
        property.id as property_id,
        statement.place::integer as place,
        qualifier.id as qualifier_id,
        snak.number::integer as number,
        muse.wikidata_value(
            snak.value ->> 'type', snak.value -> 'value',
            muse.wikidata_label(snak.value ->> 'value')
        ) #>> '{}' as value,
        case
            when starts_with(snak.value ->> 'type', 'wikibase-') then snak.value ->> 'value'
        end as value_id,
        muse.value_date(snak.value -> 'value') as date,
        muse.value_year(snak.value -> 'value') as year,
        muse.value_precision(snak.value -> 'value') as precision,
        muse.calendar_name(snak.value -> 'value' ->> 'calendarmodel') as calendar,
        (snak.value -> 'value' ->> 'amount')::numeric as amount,
        muse.wikidata_name(muse.uri_entity(snak.value -> 'value' ->> 'unit')) as unit,
        muse.in_base_unit(
            (snak.value -> 'value' ->> 'amount')::numeric,
            muse.unit_id(snak.value -> 'value' ->> 'unit')
        ) as base_amount,
        muse.base_unit(muse.uri_entity(snak.value -> 'value' ->> 'unit')) as base_unit,
        snak.value -> 'value' ->> 'language' as language,
        snak.value ->> 'type' as type
    from muse.property_ids(qualifiers.property) as property (id)
    cross join muse.property_ids(qualifiers.qualifier) as qualifier (id)
    inner join muse.wikidata as item
        on
            item.claims @> jsonb_build_object(property.id, '[{"rank": "normal"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "preferred"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "deprecated"}]'::jsonb)
    cross join
        lateral jsonb_array_elements(item.claims -> property.id)
        with ordinality as statement (value, place)
    cross join
        lateral jsonb_array_elements(statement.value -> 'qualifiers' -> qualifier.id)
        with ordinality as snak (value, number)
    where snak.value ? 'value';
end;

comment on function muse.qualifiers(text, text) is
'One row per item, statement and qualifier value: select * from qualifiers(''P1082'', ''P585'')';

-- Columns of the two functions ----------------------------------------------------------------

comment on type muse.wikidata_claim is
'One row per item and value: select title, year from claim_values(''date of birth'') limit 9';
comment on column muse.wikidata_claim.wikidata_id is 'Id of the item';
comment on column muse.wikidata_claim.title is 'Title of the item';
comment on column muse.wikidata_claim.value is 'The value as in the column properties, as text';
comment on column muse.wikidata_claim.value_id is
'Id of the entity that is the value, indexed; null for others';
comment on column muse.wikidata_claim.rank is 'Rank: preferred, normal or deprecated';
comment on column muse.wikidata_claim.date is
'Date of a time whose day is stated, in its own calendar; else null';
comment on column muse.wikidata_claim.year is
'Year of a time, negative before Christ, indexed; null for other types';
comment on column muse.wikidata_claim.precision is 'Precision of a time, such as year or decade';
comment on column muse.wikidata_claim.calendar is 'Calendar of a time: Gregorian or Julian';
comment on column muse.wikidata_claim.amount is
'Amount of a quantity in its own unit, indexed; null for other types';
comment on column muse.wikidata_claim.unit is 'Name of the unit; null if none';
comment on column muse.wikidata_claim.lat is 'Latitude in degrees; null for other types';
comment on column muse.wikidata_claim.lng is 'Longitude in degrees; null for other types';
comment on column muse.wikidata_claim.globe is 'Name of the body that coordinates are on';
comment on column muse.wikidata_claim.language is 'Language code of a text with a language';
comment on column muse.wikidata_claim.type is 'Datatype of the value, such as time';
comment on column muse.wikidata_claim.qualifiers is
'Qualifiers by property id, a JSON object; qualifiers() has them as rows';
comment on column muse.wikidata_claim.property_id is 'Id of the property';
comment on column muse.wikidata_claim.place is
'Place among the statements of the item and property, from 1';
comment on column muse.wikidata_claim.base_amount is
'Amount in the base unit, such as metres, indexed; null if the unit is not in wikidata_units';
comment on column muse.wikidata_claim.base_unit is 'Name of the base unit; null if none';

comment on type muse.wikidata_qualifier is
'One row per item, statement and qualifier value: select * from qualifiers(''P1082'', ''P585'')';
comment on column muse.wikidata_qualifier.wikidata_id is 'Id of the item';
comment on column muse.wikidata_qualifier.property_id is 'Id of the property of the statement';
comment on column muse.wikidata_qualifier.place is
'Place of the statement, as in claim_values: together with the two ids, the key of a join';
comment on column muse.wikidata_qualifier.qualifier_id is 'Id of the property of the qualifier';
comment on column muse.wikidata_qualifier.number is
'Number among the values of the qualifier, from 1';
comment on column muse.wikidata_qualifier.value is 'The value as text';
comment on column muse.wikidata_qualifier.value_id is
'Id of the entity that is the value; null for other types';
comment on column muse.wikidata_qualifier.date is 'Date of a time whose day is stated; else null';
comment on column muse.wikidata_qualifier.year is 'Year of a time, negative before Christ';
comment on column muse.wikidata_qualifier.precision is 'Precision of a time, such as year';
comment on column muse.wikidata_qualifier.calendar is 'Calendar of a time: Gregorian or Julian';
comment on column muse.wikidata_qualifier.amount is 'Amount of a quantity in its own unit';
comment on column muse.wikidata_qualifier.unit is 'Name of the unit; null if none';
comment on column muse.wikidata_qualifier.base_amount is
'Amount in the base unit; null if the unit is not in wikidata_units';
comment on column muse.wikidata_qualifier.base_unit is 'Name of the base unit; null if none';
comment on column muse.wikidata_qualifier.language is 'Language code of a text with a language';
comment on column muse.wikidata_qualifier.type is 'Datatype of the value, such as time';
