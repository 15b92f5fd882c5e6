-- Image search: the nearest pictures, and the confidence of each match.
--
-- In plpgsql: the query vector is then a variable, so that the index can be used for the ordering.

-- nearest_images --------------------------------------------------------------------------

create or replace function muse.nearest_images(
    classifier bigint, embedding public.halfvec, n integer, left_out bigint default null
)
returns table (image_id bigint, distance real, place integer)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 100
set jit = off
as $$
declare
    ids bigint[];
    distances real[];
begin
    perform muse.check_snapshot('image_vectors', nearest_images.classifier);
    perform muse.check_n(nearest_images.n);
    select array_agg(near.image_id), array_agg(near.distance) into ids, distances
    from (
        select
            vectors.image_id,
            vectors.embedding operator(public.<=>) nearest_images.embedding as distance
        from muse.image_vectors as vectors
        where
            vectors.model_id = nearest_images.classifier
            and vectors.image_id is distinct from nearest_images.left_out
        order by vectors.embedding operator(public.<=>) nearest_images.embedding
        limit nearest_images.n
    ) as near;

    -- An index scan may return fewer rows than n; then scan all rows.
    if coalesce(cardinality(ids), 0) < nearest_images.n then
        select array_agg(near.image_id), array_agg(near.distance) into ids, distances
        from (
            select
                vectors.image_id,
                vectors.embedding operator(public.<=>) nearest_images.embedding as distance
            from muse.image_vectors as vectors
            where
                vectors.model_id = nearest_images.classifier
                and vectors.image_id is distinct from nearest_images.left_out
            order by (vectors.embedding operator(public.<=>) nearest_images.embedding) + 0
            limit nearest_images.n
        ) as near;
    end if;

    return query
    select near.image_id, near.distance, near.place::integer
    from unnest(ids, distances) with ordinality as near (image_id, distance, place);
end
$$;

comment on function muse.nearest_images(bigint, public.halfvec, integer, bigint) is
'Pictures by distance to a vector: select near.* from image_vectors as v, nearest_images(v.model_id, v.embedding, 3) as near limit 3';

-- image_matches ---------------------------------------------------------------------------
-- The nearest pictures with their metadata and two measures of each match. Confidence is a
-- logistic regression, fitted by loaders/images/search/confidence.py, over: the distance; the
-- distance of the fifth match; the distance of the match's own fifth neighbour; whether both have
-- the same label; and, where the match's class has other pictures, the shares of the first ten and
-- five matches that have its class. Typical needs no classes: it is the share of stored pictures
-- whose own nearest neighbour is at least as far away.

create or replace function muse.image_matches(
    live bigint,
    embedding public.halfvec,
    label integer,
    n integer,
    min_confidence real,
    left_out bigint default null
)
returns setof muse.similar_image
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off  -- noqa: PRS
as $$
#variable_conflict use_column
declare
    config jsonb := (select model.config from muse.models as model where model.model_id = live);
    classifier bigint := (config ->> 'classifier')::bigint;
    nearest real[] := array(
        select quantile.value::real
        from jsonb_array_elements_text(config -> 'nearest') with ordinality as quantile (value, i)
        order by quantile.i
    );
    wide double precision[] := array(
        select weight.value::double precision
        from jsonb_array_elements_text(config #> '{confidence,with_classes}')
            with ordinality as weight (value, i)
        order by weight.i
    );
    narrow double precision[] := array(
        select weight.value::double precision
        from jsonb_array_elements_text(config #> '{confidence,without_classes}')
            with ordinality as weight (value, i)
        order by weight.i
    );
    candidates integer := greatest(image_matches.n, 10);
begin
    perform muse.check_n(image_matches.n);
    perform muse.check_min_confidence(image_matches.min_confidence);
    if image_matches.min_confidence > 0 then
        candidates := 1000;  -- further away nothing is of the same kind
    end if;

    return query
    with near as materialized (
        select found.image_id, found.distance, found.place
        from muse.nearest_images(
            classifier, image_matches.embedding, candidates, image_matches.left_out
        ) as found
    ),

    known as materialized (
        select
            near.*, picture.title, picture.class, picture.page_url, picture.licence,
            picture.author, vectors.label,
            -- The picture that is left out does not count as a neighbour of its matches.
            coalesce(
                crowd.distances[
                    5 + (
                        image_matches.left_out is not null
                        and near.distance <= crowd.distances[5]
                    )::integer
                ],
                crowd.distances[cardinality(crowd.distances)],
                near.distance
            ) as density,
            exists (
                select from muse.image_sources as other
                where
                    other.class = picture.class
                    and other.image_id <> near.image_id
                    and other.image_id is distinct from image_matches.left_out
            ) as has_class
        from near
        inner join muse.image_vectors as vectors
            on near.image_id = vectors.image_id and vectors.model_id = classifier
        inner join muse.pictures as picture on near.image_id = picture.image_id
        left join muse.image_neighborhoods as crowd
            on near.image_id = crowd.image_id and crowd.model_id = classifier
    ),

    first as (
        select
            class,
            count(*) as ten,
            count(*) filter (where place <= 5) as five
        from known
        where place <= 10
        group by class
    ),

    crowd as (
        select
            max(distance) filter (where place <= 5) as fifth,
            greatest(count(*) filter (where place <= 10) - 1, 1) as others
        from known
    ),

    described as (
        select
            known.*, crowd.fifth,
            (coalesce(first.ten, 0) - (known.place <= 10)::integer) / crowd.others::float8
                as agreement,
            (coalesce(first.five, 0) - (known.place <= 5)::integer) / 4.0 as near_agreement,
            (known.label = image_matches.label)::integer as same_label
        from known
        cross join crowd
        left join first on known.class = first.class
    ),

    judged as (
        select
            described.*,
            1 / (1 + exp(-case
                when described.has_class
                    then
                        wide[1] + wide[2] * described.distance + wide[3] * described.fifth
                        + wide[4] * described.density + wide[5] * described.same_label
                        + wide[6] * described.agreement + wide[7] * described.near_agreement
                else
                    narrow[1] + narrow[2] * described.distance + narrow[3] * described.fifth
                    + narrow[4] * described.density + narrow[5] * described.same_label
            end)) as confidence
        from described
    )

    select
        judged.image_id, judged.title, judged.class, judged.page_url, judged.licence,
        judged.author, (1 - judged.distance)::real, judged.confidence::real,
        (
            (select count(*) from unnest(nearest) as quantile where quantile >= judged.distance)
            / greatest(cardinality(nearest), 1)::float8
        )::real
    from judged
    where judged.confidence >= image_matches.min_confidence
    order by judged.place
    limit image_matches.n;
end
$$;

comment on function muse.image_matches(bigint, public.halfvec, integer, integer, real, bigint) is
'Nearest pictures with confidence: select m.* from image_vectors as v, image_matches(live_model(''images''), v.embedding, v.label, 3, 0) as m limit 3';

-- images_like -----------------------------------------------------------------------------

create or replace function muse.images_like(
    image_id bigint, n integer default 10, min_confidence real default 0
)
returns setof muse.similar_image
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    live constant bigint := muse.live_model('images');
    seed record;
begin
    perform muse.check_n(images_like.n);
    perform muse.check_min_confidence(images_like.min_confidence);
    select vectors.embedding, vectors.label into seed
    from muse.image_vectors as vectors
    where
        vectors.image_id = images_like.image_id
        and vectors.model_id = (
            select (model.config ->> 'classifier')::bigint
            from muse.models as model
            where model.model_id = live
        );
    if seed is null then
        raise notice 'picture % is not in the live model', images_like.image_id
        using hint = 'the view pictures knows ids; ./pgmuse train images embeds what is new';
        return;
    end if;
    return query
    select matches.*
    from muse.image_matches(
        live, seed.embedding, seed.label, images_like.n, images_like.min_confidence,
        images_like.image_id
    ) as matches;
end
$$;

comment on function muse.images_like(bigint, integer, real) is
'Pictures similar to a stored one: select title, confidence from images_like((select max(image_id) from images))';
