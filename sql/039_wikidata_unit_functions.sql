-- Conversion of amounts to base units.

select pg_temp.describe(
    'muse.wikidata_units',
    'One row per unit of quantities: select unit, base, factor from wikidata_units limit 9',
    'unit_id', 'Id of the unit, such as Q11573; 1 for numbers without a unit (key)',
    'unit', 'Name of the unit',
    'base_id', 'Id of the unit that amounts are converted to (references wikidata_units.unit_id)',
    'base', 'Name of the unit that amounts are converted to',
    'factor', 'Number of base units in a unit, times the divisor',
    'divisor', 'Number to divide by; 1 but for factors that are no decimal number, such as 5/9',
    'shift', 'Number to add to an amount before it is multiplied; 0 but for temperatures'
);

create or replace function muse.in_base_unit(amount numeric, unit_id text)
returns numeric
language sql stable parallel safe
begin atomic
    select trim_scale((in_base_unit.amount + unit.shift) * unit.factor / unit.divisor)
    from muse.wikidata_units as unit
    where unit.unit_id = in_base_unit.unit_id;
end;

comment on function muse.in_base_unit(numeric, text) is
'Amount in the base unit of its unit, null for other units: select in_base_unit(5, ''Q828224'')';

create or replace function muse.base_unit(unit_id text)
returns text
language sql stable parallel safe
begin atomic
    select unit.base
    from muse.wikidata_units as unit
    where unit.unit_id = base_unit.unit_id;
end;

comment on function muse.base_unit(text) is
'Name of the unit that in_base_unit converts to, null if none: select base_unit(''Q828224'')';
