-- Columns of class tables: their names, types, and the values of statements in them.

create or replace function muse.value_kind(datatype text)
returns text
language sql immutable parallel safe
begin atomic
    select case
        when starts_with(value_kind.datatype, 'wikibase-') or value_kind.datatype = 'entity-schema'
            then 'item'
        when value_kind.datatype in ('time', 'quantity') then value_kind.datatype
        when value_kind.datatype = 'globe-coordinate' then 'coordinate'
        when value_kind.datatype = 'commonsMedia' then 'file'
        when value_kind.datatype = 'monolingualtext' then 'text'
        else 'string'
    end;
end;

comment on function muse.value_kind(text) is
'Kind of the columns that a datatype has in class tables: select value_kind(''commonsMedia'')';

create or replace function muse.precision_name(moment text, level integer)
returns text
language sql immutable parallel safe
begin atomic
    select muse.precision_name(muse.time_precision(precision_name.moment, precision_name.level));
end;

comment on function muse.precision_name(text, integer) is
'Precision of a time in words: select precision_name(''+1952-00-00T00:00:00Z'', 9)';

create or replace function muse.class_column_parts(kind text)
returns table (part integer, suffix text, type text, meaning text)
language sql immutable parallel safe rows 5
begin atomic
    select
        parts.part,
        parts.suffix,
        parts.type,
        parts.meaning
    from (
        values
        ('item', 1, '', 'text', 'label, the id if it has none'),
        ('item', 2, '_id', 'text', 'id of the item'),
        ('time', 1, '', 'date', 'date, null where the day is unknown or out of range'),
        ('time', 2, '_year', 'integer', 'year, negative before Christ'),
        ('time', 3, '_precision', 'text', 'precision of the time, such as year'),
        (
            'quantity', 1, '', 'numeric',
            'amount in the unit of the next column, null where wikidata_units lacks its unit'
        ),
        ('quantity', 2, '_unit', 'text', 'base unit of the amount, or the unit that is unknown'),
        ('coordinate', 1, '_lat', 'double precision', 'latitude in degrees'),
        ('coordinate', 2, '_lng', 'double precision', 'longitude in degrees'),
        ('file', 1, '', 'text', 'name of the file on Wikimedia Commons'),
        ('file', 2, '_url', 'text', 'address of the file'),
        ('text', 1, '', 'text', 'text, in the language of the table where there is one'),
        ('text', 2, '_language', 'text', 'language of the text'),
        ('string', 1, '', 'text', 'value'),
        (null, 4, '_all', 'text[]', 'all values as texts, sorted'),
        (null, 5, '_all_text', 'text', 'all values in one text, with semicolons between them')
    ) as parts (kind, part, suffix, type, meaning)
    where coalesce(parts.kind, class_column_parts.kind) = class_column_parts.kind;
end;

comment on function muse.class_column_parts(text) is
'Columns of a property in class tables, by its kind: select * from class_column_parts(''time'')';

-- Characters beyond ASCII stay, but for spaces and punctuation. A name has 63 bytes at most, of
-- which the longest suffix has 10.
create or replace function muse.column_stem(
    label text, property_id text, bytes integer default 48
)
returns text
language sql immutable parallel safe
begin atomic
    select
        case
            when stem.name = '' then lower(column_stem.property_id)
            when stem.name ~ '^[0-9]' then lower(column_stem.property_id) || '_' || stem.name
            else stem.name
        end
    from (
        select
            rtrim(left(cleaned.name, (
                select max(length.n)
                from generate_series(0, column_stem.bytes) as length (n)
                where octet_length(left(cleaned.name, length.n)) <= column_stem.bytes
            )), '_') as name
        from (
            select trim(both '_' from regexp_replace(
                lower(left(coalesce(column_stem.label, ''), 250)),
                '[\x01-/:-`{-\xbf\u2000-\u206f\u3000-\u303f\ufe00-\ufeff\ufff0-\uffff]+',
                '_', 'g'
            )) as name
        ) as cleaned
    ) as stem;
end;

comment on function muse.column_stem(text, text, integer) is
'Name of a column for the label of a property: select column_stem(''date of birth'', ''P569'')';

-- Names of files have 240 bytes at most.
create or replace function muse.commons_url(file text)
returns text
language sql immutable parallel safe
begin atomic
    select case
        when octet_length(commons_url.file) <= 1000 then
            'https://commons.wikimedia.org/wiki/Special:FilePath/'
            || replace(replace(replace(replace(replace(
                translate(commons_url.file, ' ', '_'),
                '%', '%25'
            ), '?', '%3F'), '#', '%23'), '"', '%22'), '&', '%26')
    end;
end;

comment on function muse.commons_url(text) is
'Address of a file on Wikimedia Commons: select commons_url(''Cat November 2010-1a.jpg'')';

-- The statement that writes rows of a class table: $1 are ids of items, $2 ids of classes, $3 is
-- the language. A value of a property is an array of up to three texts, and the array of all
-- values; only properties with several statements are grouped and sorted. `plain` is the precision
-- of times of four digits, whose parts need no function.
create or replace function muse.class_rows_query(table_name text)
returns text
language sql stable parallel safe
begin atomic
    select
        format(
            $query$
with property (property_id, place, kind) as materialized (values %s),
item as materialized (
    select stored.wikidata_id, stored.title, stored.description, stored.wikipedia_id,
        stored.labels, stored.descriptions, stored.claims
    from muse.wikidata as stored
    where stored.wikidata_id = any($1)
        and exists (select from unnest(stored.class_ids) as class_id where class_id = any($2))
),
claim as materialized (
    select item.wikidata_id, property.place, property.kind, claim.value
    from item cross join jsonb_each(item.claims) as claim
    inner join property on claim.key = property.property_id
),
statement as (
    select claim.wikidata_id, claim.place, claim.kind, 0::bigint as turn, claim.value -> 0 as it
    from claim
    where jsonb_array_length(claim.value) = 1 and claim.value -> 0 ->> 'rank' <> 'deprecated'
    union all
    select claim.wikidata_id, claim.place, claim.kind, one.turn, one.it
    from claim cross join jsonb_array_elements(claim.value) with ordinality as one (it, turn)
    where jsonb_array_length(claim.value) > 1 and one.it ->> 'rank' = case
        when claim.value @> '[{"rank": "preferred"}]' then 'preferred' else 'normal'
    end
),
target as materialized (
    select statement.wikidata_id, statement.place, statement.kind, statement.turn,
        statement.it -> 'value' as value,
        case statement.kind
            when 'item' then statement.it ->> 'value'
            when 'quantity' then substring(statement.it -> 'value' ->> 'unit' from '[^/]*$')
        end as id,
        case
            when statement.kind = 'time' and statement.it -> 'value' ->> 'time'
                ~ '^\+[1-9][0-9]{3}-(0[0-9]|1[0-2])-([01][0-9]|2[0-8])T00:00:00Z$'
            then case
                when statement.it -> 'value' ->> 'time' !~ '-00' or statement.it -> 'value' ->> 'precision' = '9'
                then (statement.it -> 'value' ->> 'precision')::integer
            end
        end as plain
    from statement
    where statement.it ? 'value' and muse.value_kind(statement.it ->> 'type') = statement.kind
),
own as materialized (
    select stored.wikidata_id, stored.labels ->> $3 as label
    from muse.wikidata as stored
    where $3 <> 'en' and stored.wikidata_id = any(
        array(select target.id from target where target.id is not null)
    )
),
named as materialized (
    select label.wikidata_id, coalesce(own.label, label.label) as label
    from muse.wikidata_labels as label
    left join own on own.wikidata_id = label.wikidata_id
    where label.wikidata_id = any(array(select target.id from target where target.id is not null))
),
part as materialized (
    select target.wikidata_id, target.place, target.turn,
        target.kind = 'text' and target.value ->> 'language' <> $3 as is_foreign,
        case target.kind
            when 'item' then array[coalesce(named.label, target.id), target.id]
            when 'time' then case target.plain
                when 11 then array[
                    substr(target.value ->> 'time', 2, 10), substr(target.value ->> 'time', 2, 4), 'day'
                ]
                when 9 then array[null, substr(target.value ->> 'time', 2, 4), 'year']
                else array[
                    muse.time_date(
                        target.value ->> 'time', (target.value ->> 'precision')::integer
                    )::text,
                    case
                        when muse.time_year(target.value ->> 'time')
                            between -2147483647 and 2147483647
                        then muse.time_year(target.value ->> 'time')::text
                    end,
                    muse.precision_name(
                        target.value ->> 'time', (target.value ->> 'precision')::integer
                    )
                ]
            end
            when 'quantity' then array[
                trim_scale(((target.value ->> 'amount')::numeric + unit.shift)
                    * unit.factor / unit.divisor)::text,
                coalesce(unit.base, named.label, target.id)
            ]
            when 'coordinate'
                then array[target.value ->> 'latitude', target.value ->> 'longitude']
            when 'file' then array[target.value #>> '{}', muse.commons_url(target.value #>> '{}')]
            when 'text' then array[target.value ->> 'text', target.value ->> 'language']
            else array[target.value #>> '{}']
        end as parts,
        case target.kind
            when 'item' then coalesce(named.label, target.id)
            when 'time' then case target.plain
                when 11 then substr(target.value ->> 'time', 2, 10)
                when 9 then substr(target.value ->> 'time', 2, 4)
                else muse.time_text(
                    target.value ->> 'time', (target.value ->> 'precision')::integer
                )
            end
            when 'quantity' then trim_scale((target.value ->> 'amount')::numeric)::text
                || coalesce(' ' || nullif(coalesce(named.label, unit.unit, target.id), '1'), '')
            when 'coordinate'
                then (target.value ->> 'latitude') || ', ' || (target.value ->> 'longitude')
            when 'text' then target.value ->> 'text'
            else target.value #>> '{}'
        end as value
    from target
    left join named on named.wikidata_id = target.id
    left join muse.wikidata_units as unit on unit.unit_id = target.id and target.kind = 'quantity'
),
cell as (
    select part.wikidata_id, part.place, part.parts, array[part.value] as everything
    from part where part.turn = 0
    union all
    select ranked.wikidata_id, ranked.place,
        max(ranked.parts) filter (where ranked.number = 1),
        array_agg(distinct ranked.value collate "C")
    from (
        select part.*, row_number() over (
            partition by part.wikidata_id, part.place order by part.is_foreign, part.turn
        ) as number
        from part where part.turn > 0
    ) as ranked
    group by ranked.wikidata_id, ranked.place
),
pivot as (
    select cell.wikidata_id%s
    from cell group by cell.wikidata_id
)
insert into muse_tables.%I as old (wikidata_id, title, description, wikipedia_id%s)
select item.wikidata_id, coalesce(item.labels ->> $3, item.title),
    coalesce(item.descriptions ->> $3, item.description), item.wikipedia_id%s
from item left join pivot on pivot.wikidata_id = item.wikidata_id
on conflict (wikidata_id) do update
set (title, description, wikipedia_id%s)
    = row(excluded.title, excluded.description, excluded.wikipedia_id%s)
where (old.*) is distinct from (excluded.*)
            $query$,
            coalesce(
                string_agg(
                    format('(%L, %s, %L)', own.property_id, own.place, own.kind), ', '
                ) filter (where own.part = 4),
                '(null, null::integer, null)'
            ),
            string_agg(
                format(
                    ', max(cell.parts) filter (where cell.place = %1$s) as parts_%1$s, '
                    'max(cell.everything) filter (where cell.place = %1$s) as all_%1$s',
                    own.place
                ),
                '' order by own.place
            ) filter (where own.part = 4),
            class_rows_query.table_name,
            names.list,
            string_agg(
                case own.part
                    when 4 then format(', pivot.all_%s', own.place)
                    when 5 then format(', array_to_string(pivot.all_%s, ''; '')', own.place)
                    else format(', pivot.parts_%s[%s]::%s', own.place, own.part, kind.type)
                end,
                '' order by own.place, own.part
            ) filter (where own.part is not null),
            names.list,
            names.excluded
        )
    from (
        select
            string_agg(format(', %I', one.column_name), '' order by one.place, one.part) as list,
            string_agg(
                format(', excluded.%I', one.column_name), '' order by one.place, one.part
            ) as excluded
        from muse.class_table_columns as one
        where one.table_name = class_rows_query.table_name
    ) as names
    left join muse.class_table_columns as own
        on own.table_name = class_rows_query.table_name
    left join lateral muse.class_column_parts(own.kind) as kind on own.part = kind.part
    group by names.list, names.excluded;
end;

comment on function muse.class_rows_query(text) is
'Statement that writes rows of a table: select class_rows_query(table_name) from class_tables';
