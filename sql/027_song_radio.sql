-- The song radio: a playlist from tracks and artists.
--
-- The score adds two terms: the cosine to the weighted mean of the seeds, which exists for every
-- track, and the similarities to the seeds in song_neighbors, which rank the first few better.
-- Later seeds have more weight: 1/2^exponent for the last, 1/3^exponent for the one before. Each
-- training chooses the exponent and the weights of both terms (docs/songs.md).

-- radio_settings --------------------------------------------------------------------------

create or replace function muse.radio_settings(model_id bigint)
returns table (exponent real, vectors real, neighbors real)
language sql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
    select
        coalesce((model.config #>> '{radio,exponent}')::real, 0.5),
        coalesce((model.config #>> '{radio,vectors}')::real, 1.5),
        coalesce((model.config #>> '{radio,neighbors}')::real, 1)
    from muse.models as model
    where model.model_id = radio_settings.model_id;
$$;

comment on function muse.radio_settings(bigint) is
'Exponent of the seeds and weights of the terms of song_radio: select * from radio_settings(live_model(''songs''))';  -- noqa: LT05

-- radio_seeds -----------------------------------------------------------------------------
-- Artists stand before the seeds. An artist has the weight of one seed, shared by its 20 most
-- played tracks. The tracks of `unlike` have together minus half of all weight.

create or replace function muse.radio_seeds(
    model_id bigint, seeds text[], artists text[], unlike text[], exponent real
)
returns table (track_id text, weight real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    ids text[];
    total integer;
begin
    perform muse.check_elements(radio_seeds.seeds, 'seeds', 1000);
    perform muse.check_elements(radio_seeds.artists, 'artists', 1000);
    perform muse.check_elements(radio_seeds.unlike, 'unlike', 1000);
    ids := array(
        select coalesce(muse.one_artist(artist.name), artist.name)
        from unnest(radio_seeds.artists) with ordinality as artist (name, place)
        order by artist.place
    );
    total := cardinality(ids) + cardinality(radio_seeds.seeds);
    return query
    with given as (
        select artist.artist_id, null::text as track_id, max(artist.place) as place
        from unnest(ids) with ordinality as artist (artist_id, place)
        group by artist.artist_id
        union all
        select null as artist_id, seed.track_id, cardinality(ids) + max(seed.place) as place
        from unnest(radio_seeds.seeds) with ordinality as seed (track_id, place)
        group by seed.track_id
    ),

    weighed as (
        select given.artist_id, given.track_id, power(total - given.place + 2, -radio_seeds.exponent) as weight
        from given
    ),

    liked as (
        select vectors.track_id, weighed.weight
        from weighed
        inner join muse.song_vectors as vectors on weighed.track_id = vectors.track_id
        where vectors.model_id = radio_seeds.model_id
        union all
        select best.track_id, weighed.weight / count(*) over (partition by weighed.artist_id)
        from weighed
        cross join lateral (
            select vectors.track_id
            from muse.artist_tracks(weighed.artist_id) as track
            inner join muse.song_vectors as vectors on track.track_id = vectors.track_id
            where vectors.model_id = radio_seeds.model_id
            order by track.places desc, track.track_id
            limit 20
        ) as best
        where weighed.artist_id is not null
    ),

    disliked as (
        select
            vectors.track_id,
            -0.5 * (select sum(liked.weight) from liked) / count(*) over () as weight
        from muse.song_vectors as vectors
        where
            vectors.model_id = radio_seeds.model_id
            and vectors.track_id = any(radio_seeds.unlike)
    )

    select both_of.track_id, sum(both_of.weight)::real
    from (table liked union all table disliked) as both_of
    where exists (select from liked)
    group by both_of.track_id;
end
$$;

comment on function muse.radio_seeds(bigint, text[], text[], text[], real) is
'Tracks and weights that a radio starts from: select * from radio_seeds(live_model(''songs''), array[''lonestar - amazed''], array[''creed''], ''{}'', 0.5)';  -- noqa: LT05

-- song_radio ------------------------------------------------------------------------------

create or replace function muse.song_radio(
    seeds text[] default '{}',
    n integer default 25,
    per_artist integer default 3,
    exclude text[] default '{}',
    "only" text[] default null,
    unlike text[] default '{}',
    artists text[] default '{}'
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
    live constant bigint := muse.live_model('songs');
    settings record;
    seed_ids text[];
    away text[];
    left_out text[];
    listed text[];
    known text[];
    weights real[];
    middle public.vector;
    ids text[];
    scores real[];
    -- Candidates of each term. One artist may fill them: then more are compared, at last all.
    candidates integer;
begin
    perform muse.check_n(song_radio.n);
    perform muse.check_elements(song_radio.exclude, 'exclude', 10000);
    perform muse.check_elements(song_radio.only, 'only', 10000);
    perform muse.check_elements(song_radio.unlike, 'unlike', 1000);
    perform muse.check_snapshot('song_vectors', live);
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
    select * into settings from muse.radio_settings(live);
    seed_ids := muse.seed_tracks(coalesce(song_radio.seeds, '{}'));
    away := muse.seed_tracks(coalesce(song_radio.unlike, '{}'), 'unlike');
    perform muse.check_unlike(seed_ids, away);

    select array_agg(seed.track_id), array_agg(seed.weight) into known, weights
    from muse.radio_seeds(live, seed_ids, coalesce(song_radio.artists, '{}'), away, settings.exponent) as seed;
    perform muse.note_unknown(seed_ids || away, known);
    perform muse.note_unknown(song_radio.artists, array(
        select name from unnest(song_radio.artists) as name where muse.one_artist(name) is not null
    ));
    if known is null then
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
            limit case when listed is null then coalesce(candidates, 0) else 0 end
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

        candidate as (
            table near
            union all
            table exact
            union all
            table allowed
            union all
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from not_near
            inner join muse.song_vectors as vectors on not_near.track_id = vectors.track_id
            where vectors.model_id = live
        ),

        blended as (
            select
                candidate.track_id,
                settings.vectors * candidate.cosine + settings.neighbors * coalesce(
                    beside.sum / (select nullif(greatest(max(beside.sum), 0), 0) from beside), 0
                ) as score
            from candidate
            left join beside on candidate.track_id = beside.track_id
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
muse.song_radio(text[], integer, integer, text[], text[], text[], text[]) is
'A playlist of tracks similar to some: select * from song_radio(array(select track_id from song_vectors limit 2))';
