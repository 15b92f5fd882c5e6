-- A playlist that leads from one track to another.
--
-- Targets stand at equal distances on the line between the input vectors of the two tracks. Of
-- the tracks whose context vectors are nearest to its target, each step takes the best one for the
-- target and the track before (docs/songs.md has figures).

create or replace function muse.song_path(
    from_track text, to_track text, n integer default 10, per_artist integer default 3
)
returns table (place integer, track_id text, name text, artist text, similarity real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
#variable_conflict use_column
declare
    live constant bigint := muse.live_model('songs');
    ends text[];
    one public.vector;
    other public.vector;
    before public.vector;
    target public.vector;
    path text[];
    artists text[];
    works text[];
    similarities real[] := array[null::real];
    candidates integer;
    chosen record;
begin
    perform muse.check_n(song_path.n);
    if song_path.n < 2 then
        raise exception 'n must be from 2 to 1000, not %', song_path.n using errcode = '22023';
    end if;
    if song_path.per_artist is null or song_path.per_artist < 1 then
        raise exception 'per_artist must be 1 or more' using errcode = '22023';
    end if;
    perform muse.check_snapshot('song_vectors', live);
    ends := muse.seed_tracks(array[song_path.from_track, song_path.to_track]);
    if ends[1] = ends[2] then
        raise exception 'from and to are the same track, %: name two', left(ends[1], 300)
        using errcode = '22023';
    end if;
    select vectors.input_vector into one
    from muse.song_vectors as vectors
    where vectors.model_id = live and vectors.track_id = ends[1];
    select vectors.input_vector into other
    from muse.song_vectors as vectors
    where vectors.model_id = live and vectors.track_id = ends[2];
    if one is null or other is null then
        perform muse.note_unknown(ends, array_remove(array[
            case when one is not null then ends[1] end, case when other is not null then ends[2] end
        ], null));
        return;
    end if;

    path := ends[:1];
    before := one;
    select array_agg(track.artist), array_agg(track.work) into artists, works
    from muse.tracks as track
    where track.track_id = any(ends);
    for step in 1 .. song_path.n - 2 loop
        target := muse.vector_between(one, other, (step::real / (song_path.n - 1))::real);
        -- Artists at their limit may be all of the nearest: then more are compared, at last all.
        foreach candidates in array array[100, 1000, null] loop
            with near as (
                select nearest.track_id
                from muse.nearest_songs(live, target, coalesce(candidates, 1), path || ends)
                    as nearest
                where candidates is not null
                union all
                select vectors.track_id
                from muse.song_vectors as vectors
                where
                    candidates is null
                    and vectors.model_id = live
                    and vectors.track_id <> all(path || ends)
            )

            select
                vectors.track_id,
                vectors.input_vector,
                track.artist,
                track.work,
                -(vectors.context_vector operator(public.<#>) before) as similarity
            into chosen
            from near
            inner join muse.song_vectors as vectors on near.track_id = vectors.track_id
            inner join muse.tracks as track on near.track_id = track.track_id
            where
                vectors.model_id = live
                and track.work <> all(works)
                and (
                    track.artist is null
                    or cardinality(array_positions(artists, track.artist)) < song_path.per_artist
                )
            order by
                (vectors.context_vector operator(public.<#>) target)
                + (vectors.context_vector operator(public.<#>) before),
                vectors.track_id
            limit 1;
            exit when chosen.track_id is not null;
        end loop;
        exit when chosen.track_id is null;
        path := path || chosen.track_id;
        artists := artists || chosen.artist;
        works := works || chosen.work;
        similarities := similarities || chosen.similarity::real;
        before := chosen.input_vector;
    end loop;

    return query
    select
        step.place::integer,
        track.track_id,
        track.name,
        track.artist,
        coalesce(
            step.similarity,
            case when step.place > 1 then (
                select -(vectors.context_vector operator(public.<#>) before)
                from muse.song_vectors as vectors
                where vectors.model_id = live and vectors.track_id = ends[2]
            ) end
        )::real
    from unnest(path || ends[2:2], similarities) with ordinality
        as step (track_id, similarity, place)
    inner join muse.tracks as track on step.track_id = track.track_id
    order by step.place;
end
$$;

comment on function muse.song_path(text, text, integer, integer) is
'A playlist from one track to another: select * from song_path((select min(track_id) from song_vectors), (select max(track_id) from song_vectors))';  -- noqa: LT05

create or replace function muse.vector_between(
    one public.vector, other public.vector, share real
)
returns public.vector
language plpgsql immutable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    size constant integer[] := array[public.vector_dims(vector_between.one)];
    near constant public.vector := array_fill(1 - vector_between.share, size)::public.vector;
    far constant public.vector := array_fill(vector_between.share, size)::public.vector;
begin
    return public.l2_normalize(
        (vector_between.one operator(public.*) near)
        operator(public.+) (vector_between.other operator(public.*) far)
    );
end
$$;

comment on function muse.vector_between(public.vector, public.vector, real) is
'Vector at a share of the way to another, unit length: select vector_between(input_vector, context_vector, 0.5) from song_vectors limit 1';  -- noqa: LT05
