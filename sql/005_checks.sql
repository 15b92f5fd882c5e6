-- Checks of function arguments, and the look-up of live models.

create or replace function muse.check_n(n integer)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if check_n.n is null or check_n.n not between 1 and 1000 then
        raise exception 'n must be from 1 to 1000, not %', coalesce(check_n.n::text, 'null')
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_n(integer) is
'Check that n is from 1 to 1000: select check_n(10)';

create or replace function muse.check_min_confidence(min_confidence real)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if
        check_min_confidence.min_confidence is null
        or check_min_confidence.min_confidence not between 0 and 1
    then
        raise exception 'min_confidence must be from 0 to 1' using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_min_confidence(real) is
'Check that a confidence is from 0 to 1: select check_min_confidence(0.5)';

create or replace function muse.check_length(value text, name text, bytes integer)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if octet_length(check_length.value) > check_length.bytes then
        raise exception '% is longer than % bytes', check_length.name, check_length.bytes
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_length(text, text, integer) is
'Check of the length of a text in bytes: select check_length(''abc'', ''query'', 10)';

create or replace function muse.check_elements(elements text[], name text, most integer)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if cardinality(check_elements.elements) > check_elements.most then
        raise exception '% has more than % elements', check_elements.name, check_elements.most
        using errcode = '22023';
    end if;
    if exists (
        select from unnest(check_elements.elements) as element where octet_length(element) > 10000
    ) then
        raise exception 'an element of % is longer than 10000 bytes', check_elements.name
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_elements(text[], text, integer) is
'Check of the number and length of texts: select check_elements(array[''a''], ''seeds'', 10)';

create or replace function muse.check_sample(sample integer)
returns void
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if check_sample.sample is null or check_sample.sample not between 1 and 10000 then
        raise exception 'sample must be from 1 to 10000, not %',
            coalesce(check_sample.sample::text, 'null')
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_sample(integer) is
'Check that sample is from 1 to 10,000: select check_sample(100)';

create or replace function muse.live_model(name text)
returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live bigint;
begin
    perform muse.check_length(live_model.name, 'name', 1000);
    select deployment.model_id into live
    from muse.deployments as deployment
    where deployment.name = live_model.name;
    if live is null then
        raise exception 'no model % yet', live_model.name
        using errcode = '42704', hint = coalesce(
            (select m.hint from muse.model_names as m where m.name = live_model.name),
            'the table deployments has the names of all models'
        );
    end if;
    return live;
end
$$;

comment on function muse.live_model(text) is
'Id of the live model of a name: select live_model(''songs'')';
