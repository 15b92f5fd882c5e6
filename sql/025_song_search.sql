-- Song search, by the vectors and neighbours of the live model.
--
-- In plpgsql, so that n is checked, the query vector is looked up once, and the plan is the same
-- for a literal, a sub-select and a volatile argument. An index scan needs one ordering key.

-- nearest_songs ---------------------------------------------------------------------------
-- The inner product of a track's input vector and the other tracks' context vectors, which
-- training raises for neighbours in playlists (docs/songs.md has figures).

create or replace function muse.nearest_songs(
    model_id bigint,
    input_vector public.vector,
    n integer,
    exclude text[] default '{}',
    "only" text[] default null
)
returns table (track_id text, similarity double precision, place integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    left_out constant text[] := coalesce(array_remove(nearest_songs.exclude, null), '{}');
    ids text[];
    similarities double precision[];
begin
    perform muse.check_n(nearest_songs.n);
    perform muse.check_elements(nearest_songs.exclude, 'exclude', 600000);
    perform muse.check_elements(nearest_songs.only, 'only', 600000);
    perform muse.check_snapshot('song_vectors', nearest_songs.model_id);
    if nearest_songs.only is null then
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector)
                    as similarity
            from muse.song_vectors as vectors
            where
                vectors.model_id = nearest_songs.model_id
                and vectors.track_id <> all(left_out)
            order by vectors.context_vector operator(public.<#>) nearest_songs.input_vector
            limit nearest_songs.n
        ) as near;
    else
        -- Few tracks: their vectors are read by the key.
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector)
                    as similarity
            from muse.song_vectors as vectors
            where
                vectors.model_id = nearest_songs.model_id
                and vectors.track_id = any(nearest_songs.only)
                and vectors.track_id <> all(left_out)
            order by -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector) desc
            limit nearest_songs.n
        ) as near;
    end if;

    -- An index scan may end early; an exact scan then gives all n rows.
    if nearest_songs.only is null and coalesce(cardinality(ids), 0) < nearest_songs.n then
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector)
                    as similarity
            from muse.song_vectors as vectors
            where
                vectors.model_id = nearest_songs.model_id
                and vectors.track_id <> all(left_out)
            order by -(vectors.context_vector operator(public.<#>) nearest_songs.input_vector) desc
            limit nearest_songs.n
        ) as near;
    end if;

    return query
    select near.track_id, near.similarity, near.place::integer
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place);
end
$$;

comment on function muse.nearest_songs(bigint, public.vector, integer, text[], text[]) is
'Tracks by similarity to an input vector: select near.* from song_vectors as v, nearest_songs(v.model_id, v.input_vector, 3) as near limit 3';

-- interpolate -----------------------------------------------------------------------------

create or replace function muse.interpolate(
    x double precision, xs double precision[], ys double precision[]
)
returns double precision
language sql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
    select
        case
            when x.below = 0 then interpolate.ys[1]
            when x.below >= cardinality(interpolate.xs) then interpolate.ys[x.below]
            else
                interpolate.ys[x.below]
                + (interpolate.ys[x.below + 1] - interpolate.ys[x.below])
                * (interpolate.x - interpolate.xs[x.below])
                / (interpolate.xs[x.below + 1] - interpolate.xs[x.below])
        end
    from (select width_bucket(interpolate.x, interpolate.xs) as below) as x
    where cardinality(interpolate.xs) > 0;
$$;

comment on function muse.interpolate(double precision, double precision[], double precision[]) is
'Height of the line through points at x: select interpolate(0.5, array[0, 1], array[10, 20])';

-- similar_songs ---------------------------------------------------------------------------
-- Training measures the lift at some similarities (loaders/songs/lift.py); null in older models and
-- where too few playlists were held out. Half of the mean of the vectors of `unlike` is subtracted
-- from the seed's. `only` is a reserved
-- word: callers write "only" => array[...].

create or replace function muse.similar_songs(
    track_id text,
    n integer default 10,
    exclude text[] default '{}',
    "only" text[] default null,
    unlike text[] default '{}'
)
returns setof muse.similar_song
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
declare
    live constant bigint := muse.live_model('songs');
    seed_id text := similar_songs.track_id;
    seed public.vector;
    left_out text[];
    listed text[];
    away text[];
    points double precision[];
    lifts double precision[];
    ids text[];
    similarities double precision[];
    versions integer[];
begin
    perform muse.check_n(similar_songs.n);
    perform muse.check_length(similar_songs.track_id, 'track_id', 10000);
    perform muse.check_elements(similar_songs.exclude, 'exclude', 10000);
    perform muse.check_elements(similar_songs.only, 'only', 10000);
    perform muse.check_elements(similar_songs.unlike, 'unlike', 1000);
    perform muse.check_snapshot('song_vectors', live);
    select vectors.input_vector into seed
    from muse.song_vectors as vectors
    where vectors.model_id = live and vectors.track_id = seed_id;
    if seed is null then
        seed_id := muse.one_track(similar_songs.track_id);
        select vectors.input_vector into seed
        from muse.song_vectors as vectors
        where vectors.model_id = live and vectors.track_id = seed_id;
    end if;
    if seed is null then
        raise notice 'track % is not in the live model', left(similar_songs.track_id, 300)
        using hint = 'find_songs knows ids; ./pgmuse train songs adds new tracks, and says which it leaves out';
        return;
    end if;

    left_out := seed_id || muse.same_works(array[seed_id]);
    if similar_songs.exclude <> '{}' then
        left_out := left_out || muse.listed_tracks(similar_songs.exclude, 'exclude');
    end if;
    if similar_songs.unlike <> '{}' then
        away := muse.seed_tracks(similar_songs.unlike, 'unlike');
        perform muse.check_unlike(array[seed_id], away);
        left_out := left_out || away || muse.same_works(away);
        seed := muse.turned_away(live, seed, away);
    end if;
    if similar_songs.only is not null then
        listed := muse.listed_tracks(similar_songs.only, 'only');
    end if;

    select
        array(select jsonb_array_elements_text(curve.lift -> 'similarity')::double precision),
        array(select jsonb_array_elements_text(curve.lift -> 'lift')::double precision)
    into points, lifts
    from (
        select nullif(model.config -> 'lift', 'null') as lift
        from muse.models as model
        where model.model_id = live
    ) as curve;

    -- Of the versions of a song only the nearest: where there are others, they are left out too.
    loop
        select
            array_agg(near.track_id order by near.place),
            array_agg(near.similarity order by near.place),
            array_agg(near.version order by near.place)
        into ids, similarities, versions
        from (
            select
                near.*,
                row_number() over (partition by track.work order by near.place) as version
            from muse.nearest_songs(live, seed, similar_songs.n, left_out, listed) as near
            inner join muse.tracks as track on near.track_id = track.track_id
        ) as near;
        exit when 2 <> all(coalesce(versions, '{}'));
        left_out := left_out || array(
            select unnest(muse.same_works(ids))
            except
            select near.track_id
            from unnest(ids, versions) as near (track_id, version)
            where near.version = 1
        );
    end loop;

    if coalesce(muse.interpolate(similarities[1], points, lifts) <= 1, similarities[1] <= 0) then
        raise notice 'nothing stands with % more often than by chance', left(seed_id, 300)
        using hint = 'a track of few playlists has few companions: load more playlists';
    end if;

    return query
    select
        near.track_id,
        track.name,
        track.artist,
        near.similarity::real,
        muse.interpolate(near.similarity, points, lifts)::real as lift
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place)
    inner join muse.tracks as track on near.track_id = track.track_id
    order by near.place;
end
$$;

comment on function muse.similar_songs(text, integer, text[], text[], text[]) is
'Tracks like one, one version of each, most similar first, with lift (how many times likelier than chance both stand in one playlist): select * from similar_songs((select max(track_id) from song_vectors))';

create or replace function muse.check_unlike(seeds text[], unlike text[])
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    both_of text;
begin
    perform muse.check_elements(check_unlike.seeds, 'seeds', 1000);
    perform muse.check_elements(check_unlike.unlike, 'unlike', 1000);
    both_of := (
        select min(seed)
        from unnest(check_unlike.seeds) as seed
        where seed = any(check_unlike.unlike)
    );
    if both_of is not null then
        raise exception '% is a seed and also in unlike: take it out of one', left(both_of, 300)
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_unlike(text[], text[]) is
'Check that no track is a seed and in unlike: select check_unlike(array[''a''], array[''b''])';

create or replace function muse.turned_away(
    model_id bigint, input_vector public.vector, unlike text[]
)
returns public.vector
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    half constant public.vector := array_fill(0.5::real, array[64])::public.vector;
    away public.vector;
    known text[];
begin
    perform muse.check_elements(turned_away.unlike, 'unlike', 1000);
    select public.avg(vectors.input_vector), array_agg(vectors.track_id) into away, known
    from muse.song_vectors as vectors
    where
        vectors.model_id = turned_away.model_id
        and vectors.track_id = any(turned_away.unlike);
    perform muse.note_unknown(turned_away.unlike, known);
    if away is null then
        return turned_away.input_vector;
    end if;
    return public.l2_normalize(
        turned_away.input_vector operator(public.-) (away operator(public.*) half)
    );
end
$$;

comment on function muse.turned_away(bigint, public.vector, text[]) is
'An input vector minus half of the mean of others, unit length: select turned_away(model_id, input_vector, array[''a'']) from song_vectors limit 1';

create or replace function muse.note_unknown(given text[], known text[])
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    unknown text;
begin
    perform muse.check_elements(note_unknown.given, 'given', 2000);
    perform muse.check_elements(note_unknown.known, 'known', 100000);
    unknown := (
        select left(string_agg(distinct coalesce(one, 'null'), ', '), 300)
        from unnest(note_unknown.given) as one
        where one is null or one <> all(coalesce(note_unknown.known, '{}'))
    );
    if unknown is not null then
        raise notice 'left out, not in the live model: %', unknown;
    end if;
end
$$;

comment on function muse.note_unknown(text[], text[]) is
'Notice about the elements that are not known: select note_unknown(array[''a''], array[''a''])';
