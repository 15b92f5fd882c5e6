-- Recall: the share of exact nearest neighbours that an index returns.

create or replace function muse.recall(
    table_name text, n integer default 10, sample integer default 100
)
returns setof muse.measured_recall
language plpgsql volatile parallel unsafe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if recall.table_name = 'song_vectors' then
        return query select measured.* from muse.recall_songs(recall.n, recall.sample) as measured;
    elsif recall.table_name = 'image_vectors' then
        return query select measured.* from muse.recall_images(recall.n, recall.sample) as measured;
    elsif recall.table_name = 'sound_vectors' then
        return query select measured.* from muse.recall_sounds(recall.n, recall.sample) as measured;
    elsif muse.largest_vector_index(recall.table_name) is not null then
        return query select measured.* from muse.recall_index(
            muse.largest_vector_index(recall.table_name), recall.n, recall.sample
        ) as measured;
    else
        raise exception 'no vector index on a table %',
            coalesce(left(recall.table_name, 100), 'null')
        using errcode = '22023', hint = 'outside of muse, name the schema too: public.photos';
    end if;
end
$$;

comment on function muse.recall(text, integer, integer) is
'Share of the n nearest vectors found by index: select * from recall(''song_vectors'', 10, 100)';

-- Seeds are ordered by a hash, so that every call uses the same ones.

create or replace function muse.recall_songs(n integer, sample integer)
returns setof muse.measured_recall
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    live constant bigint := muse.live_model('songs');
    seed record;
    hits bigint := 0;
    wanted bigint := 0;
    asked integer := 0;
begin
    perform muse.check_n(recall_songs.n);
    perform muse.check_sample(recall_songs.sample);
    perform muse.check_snapshot('song_vectors', live);
    for seed in
        select vectors.track_id, vectors.input_vector
        from muse.song_vectors as vectors
        where vectors.model_id = live
        order by hashtextextended(vectors.track_id, 0)
        limit recall_songs.sample
    loop
        asked := asked + 1;
        with by_index as materialized (
            select near.track_id
            from muse.nearest_songs(
                live, seed.input_vector, recall_songs.n, array[seed.track_id]
            ) as near
        ),

        exact as materialized (
            select vectors.track_id
            from muse.song_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> seed.track_id
            order by -(vectors.context_vector operator(public.<#>) seed.input_vector) desc
            limit recall_songs.n
        )

        select
            hits + count(*) filter (where exact.track_id in (table by_index)),
            wanted + count(*)
        into hits, wanted
        from exact;
    end loop;
    return query select (hits::double precision / nullif(wanted, 0))::real, asked;
end
$$;

comment on function muse.recall_songs(integer, integer) is
'Recall of the index of song_vectors: select * from recall_songs(10, 100)';

create or replace function muse.recall_images(n integer, sample integer)
returns setof muse.measured_recall
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    live constant bigint := (
        select (model.config ->> 'classifier')::bigint
        from muse.models as model
        where model.model_id = muse.live_model('images')
    );
    seed record;
    hits bigint := 0;
    wanted bigint := 0;
    asked integer := 0;
begin
    perform muse.check_n(recall_images.n);
    perform muse.check_sample(recall_images.sample);
    for seed in
        select vectors.image_id, vectors.embedding
        from muse.image_vectors as vectors
        where vectors.model_id = live
        order by hashint8extended(vectors.image_id, 0)
        limit recall_images.sample
    loop
        asked := asked + 1;
        with by_index as materialized (
            select near.image_id
            from muse.nearest_images(live, seed.embedding, recall_images.n, seed.image_id) as near
        ),

        exact as materialized (
            select vectors.image_id
            from muse.image_vectors as vectors
            where vectors.model_id = live and vectors.image_id <> seed.image_id
            order by (vectors.embedding operator(public.<=>) seed.embedding) + 0
            limit recall_images.n
        )

        select
            hits + count(*) filter (where exact.image_id in (table by_index)),
            wanted + count(*)
        into hits, wanted
        from exact;
    end loop;
    return query select (hits::double precision / nullif(wanted, 0))::real, asked;
end
$$;

comment on function muse.recall_images(integer, integer) is
'Recall of the index of image_vectors: select * from recall_images(10, 100)';

create or replace function muse.recall_sounds(n integer, sample integer)
returns setof muse.measured_recall
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
declare
    live constant bigint := muse.live_model('sounds');
    seed record;
    hits bigint := 0;
    wanted bigint := 0;
    asked integer := 0;
begin
    perform muse.check_n(recall_sounds.n);
    perform muse.check_sample(recall_sounds.sample);
    for seed in
        select vectors.track_id, vectors.embedding
        from muse.sound_vectors as vectors
        where vectors.model_id = live
        order by hashtextextended(vectors.track_id, 0)
        limit recall_sounds.sample
    loop
        asked := asked + 1;
        with by_index as materialized (
            select near.track_id
            from muse.nearest_sounds(
                live, seed.embedding, recall_sounds.n, array[seed.track_id]
            ) as near
        ),

        exact as materialized (
            select vectors.track_id
            from muse.sound_vectors as vectors
            where vectors.model_id = live and vectors.track_id <> seed.track_id
            order by -(vectors.embedding operator(public.<#>) seed.embedding) desc
            limit recall_sounds.n
        )

        select
            hits + count(*) filter (where exact.track_id in (table by_index)),
            wanted + count(*)
        into hits, wanted
        from exact;
    end loop;
    return query select (hits::double precision / nullif(wanted, 0))::real, asked;
end
$$;

comment on function muse.recall_sounds(integer, integer) is
'Recall of the index of sound_vectors: select * from recall_sounds(10, 100)';
