-- Claims: the values of statements, and statements in Wikibase's JSON.

create or replace function muse.wikidata_value(type text, value jsonb, name text)
returns jsonb
language sql stable parallel safe
begin atomic
    select case
        when starts_with(wikidata_value.type, 'wikibase-') or wikidata_value.type = 'entity-schema'
            then to_jsonb(coalesce(wikidata_value.name, wikidata_value.value #>> '{}'))
        when wikidata_value.type = 'time'
            then to_jsonb(muse.time_text(
                wikidata_value.value ->> 'time', (wikidata_value.value ->> 'precision')::integer
            ))
        when wikidata_value.type = 'quantity'
            then to_jsonb((wikidata_value.value ->> 'amount')::numeric)
        when wikidata_value.type = 'monolingualtext' then wikidata_value.value -> 'text'
        when wikidata_value.type = 'globe-coordinate'
            then jsonb_build_object(
                'lat', wikidata_value.value -> 'latitude',
                'lng', wikidata_value.value -> 'longitude'
            ) || case
                when wikidata_value.value ->> 'globe' not like '%/Q2'
                    then jsonb_build_object('globe', coalesce(
                        muse.wikidata_label(
                            substring(wikidata_value.value ->> 'globe' from '[^/]*$')
                        ),
                        substring(wikidata_value.value ->> 'globe' from '[^/]*$')
                    ))
                else '{}'
            end
        else wikidata_value.value
    end;
end;

comment on function muse.wikidata_value(text, jsonb, text) is
'Value of a claim as in the column properties: select wikidata_value(''string'', ''"a"'', null)';

-- claim_values ---------------------------------------------------------------------------------

create or replace function muse.property_ids(property text)
returns setof text
language sql stable parallel safe rows 1
begin atomic
    select property_ids.property
    where left(property_ids.property, 1000) ~ '^P[1-9][0-9]*$'
    union
    select known.wikidata_id
    from muse.wikidata_labels as known
    where
        known.wikidata_id >= 'P' and known.wikidata_id < 'Q'
        and lower(known.label) = lower(left(property_ids.property, 1000));
end;

comment on function muse.property_ids(text) is
'Ids of properties by id or English label: select property_ids(''instance of'')';

-- Every statement has one of three ranks; the conditions on them use the index of claims.
create or replace function muse.claim_values(property text, all_ranks boolean default false)
returns table (
    wikidata_id text, title text, value text, value_id text, rank text, date date, year integer,
    "precision" text,  -- noqa: RF06
    calendar text, amount numeric, unit text, lat double precision, lng double precision,
    globe text, language text, type text, qualifiers jsonb
)
language sql stable parallel safe rows 1000
begin atomic
    select
        item.wikidata_id,
        item.title,
        muse.wikidata_value(kind.type, statement.value -> 'value', target.name) #>> '{}' as value,
        target.id as value_id,
        statement.value ->> 'rank' as rank,
        muse.time_date(moment.written, moment.precision) as date,
        case
            when muse.time_year(moment.written) between -2147483647 and 2147483647
                then muse.time_year(moment.written)::integer
        end as year,
        (array[
            'billion years', 'hundred million years', 'ten million years', 'million years',
            '100,000 years', '10,000 years', 'millennium', 'century', 'decade', 'year', 'month',
            'day', 'hour', 'minute', 'second'
        ])[muse.time_precision(moment.written, moment.precision) + 1] as precision,
        case moment.calendar
            when 'Q1985727' then 'Gregorian' when 'Q1985786' then 'Julian' else moment.calendar
        end as calendar,
        case
            when kind.type = 'quantity' then (statement.value -> 'value' ->> 'amount')::numeric
        end as amount,
        coalesce(muse.wikidata_label(unit.id), unit.id) as unit,
        case
            when kind.type = 'globe-coordinate'
                then (statement.value -> 'value' ->> 'latitude')::double precision
        end as lat,
        case
            when kind.type = 'globe-coordinate'
                then (statement.value -> 'value' ->> 'longitude')::double precision
        end as lng,
        coalesce(muse.wikidata_label(globe.id), globe.id) as globe,
        case
            when kind.type = 'monolingualtext' then statement.value -> 'value' ->> 'language'
        end as language,
        kind.type,
        coalesce(statement.value -> 'qualifiers', '{}') as qualifiers
    from muse.property_ids(claim_values.property) as property (id)
    inner join muse.wikidata as item
        on
            item.claims @> jsonb_build_object(property.id, '[{"rank": "normal"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "preferred"}]'::jsonb)
            or item.claims @> jsonb_build_object(property.id, '[{"rank": "deprecated"}]'::jsonb)
    cross join lateral jsonb_array_elements(item.claims -> property.id) as statement
    cross join
        lateral (
            select
                statement.value ->> 'type' as type,
                starts_with(statement.value ->> 'type', 'wikibase-') as names_entity
        ) as kind
    left join lateral (
        select
            known.id,
            muse.wikidata_label(known.id) as name
        from (select statement.value ->> 'value' as id) as known
    ) as target on kind.names_entity
    left join lateral (
        select
            statement.value -> 'value' ->> 'time' as written,
            (statement.value -> 'value' ->> 'precision')::integer as precision,
            substring(statement.value -> 'value' ->> 'calendarmodel' from '/entity/(.*)')
                as calendar
    ) as moment on kind.type = 'time'
    left join lateral (
        select substring(statement.value -> 'value' ->> 'unit' from '/entity/(.*)') as id
    ) as unit on kind.type = 'quantity'
    left join lateral (
        select substring(statement.value -> 'value' ->> 'globe' from '/entity/(.*)') as id
    ) as globe on kind.type = 'globe-coordinate'
    where
        statement.value ? 'value'
        and (
            claim_values.all_ranks
            or statement.value ->> 'rank' = case
                when item.claims -> property.id @> '[{"rank": "preferred"}]' then 'preferred'
                else 'normal'
            end
        );
end;

comment on function muse.claim_values(text, boolean) is
'One row per item and value of the best rank: select * from claim_values(''instance of'')';

-- Wikibase's JSON --------------------------------------------------------------------------------

create or replace function muse.wikibase_datavalue(type text, value jsonb)
returns jsonb
language sql stable parallel safe
begin atomic
    select
        case
            when
                starts_with(wikibase_datavalue.type, 'wikibase-')
                or wikibase_datavalue.type = 'entity-schema'
                then jsonb_build_object('type', 'wikibase-entityid', 'value', case
                    when entity.id ~ '^[QPL][0-9]+$'
                        then
                            jsonb_build_object(
                                'entity-type',
                                case left(entity.id, 1)
                                    when 'Q' then 'item' when 'P' then 'property' else 'lexeme'
                                end,
                                'numeric-id', substring(entity.id from 2)::bigint,
                                'id', entity.id
                            )
                    else jsonb_build_object(
                        'entity-type',
                        case
                            when entity.id like '%/%' then 'item'
                            when entity.id like '%-F%' then 'form'
                            when entity.id like '%-S%' then 'sense'
                            else 'entity-schema'
                        end,
                        'id', entity.id
                    )
                end)
            else jsonb_build_object(
                'type',
                case wikibase_datavalue.type
                    when 'globe-coordinate' then 'globecoordinate'
                    when 'time' then 'time'
                    when 'quantity' then 'quantity'
                    when 'monolingualtext' then 'monolingualtext'
                    else 'string'
                end,
                'value', wikibase_datavalue.value
            )
        end
    from (select wikibase_datavalue.value #>> '{}' as id) as entity;
end;

comment on function muse.wikibase_datavalue(text, jsonb) is
'Value of a claim in Wikibase''s JSON: select wikibase_datavalue(''wikibase-item'', ''"Q5"'')';

create or replace function muse.wikibase_snak(property text, snak jsonb, hash text)
returns jsonb
language sql stable parallel safe
begin atomic
    select
        jsonb_build_object(
            'snaktype', coalesce(wikibase_snak.snak ->> 'snak', 'value'),
            'property', wikibase_snak.property
        )
        || case
            when wikibase_snak.snak ? 'type'
                then jsonb_build_object('datatype', wikibase_snak.snak -> 'type')
            else '{}'
        end
        || case
            when wikibase_snak.hash is not null
                then jsonb_build_object('hash', wikibase_snak.hash)
            else '{}'
        end
        || case
            when wikibase_snak.snak ? 'value'
                then jsonb_build_object('datavalue', muse.wikibase_datavalue(
                    wikibase_snak.snak ->> 'type', wikibase_snak.snak -> 'value'
                ))
            else '{}'
        end;
end;

comment on function muse.wikibase_snak(text, jsonb, text) is
'Snak in Wikibase''s JSON: select wikibase_snak(''P31'', ''{"snak": "novalue"}'', null)';

create or replace function muse.wikibase_qualifiers(qualifiers jsonb, told jsonb)
returns jsonb
language sql stable parallel safe
begin atomic
    select
        jsonb_build_object(
            'qualifiers', jsonb_object_agg(property.key, (
                select
                    jsonb_agg(
                        muse.wikibase_snak(
                            property.key, snak.value,
                            wikibase_qualifiers.told
                            -> 'hashes' -> property.key ->> (snak.place - 1)::integer
                        ) order by snak.place
                    )
                from jsonb_array_elements(property.value) with ordinality as snak (value, place)
            )),
            'qualifiers-order', coalesce(
                wikibase_qualifiers.told -> 'order',
                jsonb_agg(property.key order by property.key collate pg_catalog."C")
            )
        )
    from jsonb_each(wikibase_qualifiers.qualifiers) as property;
end;

comment on function muse.wikibase_qualifiers(jsonb, jsonb) is
'Qualifiers of a statement in Wikibase''s JSON: select wikibase_qualifiers(''{"P1": []}'', ''{}'')';

create or replace function muse.wikibase_statement(property text, statement jsonb, told jsonb)
returns jsonb
language sql stable parallel safe
begin atomic
    select case
        when wikibase_statement.statement ? 'verbatim'
            then wikibase_statement.statement -> 'verbatim'
        else jsonb_build_object(
            'mainsnak', muse.wikibase_snak(
                wikibase_statement.property, wikibase_statement.statement,
                wikibase_statement.told ->> 'hash'
            ),
            'type', 'statement',
            'rank', wikibase_statement.statement -> 'rank'
        ) || case
            when wikibase_statement.told ? 'id'
                then jsonb_build_object('id', wikibase_statement.told -> 'id')
            else '{}'
        end || case
            when wikibase_statement.statement ? 'qualifiers'
                then muse.wikibase_qualifiers(
                    wikibase_statement.statement -> 'qualifiers', wikibase_statement.told
                )
            else '{}'
        end
    end;
end;

comment on function muse.wikibase_statement(text, jsonb, jsonb) is
'Statement in Wikibase''s JSON: select wikibase_statement(''P31'', ''{"rank": "a"}'', ''{}'')';

create or replace function muse.wikidata_statements(wikidata_id text)
returns jsonb
language sql stable parallel safe
begin atomic
    select
        coalesce(
            jsonb_object_agg(property.key, (
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
            )) filter (where property.key is not null),
            '{}'
        )
    from muse.wikidata as item
    left join lateral jsonb_each(item.claims) as property on true
    where item.wikidata_id = wikidata_statements.wikidata_id
    group by item.wikidata_id;
end;

comment on function muse.wikidata_statements(text) is
'Statements of an item in Wikibase''s JSON, no references: select wikidata_statements(''Q42'')';
