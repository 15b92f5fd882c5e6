-- Years and amounts of statements. The loader writes them with the items; triggers delete those of
-- deleted items, and convert amounts when units change.

select pg_temp.describe(
    'muse.wikidata_numbers',
    'One row per statement with a time or a quantity: select * from wikidata_numbers limit 9',
    'wikidata_id', 'Id of the item (part of the key, references wikidata.wikidata_id)',
    'property_id',
    'Id of the property (part of the key, references wikidata_labels.wikidata_id)',
    'place', 'Place among the statements of the property, from 1 (part of the key)',
    'year', 'Year of a time, negative before Christ; null for quantities and for distant years',
    'amount', 'Amount of a quantity, in its own unit; null for times',
    'base_amount', 'Amount in the base unit; null for times and for units that are not in '
    'wikidata_units'
);

create or replace function muse.delete_numbers()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    delete from muse.wikidata_numbers as number
    using before_it as item
    where number.wikidata_id = item.wikidata_id;
    return null;
end
$$;

comment on function muse.delete_numbers() is
'Trigger that deletes numbers of deleted items: select count(*) from wikidata_numbers';

create or replace trigger delete_gone_numbers after delete on muse.wikidata
referencing old table as before_it
for each statement execute function muse.delete_numbers();

-- Units: sql/038_wikidata_units.sql

create or replace function muse.convert_amounts()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    update muse.wikidata_numbers as number set base_amount = converted.amount
    from (
        select
            stored.wikidata_id,
            stored.property_id,
            stored.place,
            trim_scale((stored.amount + unit.shift) * unit.factor / unit.divisor) as amount
        from muse.wikidata_numbers as stored
        inner join muse.wikidata as item on stored.wikidata_id = item.wikidata_id
        inner join after_it as unit
            on unit.unit_id = split_part(
                item.claims -> stored.property_id -> (stored.place - 1) -> 'value' ->> 'unit',
                '/', -1
            )
        where stored.amount is not null
    ) as converted
    where
        converted.wikidata_id = number.wikidata_id
        and converted.property_id = number.property_id
        and converted.place = number.place
        and converted.amount is distinct from number.base_amount;
    return null;
end
$$;

comment on function muse.convert_amounts() is
'Trigger that converts amounts when units change: select base_amount from wikidata_numbers limit 9';

create or replace trigger convert_new after insert on muse.wikidata_units
referencing new table as after_it
for each statement execute function muse.convert_amounts();

create or replace trigger convert_changed after update on muse.wikidata_units
referencing new table as after_it
for each statement execute function muse.convert_amounts();
