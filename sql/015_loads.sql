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
