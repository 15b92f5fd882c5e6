-- Song search, by the vectors and neighbours of the live model.
--
-- In plpgsql, so that n is checked, the query vector is looked up once, and the plan is the same
-- for a literal, a sub-select and a volatile argument. An index scan needs one ordering key.

-- nearest_songs ---------------------------------------------------------------------------
-- The inner product of a track's input vector and the other tracks' context vectors, which
-- training raises for neighbours in playlists (docs/songs.md has figures).

create or replace function muse.nearest_songs(
    model_id bigint, input_vector public.vector, n integer, left_out text default null
)
returns table (track_id text, similarity double precision, place integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    ids text[];
    similarities double precision[];
begin
    perform muse.check_n(nearest_songs.n);
    perform muse.check_length(nearest_songs.left_out, 'left_out', 10000);
    perform muse.check_snapshot('song_vectors', nearest_songs.model_id);
    select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
    from (
        select
            vectors.track_id,
            -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector) as similarity
        from muse.song_vectors as vectors
        where
            vectors.model_id = nearest_songs.model_id
            and vectors.track_id is distinct from nearest_songs.left_out
        order by vectors.context_vector operator(public.<#>) nearest_songs.input_vector
        limit nearest_songs.n
    ) as near;

    -- An index scan may end early; an exact scan then gives all n rows.
    if coalesce(cardinality(ids), 0) < nearest_songs.n then
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector)
                    as similarity
            from muse.song_vectors as vectors
            where
                vectors.model_id = nearest_songs.model_id
                and vectors.track_id is distinct from nearest_songs.left_out
            order by -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector) desc
            limit nearest_songs.n
        ) as near;
    end if;

    return query
    select near.track_id, near.similarity, near.place::integer
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place);
end
$$;

comment on function muse.nearest_songs(bigint, public.vector, integer, text) is
'Tracks by similarity to an input vector: select near.* from song_vectors as v, nearest_songs(v.model_id, v.input_vector, 3) as near limit 3';

-- similar_songs ---------------------------------------------------------------------------

create or replace function muse.similar_songs(track_id text, n integer default 10)
returns setof muse.similar_song
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
declare
    live constant bigint := muse.live_model('songs');
    seed public.vector;
begin
    perform muse.check_n(similar_songs.n);
    perform muse.check_length(similar_songs.track_id, 'track_id', 10000);
    perform muse.check_snapshot('song_vectors', live);
    select vectors.input_vector into seed
    from muse.song_vectors as vectors
    where vectors.model_id = live and vectors.track_id = similar_songs.track_id;
    if seed is null then
        raise notice 'track % is not in the live model', left(similar_songs.track_id, 300)
        using hint = 'find_songs knows ids; tracks of very few playlists are left out';
        return;
    end if;

    return query
    select near.track_id, track.name, track.artist, near.similarity::real
    from muse.nearest_songs(live, seed, similar_songs.n, similar_songs.track_id) as near
    inner join muse.tracks as track on near.track_id = track.track_id
    order by near.place;
end
$$;

comment on function muse.similar_songs(text, integer) is
'Tracks that are similar to one, most similar first: select * from similar_songs((select max(track_id) from song_vectors))';

-- song_radio ------------------------------------------------------------------------------
-- The score adds two terms: the cosine to the weighted mean of the seeds, which exists for every
-- track, and the similarities to the seeds in song_neighbors, which rank the first few better. Later
-- seeds have more weight: 1/sqrt(2) for the last, 1/sqrt(3) for the one before, since the last track
-- predicts best. Each term alone continues playlists worse (docs/songs.md).

create or replace function muse.song_radio(
    seeds text[], n integer default 25, per_artist integer default 3
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
    known text[];
    weights real[];
    middle public.vector;
    ids text[];
    scores real[];
    candidates integer := 1000;  -- of each term
begin
    perform muse.check_n(song_radio.n);
    perform muse.check_snapshot('song_vectors', live);
    if song_radio.per_artist is null or song_radio.per_artist < 1 then
        raise exception 'per_artist must be 1 or more' using errcode = '22023';
    end if;
    if coalesce(cardinality(song_radio.seeds), 0) not between 1 and 1000 then
        raise exception 'seeds must be from 1 to 1000 track ids' using errcode = '22023';
    end if;
    perform muse.check_length(seed, 'a seed', 10000) from unnest(song_radio.seeds) as seed;

    select
        array_agg(vectors.track_id),
        array_agg(seed.weight),
        public.l2_normalize(public.avg(
            vectors.input_vector operator(public.*) array_fill(seed.weight, array[64])::public.vector
        ))
    into known, weights, middle
    from (
        select
            given.track_id,
            (1 / sqrt(cardinality(song_radio.seeds) - max(given.place) + 2))::real as weight
        from unnest(song_radio.seeds) with ordinality as given (track_id, place)
        group by given.track_id
    ) as seed
    inner join muse.song_vectors as vectors on seed.track_id = vectors.track_id
    where vectors.model_id = live;
    if cardinality(known) is distinct from (
        select count(distinct seed) from unnest(song_radio.seeds) as seed
    ) then
        raise notice 'left out, not in the live model: %', (
            select left(string_agg(distinct coalesce(seed, 'null'), ', '), 300)
            from unnest(song_radio.seeds) as seed
            where seed is null or seed <> all (coalesce(known, '{}'))
        );
    end if;
    if known is null then
        return;
    end if;

    -- One artist may fill the candidates: then ten times as many are compared.
    loop
        with near as materialized (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) middle) as cosine
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> all (known)
            order by vectors.context_vector operator(public.<#>) middle
            limit candidates
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
                beside.track_id <> all (known)
                and not exists (select from near where near.track_id = beside.track_id)
            order by beside.sum desc, beside.track_id
            limit candidates
        ),

        candidate as (
            select near.track_id, near.cosine from near
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
                1.5 * candidate.cosine
                + coalesce(beside.sum / (select max(beside.sum) from beside), 0) as score
            from candidate
            left join beside on candidate.track_id = beside.track_id
        ),

        of_artists as (
            select
                blended.track_id,
                blended.score,
                track.artist is null or song_radio.per_artist >= row_number() over (
                    partition by track.artist order by blended.score desc, blended.track_id
                ) as fits
            from blended
            inner join muse.tracks as track on blended.track_id = track.track_id
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

        exit when cardinality(ids) >= song_radio.n or candidates >= (
            select count(*) from muse.song_vectors as vectors where vectors.model_id = live
        );
        candidates := candidates * 10;
    end loop;

    return query
    select best.place::integer, track.track_id, track.name, track.artist, best.score
    from unnest(ids, scores) with ordinality as best (track_id, score, place)
    inner join muse.tracks as track on best.track_id = track.track_id
    order by best.place;
end
$$;

comment on function muse.song_radio(text[], integer, integer) is
'A playlist of tracks similar to some: select * from song_radio(array(select track_id from song_vectors limit 2))';
