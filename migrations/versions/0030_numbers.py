"""years and amounts of statements as rows, for indexes

Revision ID: 0030
Revises: 0029
"""

from alembic import op

revision = "0030"
down_revision = "0029"

# Where the units are inserted later, the trigger of sql/037_wikidata_numbers.sql fills base_amount.
NUMBERS = """
create table muse.wikidata_numbers (
    place integer not null,
    year integer,
    wikidata_id text collate "C",
    property_id text collate "C",
    amount numeric,
    base_amount numeric,
    primary key (wikidata_id, property_id, place)
);
insert into muse.wikidata_numbers (
    place, year, wikidata_id, property_id, amount, base_amount
)
select
    statement.place,
    case
        when moment.year between -2147483647 and 2147483647 then moment.year
    end as year,
    item.wikidata_id,
    property.key,
    case
        when statement.value ->> 'type' = 'quantity'
            then (statement.value -> 'value' ->> 'amount')::numeric
    end as amount,
    trim_scale(
        ((statement.value -> 'value' ->> 'amount')::numeric + unit.shift)
        * unit.factor / unit.divisor
    ) as base_amount
from muse.wikidata as item
cross join lateral jsonb_each(item.claims) as property
cross join
    lateral jsonb_array_elements(property.value) with ordinality as statement (value, place)
left join lateral (
    select substring(
        left(statement.value -> 'value' ->> 'time', 40)
        from '^([+-]?[0-9]{1,16})-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
    )::bigint as year
) as moment on statement.value ->> 'type' = 'time'
left join muse.wikidata_units as unit
    on
        statement.value ->> 'type' = 'quantity'
        and unit.unit_id = split_part(statement.value -> 'value' ->> 'unit', '/', -1)
where statement.value ->> 'type' in ('time', 'quantity') and statement.value ? 'value';

create index wikidata_numbers_year on muse.wikidata_numbers (property_id, year)
where year is not null;
create index wikidata_numbers_amount on muse.wikidata_numbers (property_id, amount)
where amount is not null;
create index wikidata_numbers_base_amount on muse.wikidata_numbers (property_id, base_amount)
where base_amount is not null;
grant insert, update, delete on muse.wikidata_numbers to muse_loader;
"""

# claim_values finds statements by value_id through these rows: see docs/decisions/claims.md.
TARGETS = """
insert into muse.wikidata_labels (wikidata_id)
select statement.value ->> 'value'
from muse.wikidata as item
cross join lateral jsonb_each(item.claims) as property
cross join lateral jsonb_array_elements(property.value) as statement
where
    starts_with(statement.value ->> 'type', 'wikibase-')
    and length(statement.value ->> 'value') between 1 and 250
group by statement.value ->> 'value'
on conflict do nothing;
"""

# Columns of a type keep their collation, which those of `returns table` do not: the indexes of
# wikidata_id have it.
TYPES = """
create type muse.wikidata_claim as (
    wikidata_id text collate "C", title text, value text, value_id text collate "C", rank text,
    date date, year integer, precision text, calendar text, amount numeric, unit text,
    lat double precision, lng double precision, globe text, language text, type text,
    qualifiers jsonb, property_id text collate "C", place integer, base_amount numeric,
    base_unit text
);
create type muse.wikidata_qualifier as (
    wikidata_id text collate "C", property_id text collate "C", place integer,
    qualifier_id text collate "C", number integer, value text, value_id text collate "C",
    date date, year integer, precision text, calendar text, amount numeric, unit text,
    base_amount numeric, base_unit text, language text, type text
);
drop function if exists muse.claim_values(text, boolean);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (NUMBERS, TARGETS, TYPES):
        raw.execute(statements)
