-- What sounds alike: search among the vectors of the live model, and tags.
--
-- A song is all tracks of one work: its sounds are those of all its versions.

-- sounds_without_vector -------------------------------------------------------------------

create or replace function muse.sounds_without_vector()
returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live constant bigint := (
        select deployment.model_id from muse.deployments as deployment
        where deployment.name = 'sounds'
    );
    tagger constant bigint := (
        select deployment.model_id from muse.deployments as deployment
        where deployment.name = 'tagger'
    );
    made_at constant timestamptz := (
        select model.made_at from muse.models as model where model.model_id = live
    );
begin
    return (
        select count(distinct heard.sound_id)
        from muse.sound_embeddings as heard
        inner join muse.sounds as sound on heard.sound_id = sound.sound_id
        inner join muse.sound_sources as file on heard.sound_id = file.sound_id
        inner join muse.tracks as track on file.track_id = track.track_id
        inner join muse.tracks as version on track.work = version.work
        where
            heard.model_id = tagger
            and (
                sound.stored_at > made_at
                or not exists (
                    select from muse.sound_vectors as vectors
                    where vectors.model_id = live and vectors.track_id = version.track_id
                )
            )
    );
end
$$;

comment on function muse.sounds_without_vector() is
'Number of sounds that the live model does not have: select sounds_without_vector()';

-- nearest_sounds --------------------------------------------------------------------------

create or replace function muse.nearest_sounds(
    model_id bigint, embedding public.vector, n integer, exclude text[] default '{}'
)
returns table (track_id text, similarity double precision, place integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    left_out constant text[] := coalesce(array_remove(nearest_sounds.exclude, null), '{}');
    ids text[];
    similarities double precision[];
begin
    perform muse.check_n(nearest_sounds.n);
    perform muse.check_elements(nearest_sounds.exclude, 'exclude', 600000);
    perform muse.check_snapshot('sound_vectors', nearest_sounds.model_id);
    select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
    from (
        select
            vectors.track_id,
            -(vectors.embedding operator(public.<#>) nearest_sounds.embedding) as similarity
        from muse.sound_vectors as vectors
        where
            vectors.model_id = nearest_sounds.model_id
            and vectors.track_id <> all(left_out)
        order by vectors.embedding operator(public.<#>) nearest_sounds.embedding
        limit nearest_sounds.n
    ) as near;

    -- An index scan may end early; an exact scan then gives all n rows.
    if coalesce(cardinality(ids), 0) < nearest_sounds.n then
        select array_agg(near.track_id), array_agg(near.similarity) into ids, similarities
        from (
            select
                vectors.track_id,
                -(vectors.embedding operator(public.<#>) nearest_sounds.embedding) as similarity
            from muse.sound_vectors as vectors
            where
                vectors.model_id = nearest_sounds.model_id
                and vectors.track_id <> all(left_out)
            order by -(vectors.embedding operator(public.<#>) nearest_sounds.embedding) desc
            limit nearest_sounds.n
        ) as near;
    end if;

    return query
    select near.track_id, near.similarity, near.place::integer
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place);
end
$$;

comment on function muse.nearest_sounds(bigint, public.vector, integer, text[]) is
'Tracks by similarity to a vector: select near.* from sound_vectors as v, nearest_sounds(v.model_id, v.embedding, 3) as near limit 3';  -- noqa: LT05

-- songs_by_sound --------------------------------------------------------------------------
-- One version of each song, that with the most places: all have the same vector.

create or replace function muse.songs_by_sound(
    embedding public.vector, n integer, exclude text[] default '{}'
)
returns setof muse.similar_sound
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    live constant bigint := muse.live_model('sounds');
    left_out text[] := songs_by_sound.exclude;
    ids text[];
    similarities double precision[];
    versions integer[];
begin
    perform muse.check_n(songs_by_sound.n);
    perform muse.check_elements(songs_by_sound.exclude, 'exclude', 600000);
    if public.vector_dims(songs_by_sound.embedding) <> 200 then
        raise exception 'embedding must have 200 numbers, not %',
            public.vector_dims(songs_by_sound.embedding)
        using errcode = '22023';
    end if;
    loop
        select
            array_agg(near.track_id order by near.place),
            array_agg(near.similarity order by near.place),
            array_agg(near.version order by near.place)
        into ids, similarities, versions
        from (
            select
                nearest.*,
                row_number() over (partition by track.work order by nearest.place) as version
            from muse.nearest_sounds(
                live, songs_by_sound.embedding, songs_by_sound.n, left_out
            ) as nearest
            inner join muse.tracks as track on nearest.track_id = track.track_id
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
    return query
    select best.track_id, best.name, best.artist, near.similarity::real
    from unnest(ids, similarities) with ordinality as near (track_id, similarity, place)
    inner join muse.tracks as track on near.track_id = track.track_id
    cross join lateral (
        select version.track_id, version.name, version.artist
        from muse.tracks as version
        where version.work = track.work
        order by version.places desc, version.track_id
        limit 1
    ) as best
    order by near.place;
end
$$;

comment on function muse.songs_by_sound(public.vector, integer, text[]) is
'Tracks by similarity to a vector, one version of each song: select near.* from sound_vectors as v, songs_by_sound(v.embedding, 3) as near limit 3';  -- noqa: LT05

-- centred_sound ---------------------------------------------------------------------------

create or replace function muse.centred_sound(model_id bigint, embedding public.vector)
returns public.vector
language sql stable parallel safe
begin atomic
    select
        public.l2_normalize(
            centred_sound.embedding
            operator(public.-) (model.config ->> 'centre')::public.vector  -- noqa: LT01
        )
    from muse.models as model
    where model.model_id = centred_sound.model_id;
end;

comment on function muse.centred_sound(bigint, public.vector) is
'An embedding of a tagger as a vector of the model: select centred_sound(live_model(''sounds''), embedding) from sound_embeddings limit 3';  -- noqa: LT05

-- similar_sounds --------------------------------------------------------------------------

create or replace function muse.similar_sounds(track_id text, n integer default 10)
returns setof muse.similar_sound
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    live constant bigint := muse.live_model('sounds');
    seed_id text := similar_sounds.track_id;
    seed public.vector;
begin
    perform muse.check_n(similar_sounds.n);
    perform muse.check_length(similar_sounds.track_id, 'track_id', 10000);
    perform muse.check_snapshot('sound_vectors', live);
    select vectors.embedding into seed
    from muse.sound_vectors as vectors
    where vectors.model_id = live and vectors.track_id = seed_id;
    if seed is null then
        seed_id := muse.one_track(similar_sounds.track_id);
        select vectors.embedding into seed
        from muse.sound_vectors as vectors
        where vectors.model_id = live and vectors.track_id = seed_id;
    end if;
    if seed is null then
        raise notice 'track % has no sound in the live model', left(similar_sounds.track_id, 300)
        using hint = 'the view sound_files has the tracks of sound files; ./pgmuse train sounds adds new ones';
        return;
    end if;
    return query
    select near.*
    from muse.songs_by_sound(
        seed, similar_sounds.n, seed_id || muse.same_works(array[seed_id])
    ) as near;
end
$$;

comment on function muse.similar_sounds(text, integer) is
'Tracks that sound like one, most alike first, whatever the playlists: select * from similar_sounds((select max(track_id) from sound_vectors))';  -- noqa: LT05

-- song_tags -------------------------------------------------------------------------------
-- By the tagger of the live model; before the first `train sounds`, by the live tagger.

create or replace function muse.sound_tagger()
returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    return coalesce(
        (
            select (model.config ->> 'tagger')::bigint
            from muse.deployments as live
            inner join muse.models as model on live.model_id = model.model_id
            where live.name = 'sounds'
        ),
        muse.live_model('tagger')
    );
end
$$;

comment on function muse.sound_tagger() is
'Id of the tagger whose embeddings are searched: select sound_tagger()';

create or replace function muse.song_tags(track_id text, n integer default 10)
returns table (tag text, score real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    tagger constant bigint := muse.sound_tagger();
    labels constant jsonb := (
        select model.config -> 'tags' from muse.models as model where model.model_id = tagger
    );
    seed_id text;
begin
    perform muse.check_n(song_tags.n);
    perform muse.check_length(song_tags.track_id, 'track_id', 10000);
    seed_id := muse.one_track(song_tags.track_id);
    return query
    with heard as (
        select distinct file.sound_id
        from muse.tracks as track
        inner join muse.tracks as version on track.work = version.work
        inner join muse.sound_sources as file on version.track_id = file.track_id
        where track.track_id = seed_id
    )

    select labels ->> (score.number - 1)::integer, avg(score.score)::real
    from heard
    inner join muse.sound_embeddings as embedding
        on heard.sound_id = embedding.sound_id and embedding.model_id = tagger
    cross join unnest(embedding.tags) with ordinality as score (score, number)
    group by score.number
    order by avg(score.score) desc, score.number
    limit song_tags.n;
    if not found then
        raise notice 'track % has no sound', left(song_tags.track_id, 300)
        using hint = 'the view sound_files has the tracks of sound files';
    end if;
end
$$;

comment on function muse.song_tags(text, integer) is
'Tags of a track by what it sounds like, with the tagger''s scores from 0 to 1, which order tags and are no probabilities: select * from song_tags((select max(track_id) from sound_files))';  -- noqa: LT05
