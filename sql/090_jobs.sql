-- Jobs: commands that a scheduler runs (cron, systemd or pg_cron), and how each run ended.

-- describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.jobs',
    'One row per job that a scheduler runs: select job, every, scheduler, command from jobs',
    'job', 'Name, such as refresh or samples (key)',
    'every', 'Time from one run to the next',
    'scheduler', 'cron, systemd or pg_cron',
    'command', 'What the scheduler runs',
    'scheduled_at', 'Time when the job was scheduled'
);

select pg_temp.describe(
    'muse.job_runs',
    'One row per run of a job: select job, started_at, status, message from job_runs',
    'run_id', 'Number of the run (key)',
    'job', 'Name of the job',
    'started_at', 'Start',
    'finished_at', 'End; null while it runs, and after a kill',
    'status', 'running, done or failed',
    'message', 'Counts, or why it failed',
    'backend_pid', 'Process of the server that ran it'
);

select pg_temp.describe(
    'muse.recall_checks',
    'One row per measured recall of a vector index: select table_name, recall from recall_checks',
    'check_id', 'Number of the measurement (key)',
    'checked_at', 'Time of the measurement',
    'table_name', 'Table of the vectors',
    'model_id', 'Model of the vectors',
    'n', 'Number of neighbours that were searched',
    'sample', 'Number of searches',
    'recall', 'Share of the exact neighbours that the index found'
);

create or replace function muse.start_job(job text)
returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    id bigint;
begin
    perform muse.check_length(start_job.job, 'job', 100);
    update muse.job_runs as run
    set status = 'failed', finished_at = now(), message = 'interrupted'
    where
        run.job = start_job.job and run.status = 'running'
        and not exists (
            select from pg_stat_activity as activity
            where activity.pid = run.backend_pid and activity.pid <> pg_backend_pid()
        );
    insert into muse.job_runs (job) values (start_job.job) returning run_id into id;
    return id;
end
$$;

comment on function muse.start_job(text) is
'Number of a new run of a job, which finish_job ends: select job, status from job_runs';

create or replace function muse.finish_job(run_id bigint, succeeded boolean, message text)
returns void
language sql volatile parallel unsafe
begin atomic
    update muse.job_runs as run
    set
        status = case when finish_job.succeeded then 'done' else 'failed' end,
        message = left(finish_job.message, 1000),
        finished_at = clock_timestamp()
    where run.run_id = finish_job.run_id;
end;

comment on function muse.finish_job(bigint, boolean, text) is
'End of a run of a job, with its outcome: select job, status, message from job_runs';

-- Drawing samples: every function draw_..._samples(n, seed) that is here. A topic adds its own.

create or replace function muse.draw_samples(
    n integer default 12, seed bigint default null, drawing text default null
)
returns setof muse.drawn_samples
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    today constant bigint := extract(epoch from now())::bigint / 86400;
    routine record;
    drawn muse.drawn_samples;
begin
    perform muse.check_n(draw_samples.n);
    for routine in
        select function.proname, substring(function.proname from '^draw_(.+)_samples$') as noun
        from pg_proc as function
        where
            function.pronamespace = 'muse'::regnamespace
            and function.proname ~ '^draw_.+_samples$' and function.pronargs = 2
            and function.proname = coalesce(
                'draw_' || draw_samples.drawing || '_samples', function.proname
            )
        order by function.proname
    loop
        drawn.drawing := routine.noun;
        execute format('select muse.%I($1, $2)', routine.proname)
        into drawn.samples using draw_samples.n, coalesce(draw_samples.seed, today);
        return next drawn;
    end loop;
    if not found and draw_samples.drawing is not null then
        raise exception 'there are no samples of %', left(draw_samples.drawing, 30)
        using errcode = '22023', hint = 'select drawing from draw_samples() lists them';
    end if;
end
$$;

comment on function muse.draw_samples(integer, bigint, text) is
'Draw and store n of every kind by live models: select kind, count(*) from samples group by 1';

-- Pruning. Settings of the database override the defaults: alter database ... set muse.NAME = 90.

create or replace function muse.setting(name text, default_value integer)
returns integer
language sql stable parallel safe
begin atomic
    select coalesce(
        case
            when current_setting('muse.' || setting.name, true) ~ '^-[0-9]+$' then 1000000000
            else substring(
                current_setting('muse.' || setting.name, true) from '^[0-9]{1,9}$'
            )::integer
        end,
        setting.default_value
    );
end;

comment on function muse.setting(text, integer) is
'A number from the settings, a negative one means all: select setting(''keep_samples'', 1000)';

create or replace function muse.prune_samples()
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    pruned integer;
begin
    with numbered as (
        select
            sample.sample_id,
            sample.made_at,
            row_number() over (partition by sample.kind order by sample.sample_id desc) as age,
            -- The newest one of each kind and live model stays, so that no view gets empty.
            live.model_id is not null and row_number() over (
                partition by sample.kind, sample.model_id order by sample.sample_id desc
            ) = 1 as is_kept
        from muse.samples as sample
        left join muse.deployments as live on sample.model_id = live.model_id
    )

    delete from muse.samples as sample
    using numbered
    where
        sample.sample_id = numbered.sample_id and not numbered.is_kept
        and (
            numbered.age > muse.setting('keep_samples', 1000)
            or numbered.made_at
            < now() - make_interval(days => least(muse.setting('keep_sample_days', 365), 36500))
        );
    get diagnostics pruned = row_count;
    return pruned;
end
$$;

comment on function muse.prune_samples() is
'Number of old samples that were deleted: select kind, min(made_at) from samples group by 1';

create or replace function muse.prune_runs()
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    before constant timestamptz := now()
    - make_interval(days => least(muse.setting('keep_run_days', 90), 36500));
    pruned integer;
begin
    delete from muse.load_runs as run
    where
        run.finished_at < before
        and exists (
            select from muse.load_runs as later
            where later.source_id = run.source_id and later.run_id > run.run_id
        );
    get diagnostics pruned = row_count;
    delete from muse.job_runs as run
    where
        run.started_at < before
        and exists (
            select from muse.job_runs as later
            where later.job = run.job and later.run_id > run.run_id
        );
    delete from muse.recall_checks as measured
    where
        measured.checked_at < before
        and exists (
            select from muse.recall_checks as later
            where
                later.table_name = measured.table_name and later.check_id > measured.check_id
        );
    return pruned;
end
$$;

comment on function muse.prune_runs() is
'Number of old runs that were deleted, never the last of a source: select * from loads';

-- Recall of every vector index of a live model, for health.

create or replace function muse.check_recall(n integer default 10, sample integer default 100)
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    vectors record;
    measured muse.measured_recall;
    checks integer := 0;
begin
    for vectors in
        select
            case live.name
                when 'songs' then 'song_vectors'
                when 'artists' then 'artist_vectors'
                when 'sounds' then 'sound_vectors'
                else 'image_vectors'
            end as table_name,
            coalesce((model.config ->> 'classifier')::bigint, live.model_id) as model_id
        from muse.deployments as live
        inner join muse.models as model on live.model_id = model.model_id
        where
            live.name in ('songs', 'images', 'sounds')
            -- A scan of few artists is exact.
            or live.name = 'artists' and muse.largest_vector_index('artist_vectors') is not null
    loop
        select one.* into measured
        from muse.recall(vectors.table_name, check_recall.n, check_recall.sample) as one;
        continue when measured.recall is null;
        insert into muse.recall_checks (table_name, model_id, n, sample, recall)
        values (
            vectors.table_name, vectors.model_id, check_recall.n, measured.sample, measured.recall
        );
        checks := checks + 1;
    end loop;
    return checks;
end
$$;

comment on function muse.check_recall(integer, integer) is
'Number of vector tables whose recall was measured: select table_name, recall from recall_checks';

create or replace function muse.run_job(job text)
returns text
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    run_id bigint;
    result text;
begin
    if run_job.job is null or run_job.job not in ('samples', 'prune', 'recall') then
        raise exception 'job is samples, prune or recall, not %',
            coalesce(left(run_job.job, 30), 'null')
        using errcode = '22023';
    end if;
    run_id := muse.start_job(run_job.job);
    begin
        result := case run_job.job
            when 'samples' then (
                select string_agg(format('%s %s', drawn.samples, drawn.drawing), ', ')
                from muse.draw_samples() as drawn
            )
            when 'prune' then format(
                'deleted %s samples, %s runs', muse.prune_samples(), muse.prune_runs()
            )
            when 'recall' then format('%s tables', muse.check_recall())
        end;
    exception when others then
        -- Raised again, it would roll back the row that says so.
        perform muse.finish_job(run_id, false, sqlerrm);
        raise warning 'job % failed: %', run_job.job, sqlerrm;
        return null;
    end;
    perform muse.finish_job(run_id, true, result);
    return result;
end
$$;

comment on function muse.run_job(text) is
'Run samples, prune or recall now and record it: select job, status, message from job_runs';

-- With the extension pg_cron, the server runs the jobs; without it ./pgmuse cron install does.

create or replace function muse.schedule(at time default '03:37')
returns table (job text, schedule text, command text)
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    minute constant text := extract(minute from schedule.at)::text;
    hour constant text := extract(hour from schedule.at)::text;
begin
    if not exists (select from pg_extension where extname = 'pg_cron') then
        raise exception 'pg_cron is not in this database' using errcode = '55000',
            hint = 'create extension pg_cron; without it run: ./pgmuse cron install';
    end if;
    if schedule.at is null or schedule.at = '24:00' then
        raise exception 'at must be a time of the day before 24:00' using errcode = '22023';
    end if;
    schedule := format('%s %s * * *', minute, hour);
    for job, command in values
        ('samples', 'select muse.run_job(''samples'')'),
        ('prune', 'select muse.run_job(''prune'')'),
        ('recall', 'select muse.run_job(''recall'')'),
        ('vacuum', 'vacuum (analyze)')
    loop
        execute 'select cron.schedule($1, $2, $3)' using 'pgmuse ' || job, schedule, command;
        insert into muse.jobs as known (job, every, scheduler, command)
        values (schedule.job, '1 day', 'pg_cron', schedule.command)
        on conflict on constraint jobs_pkey do update set
            scheduler = excluded.scheduler, command = excluded.command, scheduled_at = now();
        return next;
    end loop;
end
$$;

comment on function muse.schedule(time) is
'Nightly samples, pruning, recall checks and vacuum by pg_cron: select job, command from jobs';

create or replace function muse.unschedule()
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    scheduled record;
    removed integer := 0;
begin
    for scheduled in select known.job from muse.jobs as known where known.scheduler = 'pg_cron' loop
        if exists (select from pg_extension where extname = 'pg_cron') then
            execute 'select cron.unschedule(jobid) from cron.job where jobname = $1'
            using 'pgmuse ' || scheduled.job;
        end if;
        delete from muse.jobs as known where known.job = scheduled.job;
        removed := removed + 1;
    end loop;
    return removed;
end
$$;

comment on function muse.unschedule() is
'Number of jobs that pg_cron no longer runs: select job, scheduler from jobs';
