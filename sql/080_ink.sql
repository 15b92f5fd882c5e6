-- Deep Ink: pictures of two colours that grow where a network's gradient says.

create or replace function muse.ink_layers()
returns table (layer text, channels integer, size integer)
language sql stable parallel safe rows 10
begin atomic
    select
        model.config ->> 'layer' as layer,
        (model.config ->> 'channels')::integer as channels,
        (model.config ->> 'size')::integer as size
    from muse.deployments as live
    inner join muse.models as model on live.model_id = model.model_id
    where live.name like 'ink\_%'
    order by (model.config ->> 'depth')::integer;
end;

comment on function muse.ink_layers() is
'Layers that ink can be drawn for, the shallowest first: select * from ink_layers()';

-- deep_ink --------------------------------------------------------------------------------
-- A picture a row: the start, every so many steps, and the end. A step is an evaluation of the
-- network; one that lowers the score is taken back. docs/ink.md tells what each argument does.

create or replace function muse.deep_ink(
    layer muse.short_text default null,
    channel integer default null,
    label muse.short_text default null,
    steps integer default 200,
    flips integer default 50,
    size integer default 224,
    black real default 125,
    white real default 129,
    border_only boolean default true,
    start muse.bitmap default null,
    radius real default 5.5,
    seed bigint default 0,
    every integer default 10,
    jitter integer default 0,
    original boolean default false,
    channels muse.short_integers default null,
    weights muse.short_reals default null
)
returns table (step integer, score real, flipped integer, ink integer, picture bytea)
language plpython3u stable parallel restricted rows 20 cost 10000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import ink
    return ink.deep_ink(plpy, GD, *args)
$$;

comment on function muse.deep_ink(
    muse.short_text, integer, muse.short_text, integer, integer, integer, real, real, boolean,
    muse.bitmap, real, bigint, integer, integer, boolean, muse.short_integers, muse.short_reals
) is
'Ink that grows under a gradient: select step, score from deep_ink(''block4'', 12, steps => 20)';

create or replace function muse.deep_ink_gif(
    layer muse.short_text default null,
    channel integer default null,
    label muse.short_text default null,
    steps integer default 200,
    flips integer default 50,
    size integer default 224,
    black real default 125,
    white real default 129,
    border_only boolean default true,
    start muse.bitmap default null,
    radius real default 5.5,
    seed bigint default 0,
    every integer default 10,
    jitter integer default 0,
    original boolean default false,
    channels muse.short_integers default null,
    weights muse.short_reals default null,
    milliseconds integer default 100,
    loop boolean default true
)
returns bytea
language plpython3u stable parallel restricted cost 10000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import ink
    return ink.deep_ink_gif(plpy, GD, *args)
$$;

comment on function muse.deep_ink_gif(
    muse.short_text, integer, muse.short_text, integer, integer, integer, real, real, boolean,
    muse.bitmap, real, bigint, integer, integer, boolean, muse.short_integers, muse.short_reals,
    integer, boolean
) is
'The same as an animated GIF: select length(deep_ink_gif(''block4'', 12, steps => 20))';

-- What was drawn and kept -------------------------------------------------------------------

create or replace view muse.ink_samples as
select
    sample.sample_id,
    sample.made_at,
    sample.model_id,
    sample.parameters ->> 'layer' as layer,
    sample.parameters ->> 'channel' as channel,
    sample.parameters ->> 'label' as label,
    sample.seed,
    (sample.result ->> 'steps')::integer as steps,
    (sample.result ->> 'start_score')::real as start_score,
    (sample.result ->> 'score')::real as score,
    (sample.result ->> 'ink')::integer as ink,
    sample.result ->> 'seen_as' as seen_as,
    (sample.result ->> 'probability')::real as probability,
    sample.parameters,
    'data:image/gif;base64,' || (sample.result ->> 'gif') as animation,
    'data:image/png;base64,' || (sample.result ->> 'png') as picture
from muse.samples as sample
where sample.kind = 'ink';

comment on view muse.ink_samples is
'One row a stored drawing in ink: select layer, channel, score, seen_as from ink_samples';
