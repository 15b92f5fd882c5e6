-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: session_settings
-- Overrides settings of roles, databases and the environment. With this search_path a temporary
-- table cannot shadow one of muse's, and no function of public, where others may create, is called.
set search_path = pg_catalog, muse, pg_temp;
set statement_timeout = 0;
set lock_timeout = 0;
set idle_in_transaction_session_timeout = 0;
set default_transaction_isolation = 'read committed';
set default_transaction_deferrable = off;
set standard_conforming_strings = on;
set bytea_output = 'hex';
set datestyle = 'ISO';
set intervalstyle = 'postgres';
set timezone = 'UTC';
set idle_session_timeout = 0;

-- name: select_weaker_owner
-- The owner of the schema, where this login is a superuser and the owner is not.
select owner.rolname
from pg_namespace as schema
inner join pg_roles as owner on schema.nspowner = owner.oid
inner join pg_roles as login on login.rolname = session_user
where schema.nspname = 'muse' and login.rolsuper and not owner.rolsuper;

-- name: select_lock_holder
select
    lock.pid,
    coalesce(activity.usename, 'another role') as login,
    coalesce(activity.application_name, '') as application
from pg_locks as lock
left join pg_stat_activity as activity on lock.pid = activity.pid
where
    lock.relation = %(table)s::regclass
    and lock.granted
    and lock.pid <> pg_backend_pid()
    and lock.database = (
        select oid from pg_database
        where datname = current_database()
    )
order by lock.pid
limit 1;

-- name: upsert_source
-- Options of another login's source are not kept: they could name any file or address.
insert into muse.sources as source (topic, location, options)
values (%(topic)s, %(location)s, %(options)s)
on conflict (topic, location) do update
    set
        topic = excluded.topic,
        options = case source.added_by when session_user then source.options else '{}' end,
        loaded_at = case source.added_by when session_user then source.loaded_at end,
        fingerprint = case source.added_by when session_user then source.fingerprint end
returning
    source_id,
    case
        -- The table topics is empty where revisions were applied by the bare alembic command.
        when source.version = coalesce((
            select current.version from muse.topics as current
            where current.topic = source.topic
        ), source.version) then fingerprint
    end as fingerprint,
    options;

-- name: select_fingerprint
select
    source.loaded_at,
    source.fingerprint,
    coalesce(source.version = current.version, true) as is_current
from muse.sources as source
left join muse.topics as current on source.topic = current.topic
where source.topic = %(topic)s and source.location = %(location)s;

-- name: fail_interrupted_runs
update muse.load_runs
set status = 'failed', finished_at = now(), message = 'interrupted'
where
    source_id = %(source_id)s
    and status = 'running'
    and not exists (
        select from pg_stat_activity as activity
        where activity.pid = load_runs.backend_pid and activity.pid <> pg_backend_pid()
    );

-- name: note_recovery
-- A source that is again as it was loaded: a run without counts follows one that failed.
insert into muse.load_runs (source_id, status, finished_at)
select
    last_run.source_id,
    'done' as status,
    now() as finished_at
from (
    select
        run.source_id,
        run.status
    from muse.load_runs as run
    where run.source_id = %(source_id)s
    order by run.run_id desc
    limit 1
) as last_run
where last_run.status = 'failed';

-- name: finish_run
update muse.load_runs
set
    status = %(status)s,
    finished_at = clock_timestamp(),
    loaded = %(loaded)s,
    unchanged = %(unchanged)s,
    bad = %(bad)s,
    message = %(message)s
where run_id = %(run_id)s;

-- name: deploy
insert into muse.deployments as live (name, model_id)
values (%(name)s, %(model_id)s)
on conflict (name) do update set
    model_id = excluded.model_id,
    deployed_at = clock_timestamp(),
    previous_id = live.model_id;

-- name: prune_models
-- Empties the content of old models, and deletes the rows that no other row refers to. The setting
-- muse.keep_models of the database or the role overrides the number: alter database NAME set ...
with old as (
    select model.model_id
    from (
        select
            model_id,
            name,
            row_number() over (partition by name order by model_id desc) as place
        from muse.models
        where name = %(name)s
    ) as model
    where
        model.place > coalesce(
            substring(current_setting('muse.keep_models', true) from '^[0-9]{1,5}$')::integer,
            %(keep)s
        )
        and not exists (
            select from muse.deployments as live
            where model.model_id in (live.model_id, live.previous_id)
        )
        and not exists (
            select from muse.deployments as live
            inner join muse.models as user_model
                on user_model.model_id in (live.model_id, live.previous_id)
            where user_model.config ->> 'tagger' = model.model_id::text
        )
),

emptied as (
    update muse.models as model set content = null
    from old
    where model.model_id = old.model_id and model.content is not null
)

delete from muse.models as model using old
where
    model.model_id = old.model_id
    and not exists (
        select from muse.samples
        where samples.model_id = old.model_id
    )
    and not exists (
        select from muse.models as user_model
        where
            old.model_id::text in (
                user_model.config ->> 'classifier',
                user_model.config ->> 'tagger',
                user_model.config ->> 'song_model',
                user_model.config ->> 'sound_model'
            )
    );
