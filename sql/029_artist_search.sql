-- Artist search, by the vectors and neighbours of the live model of artists.

-- nearest_artists -------------------------------------------------------------------------

create or replace function muse.nearest_artists(
    model_id bigint, input_vector public.vector, n integer, exclude text[] default '{}'
)
returns table (artist_id text, artist text, similarity double precision, place integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    left_out constant text[] := coalesce(array_remove(nearest_artists.exclude, null), '{}');
    ids text[];
begin
    perform muse.check_n(nearest_artists.n);
    perform muse.check_elements(nearest_artists.exclude, 'exclude', 10000);
    perform muse.check_snapshot('artist_vectors', nearest_artists.model_id);
    select array_agg(near.artist_id) into ids
    from (
        select vectors.artist_id
        from muse.artist_vectors as vectors
        where vectors.model_id = nearest_artists.model_id and vectors.artist_id <> all(left_out)
        order by vectors.context_vector operator(public.<#>) nearest_artists.input_vector
        limit nearest_artists.n
    ) as near;

    -- An index scan may end early; an exact scan then gives all n rows.
    if coalesce(cardinality(ids), 0) < nearest_artists.n then
        select array_agg(near.artist_id) into ids
        from (
            select vectors.artist_id
            from muse.artist_vectors as vectors
            where
                vectors.model_id = nearest_artists.model_id
                and vectors.artist_id <> all(left_out)
            order by
                -(vectors.context_vector operator(public.<#>) nearest_artists.input_vector) desc
            limit nearest_artists.n
        ) as near;
    end if;

    return query
    select
        near.artist_id,
        vectors.artist,
        -(vectors.context_vector operator(public.<#>) nearest_artists.input_vector),
        near.place::integer
    from unnest(ids) with ordinality as near (artist_id, place)
    inner join muse.artist_vectors as vectors on near.artist_id = vectors.artist_id
    where vectors.model_id = nearest_artists.model_id
    order by near.place;
end
$$;

comment on function muse.nearest_artists(bigint, public.vector, integer, text[]) is
'Artists by similarity to an input vector: select near.* from artist_vectors as v, nearest_artists(v.model_id, v.input_vector, 3) as near limit 3';

-- similar_artists -------------------------------------------------------------------------
-- From one artist the vectors alone are best; from several artist_radio is (docs/songs.md). With 15
-- negative samples most cosines are negative: only the measured lift says what is likelier than
-- chance. It is null in older models and where too few playlists were held out.

create or replace function muse.similar_artists(artist text, n integer default 10)
returns setof muse.similar_artist
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
declare
    live constant bigint := muse.live_model('artists');
    seed_id text;
    seed public.vector;
    ids text[];
    names text[];
    similarities double precision[];
begin
    perform muse.check_n(similar_artists.n);
    perform muse.check_length(similar_artists.artist, 'artist', 10000);
    perform muse.check_snapshot('artist_vectors', live);
    seed_id := muse.one_artist(similar_artists.artist);
    select vectors.input_vector into seed
    from muse.artist_vectors as vectors
    where vectors.model_id = live and vectors.artist_id = seed_id;
    if seed is null then
        raise notice 'artist % is not in the live model',
            coalesce(left(similar_artists.artist, 300), 'null')
        using hint = 'find_songs and the view artists know names; artists of very few playlists '
            'are left out';
        return;
    end if;

    select
        array_agg(near.artist_id order by near.place),
        array_agg(near.artist order by near.place),
        array_agg(near.similarity order by near.place)
    into ids, names, similarities
    from muse.nearest_artists(live, seed, similar_artists.n, array[seed_id]) as near;
    if exists (
        select from muse.models as model
        where
            model.model_id = live
            and muse.interpolate(
                similarities[1],
                array(
                    select jsonb_array_elements_text(
                        nullif(model.config -> 'lift', 'null') -> 'similarity'
                    )::double precision
                ),
                array(
                    select jsonb_array_elements_text(
                        nullif(model.config -> 'lift', 'null') -> 'lift'
                    )::double precision
                )
            ) <= 1
    ) then
        raise notice 'no artist stands beside % more often than by chance', left(seed_id, 300)
        using hint = 'an artist of few playlists has few companions: load more playlists';
    end if;

    return query
    select coalesce(near.artist, near.artist_id), near.similarity::real, near.artist_id
    from unnest(ids, names, similarities)
        with ordinality as near (artist_id, artist, similarity, place)
    order by near.place;
end
$$;

comment on function muse.similar_artists(text, integer) is
'Artists that stand beside one in playlists: select * from similar_artists((select max(artist_id) from artist_vectors))';

-- artist_radio ----------------------------------------------------------------------------
-- The score adds three times the cosine to the weighted mean of the seeds, and the square root of the
-- similarities to the seeds in artist_neighbors, as a share of the largest. Weights: as of songs.

create or replace function muse.artist_radio(artists text[], n integer default 10)
returns table (place integer, artist text, score real, artist_id text)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 200
set jit = off
as $$
#variable_conflict use_column
declare
    live constant bigint := muse.live_model('artists');
    seeds text[];
    known text[];
    weights real[];
    middle public.vector;
begin
    perform muse.check_n(artist_radio.n);
    perform muse.check_snapshot('artist_vectors', live);
    if coalesce(cardinality(artist_radio.artists), 0) not between 1 and 1000 then
        raise exception 'artists must be from 1 to 1000 names' using errcode = '22023';
    end if;
    perform muse.check_elements(artist_radio.artists, 'artists', 1000);
    seeds := array(
        select coalesce(muse.one_artist(artist.name), artist.name)
        from unnest(artist_radio.artists) with ordinality as artist (name, place)
        order by artist.place
    );
    select
        array_agg(vectors.artist_id),
        array_agg(seed.weight),
        public.l2_normalize(public.avg(
            vectors.input_vector operator(public.*) array_fill(seed.weight, array[64])::public.vector
        ))
    into known, weights, middle
    from (
        select
            given.artist_id,
            (1 / sqrt(cardinality(seeds) - max(given.place) + 2))::real as weight
        from unnest(seeds) with ordinality as given (artist_id, place)
        group by given.artist_id
    ) as seed
    inner join muse.artist_vectors as vectors on seed.artist_id = vectors.artist_id
    where vectors.model_id = live;
    perform muse.note_unknown(seeds, known);
    if known is null then
        return;
    end if;

    return query
    with beside as materialized (
        select neighbor.neighbor_id as artist_id, sum(neighbor.similarity * seed.weight) as sum
        from unnest(known, weights) as seed (artist_id, weight)
        inner join muse.artist_neighbors as neighbor on seed.artist_id = neighbor.artist_id
        where neighbor.model_id = live and neighbor.neighbor_id <> all(known)
        group by neighbor.neighbor_id
    ),

    candidate as (
        select near.artist_id
        from muse.nearest_artists(live, middle, 1000, known) as near
        union
        (
            select beside.artist_id from beside
            order by beside.sum desc, beside.artist_id
            limit 1000
        )
    ),

    blended as (
        select
            vectors.artist_id,
            coalesce(vectors.artist, vectors.artist_id) as artist,
            -3 * (vectors.context_vector operator(public.<#>) middle)
            + sqrt(coalesce(beside.sum / (select max(beside.sum) from beside), 0)) as score
        from candidate
        inner join muse.artist_vectors as vectors on candidate.artist_id = vectors.artist_id
        left join beside on candidate.artist_id = beside.artist_id
        where vectors.model_id = live
    )

    select
        row_number() over (order by blended.score desc, blended.artist_id)::integer as place,
        blended.artist,
        blended.score::real,
        blended.artist_id
    from blended
    order by place
    limit artist_radio.n;
end
$$;

comment on function muse.artist_radio(text[], integer) is
'Artists that go with some: select * from artist_radio(array(select artist_id from artist_vectors limit 2))';
