-- Queries of the search over all small grids.

-- name: network
select coalesce(model.config ->> 'network', model.name) as network
from muse.models as model
where model.model_id = muse.live_model('classifier');

-- name: queue_blocks
insert into muse.grid_blocks (network, grid, block)
select
    %(network)s,
    %(grid)s,
    series.block
from generate_series(0, %(blocks)s - 1) as series (block)
on conflict (network, grid, block) do nothing;

-- name: count_blocks
select
    count(*) filter (where done_at is not null) as done,
    count(*) as total
from muse.grid_blocks
where network = %(network)s and grid = %(grid)s;

-- name: lease_block
-- In random order, so that the blocks that are done are a sample of all.
select block from muse.grid_blocks
where network = %(network)s and grid = %(grid)s and done_at is null
order by hashint4(block), block
limit 1
for update skip locked;

-- name: score_block
insert into muse.grid_icons as stored (network, grid, label, probability, bitmap)
select
    %(network)s,
    %(grid)s,
    best.label,
    best.probability,
    best.bitmap
from muse.best_grids(%(grid)s, %(block)s) as best
order by best.label
on conflict (network, grid, label) do update
    set probability = excluded.probability, bitmap = excluded.bitmap
    where excluded.probability > stored.probability;

-- name: score_bitmaps
insert into muse.grid_icons as stored (network, grid, label, probability, bitmap)
select distinct on (best.label)
    %(network)s,
    %(grid)s,
    best.label,
    best.probability,
    candidate.bitmap::bit varying
from unnest(cast(%(bitmaps)s as text[])) as candidate (bitmap)
cross join lateral muse.grid_label(candidate.bitmap::bit varying, 1000) as best
order by best.label asc, best.probability desc, candidate.bitmap asc
on conflict (network, grid, label) do update
    set probability = excluded.probability, bitmap = excluded.bitmap
    where excluded.probability > stored.probability;

-- name: finish_block
update muse.grid_blocks set done_at = now()
where network = %(network)s and grid = %(grid)s and block = %(block)s;

-- name: create_staging
create temporary table new_grids (like muse.grid_icons) on commit drop;

-- name: merge_grids
insert into muse.grid_icons as stored (network, grid, label, probability, bitmap)
select
    new.network,
    new.grid,
    new.label,
    new.probability,
    new.bitmap
from pg_temp.new_grids as new
order by new.network, new.grid, new.label
on conflict (network, grid, label) do update
    set probability = excluded.probability, bitmap = excluded.bitmap
    where excluded.probability > stored.probability;

-- name: store_blocks
-- Blocks are taken in the order of lease_block, so that a count says which ones are done.
insert into muse.grid_blocks as stored (network, grid, block, done_at)
select
    %(network)s,
    %(grid)s,
    series.block,
    case
        when row_number() over (order by hashint4(series.block), series.block) <= %(done)s
            then now()
    end as done_at
from generate_series(0, %(blocks)s - 1) as series (block)
on conflict (network, grid, block) do update
    set done_at = excluded.done_at
    where stored.done_at is null and excluded.done_at is not null;
