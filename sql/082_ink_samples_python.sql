-- Stored drawings of Deep Ink.

create or replace function muse.save_ink(
    layer text, channel integer, steps integer default 100, seed bigint default 0
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
            every => save_ink.steps
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
            'seed', save_ink.seed
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
                    seed => save_ink.seed, every => greatest(save_ink.steps / 10, 1)
                ),
                'base64'
            ), e'\n', '')
        )
    )
    returning sample_id into id;
    return id;
end
$$;

comment on function muse.save_ink(text, integer, integer, bigint) is
'Id of a stored drawing of Deep Ink: select layer, channel, score, seen_as from ink_samples';

-- Each drawing is of the channel, of five that the seed chooses, that ten steps raise most.
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
        with layers as materialized (
            select
                known.layer,
                known.channels,
                row_number() over (
                    order by hashtextextended(known.layer, draw_ink_samples.seed)
                ) as rank,
                count(*) over () as total
            from muse.ink_layers() as known
            where known.layer <> 'class'
        ),

        candidates as (
            select
                drawing.number,
                layers.layer,
                abs(hashint8extended(drawing.number * 5 + tried.one, draw_ink_samples.seed) / 2)
                % layers.channels as channel
            from generate_series(1, draw_ink_samples.n) as drawing (number)
            inner join layers on layers.rank = drawing.number % layers.total + 1
            cross join generate_series(1, 5) as tried (one)
        ),

        tested as (
            select
                candidates.number,
                candidates.layer,
                candidates.channel::integer as channel,
                gain.value as gain
            from candidates
            cross join lateral (
                select max(frame.score) - min(frame.score) as value
                from muse.deep_ink(
                    candidates.layer, candidates.channel::integer, steps => 10, every => 10,
                    seed => draw_ink_samples.seed
                ) as frame
            ) as gain
        )

        select distinct on (tested.number) tested.layer, tested.channel
        from tested
        where tested.gain > 0
        order by tested.number, tested.gain desc, tested.channel
    loop
        perform muse.save_ink(chosen.layer, chosen.channel, seed => draw_ink_samples.seed);
        drawn := drawn + 1;
    end loop;
    return drawn;
end
$$;

comment on function muse.draw_ink_samples(integer, bigint) is
'Number of drawings of Deep Ink that were stored: select layer, channel, picture from ink_samples';
