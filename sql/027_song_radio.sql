-- The song radio: a playlist from tracks and artists.
--
-- The score adds two terms: the cosine to the weighted mean of the seeds, which exists for every
-- track, and the similarities to the seeds in song_neighbors, which rank the first few better.
-- Later seeds have more weight: 1/2^exponent for the last, 1/3^exponent for the one before. Each
-- training chooses the exponent and the weights of both terms (docs/songs.md).
--
-- With `sound` s the score is (1 - s) z(playlists) + s z(sound): both in standard deviations from
-- their means over all tracks. The z of a track that only one of both has is 0 in the other one.

create or replace function muse.song_radio(
    seeds text[] default '{}',
    n integer default 25,
    per_artist integer default 3,
    exclude text[] default '{}',
    "only" text[] default null,
    unlike text[] default '{}',
    artists text[] default '{}',
    sound double precision default 0
)
returns table (place integer, track_id text, name text, artist text, score real)
language plpgsql stable parallel safe rows 25
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 200
set jit = off
as $$
#variable_conflict use_column
declare
    -- A library without playlists has a radio by sound alone.
    live constant bigint := case
        when song_radio.sound > 0 then (
            select deployment.model_id from muse.deployments as deployment
            where deployment.name = 'songs'
        )
        else muse.live_model('songs')
    end;
    settings record;
    seed_ids text[];
    away text[];
    left_out text[];
    listed text[];
    known text[];
    weights real[];
    middle public.vector;
    is_heard boolean := song_radio.sound > 0;
    share constant real := case
        when live is null then 100 else muse.sample_share('song_vectors', live)
    end;
    heard_model bigint;
    heard_middle public.vector;
    heard_ids text[];
    heard_mean real;
    heard_deviation real;
    ids text[];
    scores real[];
    -- Candidates of each term. One artist may fill them: then more are compared, at last all.
    candidates integer;
begin
    perform muse.check_n(song_radio.n);
    perform muse.check_elements(song_radio.exclude, 'exclude', 10000);
    perform muse.check_elements(song_radio.only, 'only', 10000);
    perform muse.check_elements(song_radio.unlike, 'unlike', 1000);
    if live is not null then
        perform muse.check_snapshot('song_vectors', live);
    end if;
    if song_radio.per_artist is null or song_radio.per_artist < 1 then
        raise exception 'per_artist must be 1 or more' using errcode = '22023';
    end if;
    if
        coalesce(cardinality(song_radio.seeds), 0) + coalesce(cardinality(song_radio.artists), 0)
        not between 1 and 1000
    then
        raise exception 'seeds must be from 1 to 1000 tracks, or name artists'
        using errcode = '22023';
    end if;
    if song_radio.sound is null or song_radio.sound not between 0 and 1 then
        raise exception 'sound must be from 0 to 1' using errcode = '22023';
    end if;
    select * into settings from muse.radio_settings(live);
    seed_ids := muse.seed_tracks(coalesce(song_radio.seeds, '{}'));
    away := muse.seed_tracks(coalesce(song_radio.unlike, '{}'), 'unlike');
    perform muse.check_unlike(seed_ids, away);

    select array_agg(seed.track_id), array_agg(seed.weight) into known, weights
    from muse.radio_seeds(live, seed_ids, coalesce(song_radio.artists, '{}'), away, settings.exponent) as seed;
    if is_heard then
        select seed.* into heard_model, heard_middle, heard_ids, heard_mean, heard_deviation
        from muse.radio_sound(
            seed_ids, coalesce(song_radio.artists, '{}'), away, settings.exponent
        ) as seed;
        is_heard := heard_middle is not null;
    end if;
    perform muse.note_unknown(seed_ids || away, known || heard_ids);
    perform muse.note_unknown(song_radio.artists, array(
        select name from unnest(song_radio.artists) as name where muse.one_artist(name) is not null
    ));
    if known is null and not is_heard then
        return;
    end if;
    select public.l2_normalize(public.avg(
        vectors.input_vector operator(public.*) array_fill(seed.weight, array[64])::public.vector
    ))
    into middle
    from unnest(known, weights) as seed (track_id, weight)
    inner join muse.song_vectors as vectors on seed.track_id = vectors.track_id
    where vectors.model_id = live;

    left_out := array_remove(seed_ids || away || muse.same_works(seed_ids || away), null);
    if song_radio.exclude <> '{}' then
        left_out := left_out || muse.listed_tracks(song_radio.exclude, 'exclude');
    end if;
    if song_radio.only is not null then
        listed := muse.listed_tracks(song_radio.only, 'only');
    end if;

    foreach candidates in array array[1000, 10000, null] loop
        with near as materialized (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> all(left_out)
            order by vectors.context_vector operator(public.<#>) middle
            limit case
                when listed is null and middle is not null then coalesce(candidates, 0) else 0
            end
        ),

        alike as materialized (
            select
                vectors.track_id,
                -(vectors.embedding operator(public.<#>) heard_middle) as cosine
            from muse.sound_vectors as vectors
            where vectors.model_id = heard_model and vectors.track_id <> all(left_out)
            order by vectors.embedding operator(public.<#>) heard_middle
            limit case
                when listed is null and heard_middle is not null then coalesce(candidates, 0)
                else 0
            end
        ),

        exact as materialized (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> all(left_out)
            limit case when listed is null and candidates is null then null else 0 end
        ),

        allowed as materialized (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from muse.song_vectors as vectors
            where
                vectors.model_id = live
                and vectors.track_id = any(listed)
                and vectors.track_id <> all(left_out)
        ),

        beside as materialized (
            select neighbor.neighbor_id as track_id, sum(neighbor.similarity * seed.weight) as sum
            from unnest(known, weights) as seed (track_id, weight)
            inner join muse.song_neighbors as neighbor on seed.track_id = neighbor.track_id
            where neighbor.model_id = live
            group by neighbor.neighbor_id
        ),

        not_near as (
            select beside.track_id
            from beside
            where
                beside.track_id <> all(left_out)
                and not exists (select from near where near.track_id = beside.track_id)
            order by beside.sum desc, beside.track_id
            limit case when listed is null then coalesce(candidates, 0) else 0 end
        ),

        candidate as materialized (
            table near
            union all
            table exact
            union all
            table allowed
            union all
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from (
                table not_near
                union
                select alike.track_id from alike
                except
                select near.track_id from near
            ) as other
            inner join muse.song_vectors as vectors on other.track_id = vectors.track_id
            where vectors.model_id = live
        ),

        listened as (
            table alike
            union all
            select
                vectors.track_id,
                -(vectors.embedding operator(public.<#>) heard_middle) as cosine
            from muse.sound_vectors as vectors
            where
                vectors.model_id = heard_model
                and vectors.track_id <> all(left_out)
                and case
                    when listed is not null then vectors.track_id = any(listed)
                    when candidates is null then true
                    else vectors.track_id = any(array(
                        select candidate.track_id from candidate
                        except
                        select alike.track_id from alike
                    ))
                end
        ),

        beside_best as (select nullif(greatest(max(beside.sum), 0), 0) as sum from beside),

        sampled as (
            select
                avg(other.score) as mean,
                nullif(stddev_pop(other.score), 0) as deviation
            from (
                select
                    settings.neighbors * coalesce(beside.sum / (select sum from beside_best), 0)
                    - settings.vectors * (vectors.context_vector operator(public.<#>) middle)
                        as score
                from muse.song_vectors as vectors tablesample system (share) repeatable (0)
                left join beside on vectors.track_id = beside.track_id
                where vectors.model_id = live and is_heard
            ) as other
        ),

        by_playlists as (
            select
                candidate.track_id,
                settings.vectors * candidate.cosine
                + settings.neighbors * coalesce(beside.sum / (select sum from beside_best), 0)
                    as score
            from candidate
            left join beside on candidate.track_id = beside.track_id
            where candidate.cosine is not null
        ),

        blended as (
            select by_playlists.track_id, by_playlists.score
            from by_playlists
            where not is_heard
            union all
            select
                track_id,
                (1 - song_radio.sound)
                * coalesce((by_playlists.score - sampled.mean) / sampled.deviation, 0)
                + song_radio.sound
                * coalesce((listened.cosine - heard_mean) / nullif(heard_deviation, 0), 0)
            from by_playlists
            full join listened using (track_id)
            cross join sampled
            where is_heard
        ),

        of_works as (
            select
                blended.track_id,
                blended.score,
                track.artist,
                row_number() over (
                    partition by track.work order by blended.score desc, blended.track_id
                ) as version
            from blended
            inner join muse.tracks as track on blended.track_id = track.track_id
        ),

        of_artists as (
            select
                of_works.track_id,
                of_works.score,
                of_works.artist is null or song_radio.per_artist >= row_number() over (
                    partition by of_works.artist order by of_works.score desc, of_works.track_id
                ) as fits
            from of_works
            where of_works.version = 1
        ),

        best as (
            select of_artists.track_id, of_artists.score
            from of_artists
            where of_artists.fits
            order by of_artists.score desc, of_artists.track_id
            limit song_radio.n
        )

        select
            array_agg(best.track_id order by best.score desc, best.track_id),
            array_agg(best.score order by best.score desc, best.track_id)
        into ids, scores
        from best;

        exit when cardinality(ids) >= song_radio.n or listed is not null;
    end loop;

    return query
    select best.place::integer, track.track_id, track.name, track.artist, best.score
    from unnest(ids, scores) with ordinality as best (track_id, score, place)
    inner join muse.tracks as track on best.track_id = track.track_id
    order by best.place;
end
$$;

comment on function
muse.song_radio(
    text[], integer, integer, text[], text[], text[], text[], double precision
) is
'A playlist of tracks similar to some: select * from song_radio(array(select track_id from song_vectors limit 2))';
