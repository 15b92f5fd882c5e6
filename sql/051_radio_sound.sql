-- The sound of a radio's seeds, for song_radio(sound => ...).

create or replace function muse.sample_share(table_name text, model_id bigint)
returns real
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    -- reltuples is -1 before the first ANALYZE.
    return coalesce((
        select 100 * least(1, 20000 / greatest(part.reltuples, 1))
        from pg_class as part
        where
            part.oid = to_regclass(format(
                'muse_partitions.%I',
                muse.partition_name(sample_share.table_name, sample_share.model_id)
            ))
    ), 100);
end
$$;

comment on function muse.sample_share(text, bigint) is
'Percent of a model''s vectors that are about 20,000, for tablesample: select sample_share(''song_vectors'', model_id) from models limit 1';  -- noqa: LT05

create or replace function muse.radio_sound(
    seeds text[], artists text[], unlike text[], exponent real
)
returns table (
    model_id bigint, middle public.vector, track_ids text[], mean real, deviation real
)
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
#variable_conflict use_column
declare
    live constant bigint := muse.live_model('sounds');
    share constant real := muse.sample_share('sound_vectors', live);
    known text[];
    weights real[];
    centre public.vector;
begin
    perform muse.check_elements(radio_sound.seeds, 'seeds', 1000);
    perform muse.check_elements(radio_sound.artists, 'artists', 1000);
    perform muse.check_elements(radio_sound.unlike, 'unlike', 1000);
    perform muse.check_snapshot('sound_vectors', live);
    select array_agg(seed.track_id), array_agg(seed.weight) into known, weights
    from muse.radio_seeds(
        live, radio_sound.seeds, radio_sound.artists, radio_sound.unlike, radio_sound.exponent
    ) as seed;
    if known is null then
        raise notice 'no seed has a sound: by playlists alone'
        using hint = 'the view sound_files has the tracks of sound files';
        return query select live, null::public.vector, known, null::real, null::real;
        return;
    end if;
    select public.l2_normalize(public.avg(
        vectors.embedding operator(public.*) array_fill(seed.weight, array[200])::public.vector
    ))
    into centre
    from unnest(known, weights) as seed (track_id, weight)
    inner join muse.sound_vectors as vectors on seed.track_id = vectors.track_id
    where vectors.model_id = live;
    return query
    select
        live,
        centre,
        known,
        avg(-(vectors.embedding operator(public.<#>) centre))::real,
        stddev_pop(vectors.embedding operator(public.<#>) centre)::real
    from muse.sound_vectors as vectors tablesample system (share) repeatable (0)
    where vectors.model_id = live;
end
$$;

comment on function muse.radio_sound(text[], text[], text[], real) is
'Mean vector of the seeds'' sounds, and mean and deviation of all tracks'' similarity to it: select track_ids, mean, deviation from radio_sound(array(select track_id from sound_vectors limit 1), ''{}'', ''{}'', 0.5)';  -- noqa: LT05
