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

create or replace function muse.time_year(moment text)
returns bigint
language sql immutable parallel safe
begin atomic
    select substring(
        left(time_year.moment, 40) from '^([+-]?[0-9]{1,16})-[0-9]{2}-[0-9]{2}T'
    )::bigint;
end;

comment on function muse.time_year(text) is
'Year of a time, null for other texts: select time_year(''-0044-03-15T00:00:00Z'')';

-- The precision that month and day confirm: some times of a day have the day 00.
create or replace function muse.time_precision(moment text, level integer)
returns integer
language sql immutable parallel safe
begin atomic
    select case
        when
            left(time_precision.moment, 40) !~ '^[+-]?[0-9]{1,16}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z$'
            then null
        when
            time_precision.level >= 10
            and substr(right(left(time_precision.moment, 40), 15), 1, 2) = '00' then 9
        when
            time_precision.level >= 11
            and substr(right(left(time_precision.moment, 40), 12), 1, 2) = '00' then 10
        else time_precision.level
    end;
end;

comment on function muse.time_precision(text, integer) is
'Precision of a time, null for other texts: select time_precision(''+1952-00-00T00:00:00Z'', 11)';

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

create or replace function muse.time_text(moment text, level integer)
returns text
language sql immutable parallel safe
begin atomic
    select case
        when muse.time_precision(time_text.moment, time_text.level) >= 10
            then
                lpad(
                    abs(muse.time_year(time_text.moment))::text,
                    greatest(4, length(abs(muse.time_year(time_text.moment))::text)), '0'
                )
                || '-' || substr(right(left(time_text.moment, 40), 15), 1, 2)
                || case
                    when muse.time_precision(time_text.moment, time_text.level) >= 11
                        then '-' || substr(right(left(time_text.moment, 40), 12), 1, 2)
                    else ''
                end
        when time_text.level between 0 and 5
            then
                muse.time_rounded(muse.time_year(time_text.moment), time_text.level)
                / case time_text.level
                    when 0 then 1000000000 when 4 then 1 when 5 then 1 else 1000000
                end
                || case time_text.level
                    when 0 then ' billion' when 4 then '' when 5 then '' else ' million'
                end || ' years'
        when time_text.level = 8 then abs(muse.time_year(time_text.moment)) / 10 || '0s'
        when time_text.level = 7
            then muse.ordinal((abs(muse.time_year(time_text.moment)) + 99) / 100) || ' century'
        when time_text.level = 6
            then muse.ordinal((abs(muse.time_year(time_text.moment)) + 999) / 1000) || ' millennium'
        else abs(muse.time_year(time_text.moment))::text
    end
    || case left(left(time_text.moment, 40), 1) when '-' then ' BC' else '' end;
end;

comment on function muse.time_text(text, integer) is
'A time as it is known, such as 1950s: select time_text(''+1952-00-00T00:00:00Z'', 8)';

create or replace function muse.time_date(moment text, level integer)
returns date
language sql immutable parallel safe
begin atomic
    select case
        when
            muse.time_precision(time_date.moment, time_date.level) >= 11
            and muse.time_year(time_date.moment) between -4712 and 200000
            and muse.time_year(time_date.moment) <> 0
            and substr(right(left(time_date.moment, 40), 15), 1, 2) between '01' and '12'
            then case
                when
                    substr(right(left(time_date.moment, 40), 12), 1, 2)::integer <= extract(
                        day from make_date(
                            muse.time_year(time_date.moment)::integer,
                            substr(right(left(time_date.moment, 40), 15), 1, 2)::integer, 1
                        ) + interval '1 month' - interval '1 day'
                    )
                    then make_date(
                        muse.time_year(time_date.moment)::integer,
                        substr(right(left(time_date.moment, 40), 15), 1, 2)::integer,
                        substr(right(left(time_date.moment, 40), 12), 1, 2)::integer
                    )
            end
    end;
end;

comment on function muse.time_date(text, integer) is
'Date of a time of a day, null for others: select time_date(''+1952-03-11T00:00:00Z'', 11)';
