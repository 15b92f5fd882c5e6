-- Runs of the loaders, and the login that added a source.

create or replace view muse.loads as
select
    run.run_id,
    source.topic,
    source.location,
    run.started_at,
    run.finished_at,
    run.status,
    run.loaded,
    run.unchanged,
    run.bad,
    run.message
from muse.load_runs as run
inner join muse.sources as source on run.source_id = source.source_id;

comment on view muse.loads is
'One row per run of a loader over a source: select * from loads order by run_id desc limit 5';
comment on column muse.loads.run_id is 'Id of the run (key, references load_runs.run_id)';
comment on column muse.loads.topic is
'Topic of the source: songs, sounds, wikidata, wikipedia, images or icons';
comment on column muse.loads.location is 'Path, address or package that was loaded';
comment on column muse.loads.started_at is 'Time at which the run began';
comment on column muse.loads.finished_at is 'Time at which the run ended; null while it runs';
comment on column muse.loads.status is 'running, done or failed';
comment on column muse.loads.loaded is 'Number of entries that were written';
comment on column muse.loads.unchanged is
'Number of entries that were stored already and had not changed';
comment on column muse.loads.bad is 'Number of entries that could not be used: see load_errors';
comment on column muse.loads.message is 'Error of a failed run; null otherwise';

-- Loaders can write any row. The trigger records the login, because refresh may reload only the
-- sources of its own login.

create or replace function muse.note_login()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    new.added_by := session_user;
    return new;
end
$$;

comment on function muse.note_login() is
'Trigger of sources, records the login that wrote a row: select location, added_by from sources';

create or replace trigger note_login
before insert or update of topic, location, options, added_by on muse.sources
for each row execute function muse.note_login();
