-- Times of Wikidata.
--
-- A time such as +1952-03-11T00:00:00Z has a precision: of a century only the century is known.
-- Years before Christ are negative, and there is no year 0. The functions are single expressions,
-- which Postgres inlines. The last 15 characters are 03-11T00:00:00Z.

create or replace function muse.ordinal(number bigint)
returns text
language sql immutable parallel safe
begin atomic
    select ordinal.number || case
        when ordinal.number % 100 between 11 and 13 then 'th'
        when ordinal.number % 10 = 1 then 'st'
        when ordinal.number % 10 = 2 then 'nd'
        when ordinal.number % 10 = 3 then 'rd'
        else 'th'
    end;
end;

comment on function muse.ordinal(bigint) is 'English ordinal of a number: select ordinal(21)';

create or replace function muse.is_time(moment text)
returns boolean
language sql immutable parallel safe
begin atomic
    select coalesce(
        left(is_time.moment, 40) ~ '^[+-]?[0-9]{1,16}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$', false
    );
end;

comment on function muse.is_time(text) is
'Whether a text is a time of Wikibase: select is_time(''+1952-03-11T00:00:00Z'')';

create or replace function muse.time_year(moment text)
returns bigint
language sql immutable parallel safe
begin atomic
    select case when muse.is_time(time_year.moment) then left(time_year.moment, -16)::bigint end;
end;

comment on function muse.time_year(text) is
'Year of a time, null for other texts: select time_year(''-0044-03-15T00:00:00Z'')';

-- The precision that month and day confirm: some times of a day have the day 00.
create or replace function muse.time_precision(moment text, level integer)
returns integer
language sql immutable parallel safe
begin atomic
    select case
        when not muse.is_time(time_precision.moment) then null
        when
            time_precision.level >= 10 and left(right(time_precision.moment, 15), 2) = '00'
            then 9
        when
            time_precision.level >= 11 and left(right(time_precision.moment, 12), 2) = '00'
            then 10
        else time_precision.level
    end;
end;

comment on function muse.time_precision(text, integer) is
'Precision of a time, null for other texts: select time_precision(''+1952-00-00T00:00:00Z'', 11)';

create or replace function muse.precision_name(level integer)
returns text
language sql immutable parallel safe
begin atomic
    select (array[
        'billion years', 'hundred million years', 'ten million years', 'million years',
        '100,000 years', '10,000 years', 'millennium', 'century', 'decade', 'year', 'month',
        'day', 'hour', 'minute', 'second'
    ])[precision_name.level + 1];
end;

comment on function muse.precision_name(integer) is
'Name of a precision of Wikibase, from 0 to 14: select precision_name(9)';

-- The units of the levels 0 to 5 are 1,000,000,000 to 10,000 years.
create or replace function muse.time_rounded(year bigint, level integer)
returns bigint
language sql immutable parallel safe
begin atomic
    select greatest(
        round(abs(time_rounded.year)::numeric, time_rounded.level - 9),
        power(10::numeric, 9 - time_rounded.level)
    )::bigint;
end;

comment on function muse.time_rounded(bigint, integer) is
'Years of a time, rounded to a precision of 0 to 5: select time_rounded(-66043000, 3)';

-- The check takes most of the time, so there is one.
create or replace function muse.time_text(moment text, level integer)
returns text
language sql immutable parallel safe
begin atomic
    select case
        when muse.is_time(time_text.moment)
            then case
                when time_text.level >= 10 and left(right(time_text.moment, 15), 2) <> '00'
                    then
                        lpad(
                            abs(left(time_text.moment, -16)::bigint)::text,
                            greatest(4, length(abs(left(time_text.moment, -16)::bigint)::text)),
                            '0'
                        )
                        || '-' || left(right(time_text.moment, 15), 2)
                        || case
                            when
                                time_text.level >= 11
                                and left(right(time_text.moment, 12), 2) <> '00'
                                then '-' || left(right(time_text.moment, 12), 2)
                            else ''
                        end
                when time_text.level between 0 and 5
                    then
                        muse.time_rounded(left(time_text.moment, -16)::bigint, time_text.level)
                        / case time_text.level
                            when 0 then 1000000000 when 4 then 1 when 5 then 1 else 1000000
                        end
                        || case time_text.level
                            when 0 then ' billion' when 4 then '' when 5 then '' else ' million'
                        end || ' years'
                when time_text.level = 8
                    then abs(left(time_text.moment, -16)::bigint) / 10 || '0s'
                when time_text.level = 7
                    then
                        muse.ordinal((abs(left(time_text.moment, -16)::bigint) + 99) / 100)
                        || ' century'
                when time_text.level = 6
                    then
                        muse.ordinal((abs(left(time_text.moment, -16)::bigint) + 999) / 1000)
                        || ' millennium'
                else abs(left(time_text.moment, -16)::bigint)::text
            end
            || case left(time_text.moment, 1) when '-' then ' BC' else '' end
    end;
end;

comment on function muse.time_text(text, integer) is
'A time as it is known, such as 1950s: select time_text(''+1952-00-00T00:00:00Z'', 8)';

create or replace function muse.time_date(moment text, level integer)
returns date
language sql immutable parallel safe
begin atomic
    select case
        when time_date.level >= 11 and muse.is_time(time_date.moment)
            then case
                when
                    left(time_date.moment, -16)::bigint between -4712 and 200000
                    and left(time_date.moment, -16)::bigint <> 0
                    and left(right(time_date.moment, 15), 2) between '01' and '12'
                    and left(right(time_date.moment, 12), 2) <> '00'
                    then case
                        when
                            left(right(time_date.moment, 12), 2)::integer <= extract(
                                day from make_date(
                                    left(time_date.moment, -16)::integer,
                                    left(right(time_date.moment, 15), 2)::integer, 1
                                ) + interval '1 month' - interval '1 day'
                            )
                            then make_date(
                                left(time_date.moment, -16)::integer,
                                left(right(time_date.moment, 15), 2)::integer,
                                left(right(time_date.moment, 12), 2)::integer
                            )
                    end
            end
    end;
end;

comment on function muse.time_date(text, integer) is
'Date of a time of a day, null for others: select time_date(''+1952-03-11T00:00:00Z'', 11)';
