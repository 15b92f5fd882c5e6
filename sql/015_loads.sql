-- Loads: what the loaders did.

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
'One row a run of a loader over a source: select * from loads order by run_id desc limit 5';

-- Who added a source. A loader can write any row; what cron repeats with the rights of its own
-- login must be what that login asked for.

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
'Writes the login into a new or changed source: select location, added_by from sources';

create or replace trigger note_login
before insert or update of topic, location, options, added_by on muse.sources
for each row execute function muse.note_login();
