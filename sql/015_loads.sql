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
