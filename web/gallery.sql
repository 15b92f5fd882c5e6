-- Queries of the gallery and the pad. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: drawn_bitmaps
select
    drawn.sample_id,
    drawn.place,
    drawn.model,
    drawn.seed,
    drawn.temperature,
    drawn.label,
    drawn.score,
    drawn.nll,
    drawn.novelty
from muse.drawn_icons as drawn
where
    drawn.kind = %(kind)s
    and drawn.sample_id = coalesce(
        %(sample_id)s::bigint,
        (
            select max(sample.sample_id) from muse.samples as sample
            where sample.kind = %(kind)s
        )
    )
order by drawn.place;

-- name: drawn_ink
select
    ink.sample_id,
    ink.layer,
    ink.channel,
    ink.seed,
    ink.steps,
    ink.start_score,
    ink.score,
    ink.seen_as,
    ink.probability,
    ink.parameters
from muse.ink_samples as ink
order by ink.sample_id desc
limit %(n)s;

-- name: similar_icons
select
    icon.icon_id,
    icon.icon_set,
    icon.name,
    icon.distance
from muse.similar_icons(%(bitmap)s::bit varying, 12) as icon;

-- name: icon_labels
select
    one.label,
    one.probability
from muse.icon_label(%(bitmap)s::bit varying, 3) as one;

-- name: finish_icon
select
    one.i,
    one.bitmap::text as bitmap,
    one.nll
from
    muse.generate_icons(
        'icons_32', 6, temperature => 0.8, seed => %(seed)s, start => %(bitmap)s::bit varying
    ) as one;

-- name: request_drawing
select muse.request_drawing(%(drawing)s, n => %(n)s) as request_id;

-- name: drawing
select
    request.request_id,
    request.drawing,
    request.n,
    request.seed,
    request.status,
    request.message,
    request.sample_ids,
    (
        select count(*) from muse.drawing_requests as earlier
        where earlier.request_id < request.request_id and earlier.status in ('waiting', 'running')
    ) as ahead
from muse.drawing_requests as request
where request.request_id = %(request_id)s;
