-- Search by the bytes of a picture, which is embedded or hashed first.

create or replace function muse.matches_of_picture(
    picture bytea, sha256 bytea, n integer, min_confidence real
)
returns setof muse.similar_image
language plpgsql stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    live constant bigint := muse.live_model('images');
    query record;
begin
    perform muse.check_n(matches_of_picture.n);
    perform muse.check_min_confidence(matches_of_picture.min_confidence);
    if octet_length(matches_of_picture.sha256) > 32 then
        raise exception 'sha256 is longer than 32 bytes' using errcode = '22023';
    end if;
    if matches_of_picture.picture is null then
        return;
    end if;
    select features.embedding::public.halfvec as embedding, features.label into query
    from muse.image_features(matches_of_picture.picture, (
        select (model.config ->> 'classifier')::bigint
        from muse.models as model
        where model.model_id = live
    )) as features;
    return query
    select matches.*
    from muse.image_matches(
        live, query.embedding, query.label, matches_of_picture.n,
        matches_of_picture.min_confidence,
        same => (
            select image.image_id
            from muse.images as image
            where image.sha256 = matches_of_picture.sha256
        )
    ) as matches;
end
$$;

comment on function muse.matches_of_picture(bytea, bytea, integer, real) is
'Stored pictures similar to a reduced picture, by the SHA-256 of the original: select title from images, matches_of_picture(thumbnail, sha256, 3, 0) limit 3';  -- noqa: LT05

create or replace function muse.similar_images(
    picture bytea, n integer default 10, min_confidence double precision default 0
)
returns setof muse.similar_image
language plpgsql stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    return query
    select matches.*
    from muse.matches_of_picture(
        similar_images.picture, sha256(similar_images.picture), similar_images.n,
        similar_images.min_confidence::real
    ) as matches;
end
$$;

comment on function muse.similar_images(bytea, integer, double precision) is
'Stored pictures similar to a picture, with confidence: select title, confidence from similar_images((select thumbnail from images limit 1))';  -- noqa: LT05

create or replace function muse.classes_of_picture(picture bytea, sha256 bytea, n integer)
returns table (class text, confidence real, pictures integer)
language plpgsql stable parallel restricted rows 5 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    has_kinds constant boolean := coalesce((
        select (model.config #>> '{confidence,has_kinds}')::boolean
        from muse.models as model
        where model.model_id = muse.live_model('images')
    ), true);
begin
    perform muse.check_n(classes_of_picture.n);
    if not has_kinds then
        raise notice 'no class of the stored pictures is known to be a kind of thing'
        using hint = 'similar_images lists pictures; ./pgmuse train images judges the classes';
        return;
    end if;
    -- All matches of a class are about the same question, so their mean, weighted by itself, is
    -- better calibrated than the largest one. A match with the query's own file is certain.
    return query
    select
        matches.class,
        (case
            when max(matches.confidence) = 1 then 1
            else sum(matches.confidence ^ 2) / greatest(sum(matches.confidence), 1e-9)
        end)::real,
        count(*)::integer
    from muse.matches_of_picture(
        classes_of_picture.picture, classes_of_picture.sha256, classes_of_picture.n, 0
    ) as matches
    where matches.class is not null
    group by matches.class
    order by 2 desc, 3 desc, 1;
end
$$;

comment on function muse.classes_of_picture(bytea, bytea, integer) is
'Classes similar to a reduced picture, by the SHA-256 of the original: select class from images, classes_of_picture(thumbnail, sha256, 10) limit 3';  -- noqa: LT05

create or replace function muse.similar_classes(picture bytea, n integer default 10)
returns table (class text, confidence real, pictures integer)
language plpgsql stable parallel restricted rows 5 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
begin
    return query
    select classes.class, classes.confidence, classes.pictures
    from muse.classes_of_picture(
        similar_classes.picture, sha256(similar_classes.picture), similar_classes.n
    ) as classes;
end
$$;

comment on function muse.similar_classes(bytea, integer) is
'Classes of the n pictures most similar to a picture, likeliest first, with the number of these pictures: select * from similar_classes((select thumbnail from images limit 1))';  -- noqa: LT05

-- pictures_by_hash ------------------------------------------------------------------------
-- Multi-index hashing (Norouzi, Punjani and Fleet 2012): of two hashes that differ in 8 bits or
-- fewer, one of three parts differs in 2 or fewer. So each part has an index, which is searched for
-- the 232 or 254 values that differ in 0 to 2 bits. For larger distances all hashes are compared.

create or replace function muse.pictures_by_hash(
    hashes bit varying[], max_distance integer, n integer
)
returns table (image_id bigint, bits integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set enable_seqscan = off  -- noqa: PRS
set max_parallel_workers_per_gather = 0
set jit = off
as $$
#variable_conflict use_column
declare
    one integer[];
    two integer[];
    three integer[];
begin
    perform muse.check_n(pictures_by_hash.n);
    if pictures_by_hash.max_distance is null or pictures_by_hash.max_distance not between 0 and 64 then
        raise exception 'max_distance must be from 0 to 64 bits' using errcode = '22023';
    end if;
    if pictures_by_hash.max_distance > 8 then
        return query
        select picture.image_id, min(bit_count(picture.perceptual_hash # hash))::integer as bits
        from muse.images as picture
        inner join unnest(pictures_by_hash.hashes) as hash
            on bit_count(picture.perceptual_hash # hash) <= pictures_by_hash.max_distance
        group by picture.image_id
        order by 2, 1
        limit pictures_by_hash.n;
        return;
    end if;

    with places as (
        select place from generate_series(0, 21) as place
    ),

    masks as materialized (
        select 0 as mask, 0 as highest
        union all
        select 1 << place, place from places
        union all
        select (1 << a.place) | (1 << b.place), b.place
        from places as a
        inner join places as b on a.place < b.place
    )

    select
        array_agg(substring(hash from 1 for 22)::integer # mask),
        array_agg(substring(hash from 23 for 21)::integer # mask) filter (
            where highest < 21
        ),
        array_agg(substring(hash from 44 for 21)::integer # mask) filter (
            where highest < 21
        )
    into one, two, three
    from unnest(pictures_by_hash.hashes) as hash
    cross join masks;

    return query
    with candidates as (
        select picture.image_id, picture.perceptual_hash
        from muse.images as picture
        where substring(picture.perceptual_hash from 1 for 22)::integer = any(one)
        union all
        select picture.image_id, picture.perceptual_hash
        from muse.images as picture
        where substring(picture.perceptual_hash from 23 for 21)::integer = any(two)
        union all
        select picture.image_id, picture.perceptual_hash
        from muse.images as picture
        where substring(picture.perceptual_hash from 44 for 21)::integer = any(three)
    )

    select candidates.image_id, min(bit_count(candidates.perceptual_hash # hash))::integer as bits
    from candidates
    inner join unnest(pictures_by_hash.hashes) as hash
        on bit_count(candidates.perceptual_hash # hash) <= pictures_by_hash.max_distance
    group by candidates.image_id
    order by 2, 1
    limit pictures_by_hash.n;
end
$$;

comment on function muse.pictures_by_hash(bit varying[], integer, integer) is
'Pictures whose perceptual hash differs in few bits from one of these: select near.* from images, pictures_by_hash(array[perceptual_hash], 8, 3) as near limit 3';  -- noqa: LT05

create or replace function muse.near_duplicates(
    picture bytea, max_distance integer default 8, n integer default 10
)
returns table (image_id bigint, title text, distance integer)
language plpgsql stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    hashes bit(64)[];
    classifier bigint;
    query public.halfvec;
    candidates bigint[];
    same bigint;
begin
    perform muse.check_n(near_duplicates.n);
    if near_duplicates.max_distance is null or near_duplicates.max_distance not between 0 and 64 then
        raise exception 'max_distance must be from 0 to 64 bits' using errcode = '22023';
    end if;
    hashes := muse.image_hashes(near_duplicates.picture);
    select image.image_id into same
    from muse.images as image
    where image.sha256 = sha256(near_duplicates.picture);

    if cardinality(hashes) > 0 then
        candidates := array(
            select near.image_id
            from muse.pictures_by_hash(
                hashes, near_duplicates.max_distance, near_duplicates.n
            ) as near
        );
        select (model.config ->> 'classifier')::bigint into classifier
        from muse.deployments as deployment
        inner join muse.models as model on deployment.model_id = model.model_id
        where deployment.name = 'images';
        if classifier is not null then  -- cropped copies and those with a border
            select features.embedding::public.halfvec into query
            from muse.image_features(near_duplicates.picture, classifier) as features;
            candidates := candidates || array(
                select near.image_id
                from muse.nearest_images(classifier, query, 10) as near
            );
        end if;
    end if;

    return query
    with copies as (
        select copy.image_id, copy.distance
        from muse.copy_distances(near_duplicates.picture, candidates) as copy
        where
            copy.distance <= near_duplicates.max_distance
            and copy.image_id is distinct from same
        union all
        select same, 0
        where same is not null
    )

    select copies.image_id, picture.title, copies.distance
    from copies
    inner join muse.pictures as picture on copies.image_id = picture.image_id
    order by copies.distance, copies.image_id
    limit near_duplicates.n;
end
$$;

comment on function muse.near_duplicates(bytea, integer, integer) is
'Stored copies of a picture, also rotated, mirrored, cropped or with a border: select title, distance from near_duplicates((select thumbnail from images limit 1))';  -- noqa: LT05
