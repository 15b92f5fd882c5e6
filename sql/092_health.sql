-- Health: one row per check, for people, monitors and BI tools.

create or replace view muse.health as
with last_runs as (
    select distinct on (run.source_id)
        source.topic,
        run.started_at,
        -- A source that never loaded is forgotten after a day: mostly a mistyped name.
        run.status = 'failed'
        and (source.loaded_at is not null or run.started_at > now() - interval '1 day') as is_bad
    from muse.load_runs as run
    inner join muse.sources as source on run.source_id = source.source_id
    order by run.source_id asc, run.run_id desc
),

loads as (
    select
        'load' as check_name,
        topic as subject,
        case when bool_or(is_bad) then 'bad' else 'ok' end as status,
        format('%s of %s sources failed', count(*) filter (where is_bad), count(*))
            as value,
        max(started_at) as since,
        case when bool_or(is_bad) then format(
            'select location, message from loads where topic = %L and status = ''failed''', topic
        ) end as advice
    from last_runs
    group by topic
),

last_jobs as (
    select distinct on (run.job)
        run.job,
        run.status,
        run.message,
        run.started_at,
        run.status = 'running' and not pg_is_in_recovery() and not exists (
            select from pg_stat_activity as activity
            where activity.pid = run.backend_pid
        ) as is_killed
    from muse.job_runs as run
    order by run.job asc, run.run_id desc
),

vacuumed as (
    select max(stats.last_vacuum) as last_at
    from pg_stat_all_tables as stats
    where stats.schemaname = 'muse'
),

known_jobs as (
    select
        coalesce(planned.job, ran.job) as job,
        planned.scheduler,
        case when ran.is_killed then 'killed' else ran.status end as status,
        ran.message,
        coalesce(
            ran.started_at, case planned.job when 'vacuum' then vacuumed.last_at end
        ) as last_at,
        coalesce(
            ran.started_at,
            case planned.job when 'vacuum' then vacuumed.last_at end,
            planned.scheduled_at
        ) < now() - 2 * planned.every as is_late
    from muse.jobs as planned
    full join last_jobs as ran on planned.job = ran.job
    cross join vacuumed
),

jobs as (
    select
        'job' as check_name,
        known.job as subject,
        case
            when known.is_late then 'bad'
            when coalesce(known.status, 'done') not in ('failed', 'killed') then 'ok'
            when known.scheduler is not null then 'bad'
            -- A command that somebody ran: worth a look for a day.
            when known.last_at > now() - interval '1 day' then 'warning'
            else 'ok'
        end as status,
        concat_ws(
            ', ',
            coalesce('by ' || known.scheduler, 'by hand'),
            case when known.is_late then 'late' end,
            known.status,
            known.message
        ) as value,
        known.last_at as since,
        case
            when known.is_late
                then format('%s does not run it: look at its log', known.scheduler)
            when known.status in ('failed', 'killed')
                then format('select * from job_runs where job = %L', known.job)
        end as advice
    from known_jobs as known
),

-- A name may stand for several models, such as ink for ink_block2.
models as (
    select distinct on (known.name)
        'model' as check_name,
        known.name as subject,
        case when model.model_id is null then 'warning' else 'ok' end as status,
        case
            when model.model_id is null then 'none is live'
            else coalesce(muse.metrics_text(model.metrics), 'not measured')
        end as value,
        model.made_at as since,
        case when model.model_id is null then known.hint end as advice
    from muse.model_names as known
    left join muse.deployments as live
        on
            known.name = live.name
            or starts_with(live.name, known.name || '_')
            and live.name not in (select other.name from muse.model_names as other)
    left join muse.models as model on live.model_id = model.model_id
    order by known.name asc, model.made_at desc nulls last
),

missing_vectors as (
    select
        'vectors' as check_name,
        'images' as subject,
        muse.images_without_vector() as missing,
        'run: ./pgmuse refresh images' as remedy
    from muse.deployments as live
    where live.name = 'images'
    union all
    select
        'vectors' as check_name,
        live.name as subject,
        (
            select count(*) from muse.load_runs as run
            inner join muse.sources as source on run.source_id = source.source_id
            where source.topic = 'songs' and run.loaded > 0 and run.finished_at > model.made_at
        ) as missing,
        'run: ./pgmuse refresh songs' as remedy
    from muse.deployments as live
    inner join muse.models as model on live.model_id = model.model_id
    where live.name in ('songs', 'artists')
    union all
    select
        'vectors' as check_name,
        'sounds' as subject,
        muse.sounds_without_vector() as missing,
        'run: ./pgmuse refresh sounds' as remedy
    from muse.deployments as live
    where live.name = 'sounds'
),

vectors as (
    select
        check_name,
        subject,
        case when missing > 0 then 'bad' else 'ok' end as status,
        case
            when subject in ('images', 'sounds') then format('%s rows without a vector', missing)
            else format('%s loads since the training', missing)
        end as value,
        null::timestamptz as since,
        case when missing > 0 then remedy end as advice
    from missing_vectors
),

last_recalls as (
    select distinct on (measured.table_name)
        measured.table_name,
        measured.model_id,
        measured.recall,
        measured.n,
        measured.checked_at
    from muse.recall_checks as measured
    order by measured.table_name asc, measured.check_id desc
),

recalls as (
    select
        'recall' as check_name,
        table_name as subject,
        case when recall between 0.9 and 1 then 'ok' else 'bad' end as status,
        format('%s of %s nearest', round(recall::numeric, 4), n) as value,
        checked_at as since,
        case when recall between 0.9 and 1 then null else 'select * from tune_search(0.95)' end
            as advice
    from last_recalls
),

broken_indexes as (
    select
        'index' as check_name,
        'invalid' as subject,
        case when count(*) > 0 then 'bad' else 'ok' end as status,
        coalesce(string_agg(format('%I.%I', schema.nspname, relation.relname), ', '), 'none')
            as value,
        null::timestamptz as since,
        case when count(*) > 0 then 'reindex index NAME, or drop it' end as advice
    from pg_index as definition
    inner join pg_class as relation on definition.indexrelid = relation.oid
    inner join pg_namespace as schema on relation.relnamespace = schema.oid
    where
        schema.nspname like 'muse%'
        and relation.relkind = 'i'
        and not (definition.indisvalid and definition.indisready)
),

stale as (
    select
        'index' as check_name,
        'stale' as subject,
        case when count(*) > 0 then 'warning' else 'ok' end as status,
        coalesce(string_agg(table_name || '_' || model_id, ', '), 'none') as value,
        null::timestamptz as since,
        case when count(*) > 0 then 'run: ./pgmuse refresh' end as advice
    from muse.stale_indexes
),

connections as (
    select
        'connections' as check_name,
        'server' as subject,
        case
            when count(*) > 0.9 * current_setting('max_connections')::integer then 'bad'
            when count(*) > 0.7 * current_setting('max_connections')::integer then 'warning'
            else 'ok'
        end as status,
        format(
            '%s of %s, %s MB private',
            count(*), current_setting('max_connections'),
            coalesce(max(machine.connection_bytes) >> 20, 0)
        ) as value,
        null::timestamptz as since,
        case
            when count(*) > 0.7 * current_setting('max_connections')::integer
                then 'put a pooler between, or raise max_connections'
        end as advice
    from pg_stat_activity as activity
    left join muse.machine() as machine on true
    where activity.datid is not null
),

replicas as (
    select
        'replica' as check_name,
        replica as subject,
        case
            when is_lost or (replica = 'primary' and not is_connected) then 'bad'
            when not is_connected or seconds_behind > 300 then 'warning'
            else 'ok'
        end as status,
        concat_ws(
            ', ',
            case when is_connected then 'connected' else 'not connected' end,
            pg_size_pretty(bytes_behind) || ' behind',
            seconds_behind || ' s behind'
        ) as value,
        null::timestamptz as since,
        case
            when is_lost then 'it was away for too long: copy it again, with ./pgmuse replica'
            when replica = 'primary' and not is_connected
                then 'the primary is not reached: see the log of this server'
            when not is_connected
                then format('start it, or end it: select pg_drop_replication_slot(%L)', replica)
            when seconds_behind > 300
                then 'a long query delays it, or it is slower than its primary'
        end as advice
    from muse.replicas
),

nodes as (
    select
        'node' as check_name,
        node as subject,
        status,
        concat_ws(', ', 'citus ' || citus, 'shards of ' || pg_size_pretty(shard_bytes)) as value,
        null::timestamptz as since,
        advice
    from muse.nodes
),

disk as (
    select
        'disk' as check_name,
        'server' as subject,
        case
            when machine.free_bytes is null then 'ok'
            when machine.free_bytes < 1 << 30 then 'bad'
            when machine.free_bytes < 5::bigint << 30 then 'warning'
            else 'ok'
        end as status,
        format(
            'database %s, free %s', pg_size_pretty(pg_database_size(current_database())),
            coalesce(pg_size_pretty(machine.free_bytes), 'unknown')
        ) as value,
        null::timestamptz as since,
        case
            when machine.free_bytes < 5::bigint << 30 then 'free some disk space'
        end as advice
    from (values (true)) as one (is_here)
    left join muse.machine() as machine on one.is_here
),

old_sources as (
    select
        'source' as check_name,
        source.topic as subject,
        case when bool_or(source.version < current.version) then 'warning' else 'ok' end as status,
        format(
            '%s of %s sources were loaded by an earlier version of the loader',
            count(*) filter (where source.version < current.version), count(*)
        ) as value,
        min(source.loaded_at) filter (where source.version < current.version) as since,
        case when bool_or(source.version < current.version) then format(
            'rows of them keep their earlier meaning until: ./pgmuse refresh %s', source.topic
        ) end as advice
    from muse.sources as source
    inner join muse.topics as current on source.topic = current.topic
    where source.loaded_at is not null
    group by source.topic
),

versions as (
    select
        'version' as check_name,
        'pgvector' as subject,
        case
            when string_to_array(extension.extversion, '.')::integer[] < array[0, 8, 4]
                then 'warning'
            else 'ok'
        end as status,
        extension.extversion as value,
        null::timestamptz as since,
        case
            when string_to_array(extension.extversion, '.')::integer[] < array[0, 8, 4]
                then 'before 0.8.4 vacuum can damage HNSW indexes: see docs/operating.md'
        end as advice
    from pg_extension as extension
    where extension.extname = 'vector'
    union all
    select
        'version' as check_name,
        'postgres' as subject,
        case
            when current_setting('server_version_num')::integer in (150009, 160005, 170001)
                then 'warning'
            else 'ok'
        end as status,
        current_setting('server_version') as value,
        pg_postmaster_start_time() as since,
        case
            when current_setting('server_version_num')::integer in (150009, 160005, 170001)
                then 'this release breaks extensions and alter role set: install the next one'
        end as advice
)

select
    checked.check_name,
    checked.subject,
    checked.status,
    checked.value,
    checked.since,
    checked.advice
from (
    select * from loads
    union all
    select * from jobs
    union all
    select * from models
    union all
    select * from vectors
    union all
    select * from recalls
    union all
    select * from broken_indexes
    union all
    select * from stale
    union all
    select * from old_sources
    union all
    select * from connections
    union all
    select * from replicas
    union all
    select * from nodes
    union all
    select * from disk
    union all
    select * from versions
) as checked;

comment on view muse.health is
'One row per check: select check_name, subject, advice from health where status <> ''ok''';
comment on column muse.health.check_name is
'load, job, model, vectors, recall, index, source, connections, replica, node, disk, version (part of the key)';  -- noqa: LT05
comment on column muse.health.subject is 'What was checked, such as a topic (part of the key)';
comment on column muse.health.status is 'ok, warning or bad';
comment on column muse.health.value is 'What was found';
comment on column muse.health.since is 'Time of the last load, run, model or measurement';
comment on column muse.health.advice is 'What to do; null where the status is ok';
