-- Queries of the search over all small grids.

-- name: queue_blocks
-- Results of another classifier are deleted, and its blocks are queued again.
with model as (select muse.live_model('classifier') as model_id),

outdated as (
    delete from muse.grid_icons as icon using model
    where icon.grid = %(grid)s and icon.model_id <> model.model_id
)

insert into muse.grid_blocks as queued (grid, block, model_id)
select
    %(grid)s,
    series.block,
    model.model_id
from model
cross join generate_series(0, %(blocks)s - 1) as series (block)
on conflict (grid, block) do update
    set model_id = excluded.model_id, done_at = null
    where queued.model_id <> excluded.model_id;

-- name: count_blocks
select
    count(*) filter (where done_at is not null) as done,
    count(*) as total
from muse.grid_blocks
where grid = %(grid)s;

-- name: lease_block
-- In random order, so that the blocks that are done are a sample of all.
select block from muse.grid_blocks
where grid = %(grid)s and done_at is null
order by hashint4(block), block
limit 1
for update skip locked;

-- name: score_block
insert into muse.grid_icons as stored (grid, label, probability, bitmap, model_id)
select
    %(grid)s,
    best.label,
    best.probability,
    best.bitmap,
    muse.live_model('classifier') as model_id
from muse.best_grids(%(grid)s, %(block)s) as best
order by best.label
on conflict (grid, label) do update
    set
        probability = excluded.probability,
        bitmap = excluded.bitmap,
        model_id = excluded.model_id
    where excluded.probability > stored.probability;
