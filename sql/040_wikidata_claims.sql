-- Statements: a value as in the column properties, and all of them in Wikibase's JSON.

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
