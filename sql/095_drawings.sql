-- Drawings that somebody requests, such as a visitor of the pages: a queue in a table, because a
-- drawing takes seconds. `./pgmuse serve` and `./pgmuse samples` draw what waits.

select pg_temp.describe(
    'muse.drawing_requests',
    'One row per requested drawing: select drawing, status, message from drawing_requests',
    'request_id', 'Number of the request (key)',
    'drawing', 'What to draw, a drawing of draw_samples: icon, hieroglyph, ink or radio',
    'n', 'Number of samples, 1 to 12',
    'seed', 'Seed of the random numbers',
    'status', 'waiting, running, done or failed',
    'requested_at', 'Time of the request',
    'started_at', 'Time at which the drawing began; null while it waits',
    'finished_at', 'Time at which it ended; null before',
    'sample_ids', 'Ids of the stored samples (references samples.sample_id)',
    'message', 'Why it failed; null otherwise'
);

-- Readers may insert rows, of these three columns: the trigger bounds what they request.
create or replace function muse.check_drawing_request()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    most_waiting constant integer := 20;
    most_a_day constant integer := 500;
begin
    if new.drawing is null or not exists (
        select from pg_proc as function
        where
            function.pronamespace = 'muse'::regnamespace and function.pronargs = 2
            and function.proname = 'draw_' || left(new.drawing, 60) || '_samples'
    ) then
        raise exception 'there are no samples of %', coalesce(left(new.drawing, 30), 'null')
        using errcode = '22023', hint = 'icon, hieroglyph, ink and radio are drawn';
    end if;
    if new.n is null or new.n not between 1 and 12 then
        raise exception 'n must be from 1 to 12, not %', coalesce(new.n::text, 'null')
        using errcode = '22023';
    end if;
    if (
        select count(*) from muse.drawing_requests as request
        where request.status in ('waiting', 'running')
    ) >= most_waiting then
        raise exception '% drawings wait already', most_waiting
        using errcode = '53400', hint = 'try again in a minute';
    end if;
    if (
        select count(*) from muse.drawing_requests as request
        where request.requested_at > now() - interval '1 day'
    ) >= most_a_day then
        raise exception '% drawings were requested within a day', most_a_day
        using errcode = '53400', hint = 'look at those that are there: select * from samples';
    end if;
    return new;
end
$$;

comment on function muse.check_drawing_request() is
'Trigger that bounds requests: select status, count(*) from drawing_requests group by status';

create or replace trigger check_request before insert on muse.drawing_requests
for each row execute function muse.check_drawing_request();

create or replace function muse.request_drawing(
    drawing text, n integer default 6, seed bigint default null
)
returns bigint
language sql volatile parallel unsafe
begin atomic
    insert into muse.drawing_requests (drawing, n, seed)
    values (
        left(request_drawing.drawing, 61), request_drawing.n,
        coalesce(request_drawing.seed, (random() * 2147483647)::bigint)
    )
    returning request_id;
end;

comment on function muse.request_drawing(text, integer, bigint) is
'Number of a new request to draw samples: select request_id, status from drawing_requests';

-- In two steps, so that others see what is running, and a crash is not repeated.
create or replace function muse.start_drawing()
returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    id bigint;
begin
    delete from muse.drawing_requests as request
    where request.requested_at < now() - interval '1 day' and request.finished_at is not null;
    update muse.drawing_requests as request
    set status = 'failed', finished_at = now(), message = 'interrupted'
    where
        request.status = 'running' and request.started_at < now() - interval '10 minutes';
    update muse.drawing_requests as request
    set status = 'running', started_at = now()
    where request.request_id = (
        select waiting.request_id
        from muse.drawing_requests as waiting
        where waiting.status = 'waiting'
        order by waiting.request_id
        limit 1
        for update skip locked
    )
    returning request.request_id into id;
    return id;
end
$$;

comment on function muse.start_drawing() is
'Number of the oldest waiting request, now running: select status from drawing_requests';

create or replace function muse.finish_drawing(request_id bigint)
returns text
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    request muse.drawing_requests;
    before constant bigint := (select coalesce(max(sample.sample_id), 0) from muse.samples as sample);
    drawn bigint[] := '{}';
    problem text;
begin
    select one.* into request
    from muse.drawing_requests as one
    where one.request_id = finish_drawing.request_id and one.status = 'running'
    for update;
    if request.request_id is null then
        return null;
    end if;
    begin
        perform from muse.draw_samples(request.n, request.seed, request.drawing);
        drawn := array(
            select sample.sample_id
            from muse.samples as sample
            where sample.sample_id > before and sample.seed = request.seed
            order by sample.sample_id
        );
        if drawn = '{}' then
            problem := 'no model is live: ./pgmuse demo loads one';
        end if;
    exception when others then
        problem := left(sqlerrm, 1000);
    end;
    update muse.drawing_requests as one
    set
        status = case when problem is null then 'done' else 'failed' end,
        finished_at = clock_timestamp(), sample_ids = drawn, message = problem
    where one.request_id = request.request_id;
    return coalesce(problem, 'done');
end
$$;

comment on function muse.finish_drawing(bigint) is
'Draw a running request; done, or why it failed: select status, message from drawing_requests';
