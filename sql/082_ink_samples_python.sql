-- Stored drawings of Deep Ink.

create or replace function muse.save_ink(
    layer text,
    channel integer,
    steps integer default 200,
    seed bigint default 0,
    flips integer default 2000,
    radius double precision default 5.5,
    border_only boolean default true
)
returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    first_score real;
    finish record;
    seen record;
    id bigint;
begin
    for finish in
        select frame.step, frame.score, frame.ink, frame.picture
        from muse.deep_ink(
            save_ink.layer, save_ink.channel, steps => save_ink.steps, seed => save_ink.seed,
            flips => save_ink.flips, radius => save_ink.radius,
            border_only => save_ink.border_only, every => save_ink.steps
        ) as frame
    loop
        first_score := coalesce(first_score, finish.score);
    end loop;
    if exists (select from muse.deployments as live where live.name = 'classifier') then
        select one.label, one.probability into seen
        from muse.classify_image(finish.picture, 1) as one;
    else
        select null::text as label, null::real as probability into seen;
    end if;
    insert into muse.samples (kind, model_id, seed, parameters, result)
    values (
        'ink',
        muse.live_model('ink_' || save_ink.layer),
        save_ink.seed,
        jsonb_build_object(
            'layer', save_ink.layer, 'channel', save_ink.channel, 'steps', save_ink.steps,
            'seed', save_ink.seed, 'flips', save_ink.flips, 'radius', save_ink.radius,
            'border_only', save_ink.border_only
        ),
        jsonb_build_object(
            'steps', finish.step,
            'start_score', first_score,
            'score', finish.score,
            'ink', finish.ink,
            'seen_as', seen.label,
            'probability', seen.probability,
            'png', translate(encode(finish.picture, 'base64'), e'\n', ''),
            'gif', translate(encode(
                muse.deep_ink_gif(
                    save_ink.layer, save_ink.channel, steps => save_ink.steps,
                    seed => save_ink.seed, flips => save_ink.flips, radius => save_ink.radius,
                    border_only => save_ink.border_only,
                    every => greatest(save_ink.steps / 20, 1)
                ),
                'base64'
            ), e'\n', '')
        )
    )
    returning sample_id into id;
    return id;
end
$$;

comment on function muse.save_ink(
    text, integer, integer, bigint, integer, double precision, boolean
) is
'Id of a stored drawing of Deep Ink: select layer, channel, score, seen_as from ink_samples';

-- Of 4 n channels that the seed chooses, the n that twenty steps raise most, where ink grows.
create or replace function muse.draw_ink_samples(n integer default 12, seed bigint default 0)
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    drawn integer := 0;
    chosen record;
begin
    perform muse.check_n(draw_ink_samples.n);
    for chosen in
        with channels as (
            select
                known.layer,
                number.channel
            from muse.ink_layers() as known
            cross join lateral generate_series(0, known.channels - 1) as number (channel)
            where known.layer not like '%class'
        ),

        candidates as materialized (
            select
                channels.layer,
                channels.channel
            from channels
            order by hashtextextended(
                channels.layer || ' ' || channels.channel, draw_ink_samples.seed
            )
            limit 4 * draw_ink_samples.n
        )

        select
            candidates.layer,
            candidates.channel
        from candidates
        cross join lateral (
            -- Relative to the start: deep layers have small scores.
            select
                (max(frame.score) - min(frame.score)) / (abs(min(frame.score)) + 0.1)
                -- 3,136 pixels are a sixteenth of a drawing.
                * least(max(frame.ink) / 3136.0, 1) as value
            from muse.deep_ink(
                candidates.layer, candidates.channel, steps => 20, every => 20,
                seed => draw_ink_samples.seed
            ) as frame
        ) as gain
        where gain.value > 0
        order by gain.value desc, candidates.layer, candidates.channel
        limit draw_ink_samples.n
    loop
        perform muse.save_ink(chosen.layer, chosen.channel, seed => draw_ink_samples.seed);
        drawn := drawn + 1;
    end loop;
    return drawn;
end
$$;

comment on function muse.draw_ink_samples(integer, bigint) is
'Number of drawings of Deep Ink that were stored: select layer, channel, picture from ink_samples';
