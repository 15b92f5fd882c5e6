-- Search by the bytes of a picture, which is embedded or hashed first.

create or replace function muse.similar_images(
    picture bytea, n integer default 10, min_confidence real default 0
)
returns setof muse.similar_image
language plpgsql stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live constant bigint := muse.live_model('images');
    seen record;
begin
    perform muse.check_n(similar_images.n);
    perform muse.check_min_confidence(similar_images.min_confidence);
    if similar_images.picture is null then
        return;
    end if;
    select features.embedding::public.halfvec as embedding, features.label into seen
    from muse.image_features(similar_images.picture, (
        select (model.config ->> 'classifier')::bigint
        from muse.models as model
        where model.model_id = live
    )) as features;
    return query
    select matches.*
    from muse.image_matches(
        live, seen.embedding, seen.label, similar_images.n, similar_images.min_confidence
    ) as matches;
end
$$;

comment on function muse.similar_images(bytea, integer, real) is
'Stored pictures similar to a picture, with confidence: select title, confidence from similar_images((select thumbnail from images limit 1))';  -- noqa: LT05

create or replace function muse.near_duplicates(
    picture bytea, max_distance integer default 8, n integer default 10
)
returns table (image_id bigint, title text, distance integer)
language plpgsql stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    hash bit(64);
begin
    perform muse.check_n(near_duplicates.n);
    if near_duplicates.max_distance is null or near_duplicates.max_distance not between 0 and 64 then
        raise exception 'max_distance must be from 0 to 64 bits' using errcode = '22023';
    end if;
    hash := muse.image_hash(near_duplicates.picture);
    return query
    with near as materialized (
        select image.image_id, bit_count(image.perceptual_hash # hash)::integer as distance
        from muse.images as image
        where bit_count(image.perceptual_hash # hash) <= near_duplicates.max_distance
        order by 2, 1
        limit near_duplicates.n
    )

    select near.image_id, picture.title, near.distance
    from near
    inner join muse.pictures as picture on near.image_id = picture.image_id
    order by near.distance, near.image_id;
end
$$;

comment on function muse.near_duplicates(bytea, integer, integer) is
'Stored copies of a picture, by perceptual hash: select title, distance from near_duplicates((select thumbnail from images limit 1))';  -- noqa: LT05
