-- Deep Ink: drawings in two colours, optimized by the gradient of a network.
--
-- One row per frame: the start, every `every`-th step, and the end. A step evaluates the network
-- once; a frame is the best drawing so far. docs/ink.md describes the arguments.

create or replace function muse.deep_ink(
    layer muse.short_text default null,
    channel integer default null,
    label muse.short_text default null,
    steps integer default 200,
    flips integer default 2000,
    size integer default 224,
    black double precision default 125,
    white double precision default 129,
    border_only boolean default true,
    start muse.bitmap default null,
    radius double precision default 5.5,
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
    muse.short_text, integer, muse.short_text, integer, integer, integer, double precision,
    double precision, boolean, muse.bitmap, double precision, bigint, integer, integer, boolean,
    muse.short_integers, muse.short_reals
) is
'Frames of a drawing by gradient: select step, score from deep_ink(''block4'', 12, steps => 20)';

create or replace function muse.deep_ink_gif(
    layer muse.short_text default null,
    channel integer default null,
    label muse.short_text default null,
    steps integer default 200,
    flips integer default 2000,
    size integer default 224,
    black double precision default 125,
    white double precision default 129,
    border_only boolean default true,
    start muse.bitmap default null,
    radius double precision default 5.5,
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
    muse.short_text, integer, muse.short_text, integer, integer, integer, double precision,
    double precision, boolean, muse.bitmap, double precision, bigint, integer, integer, boolean,
    muse.short_integers, muse.short_reals,
    integer, boolean
) is
'A drawing by gradient as animated GIF: select length(deep_ink_gif(''block4'', 12, steps => 20))';
