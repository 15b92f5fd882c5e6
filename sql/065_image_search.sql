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
'Pictures by distance to a vector: select near.* from (select * from image_vectors limit 1) as v, nearest_images(v.model_id, v.embedding, 3) as near';

create or replace function muse.images_without_vector()
returns bigint
language sql stable parallel safe
begin atomic
    select count(*)
    from muse.images as image
    where
        image.parked is null and not exists (
            select from muse.image_vectors as vectors
            where
                vectors.image_id = image.image_id
                and vectors.model_id = (
                    select
                        substring(model.config ->> 'classifier' from '^[0-9]{1,18}$')::bigint
                    from muse.deployments as live
                    inner join muse.models as model on live.model_id = model.model_id
                    where live.name = 'images'
                )
        );
end;

comment on function muse.images_without_vector() is
'Number of pictures that the live model does not have, all without one: select images_without_vector()';  -- noqa: LT05

-- fifth_distance --------------------------------------------------------------------------

create or replace function muse.fifth_distance(
    classifier bigint, image_id bigint, left_out bigint default null
)
returns real
language plpgsql stable parallel safe cost 100000
set search_path = pg_catalog, muse, pg_temp
set hnsw.iterative_scan = strict_order  -- noqa: PRS
set hnsw.ef_search = 40
set jit = off
as $$
declare
    query constant public.halfvec := (
        select vectors.embedding
        from muse.image_vectors as vectors
        where
            vectors.model_id = fifth_distance.classifier
            and vectors.image_id = fifth_distance.image_id
    );
begin
    return (
        select max(near.distance)::real
        from (
            select vectors.embedding operator(public.<=>) query as distance
            from muse.image_vectors as vectors
            where
                vectors.model_id = fifth_distance.classifier
                and vectors.image_id <> fifth_distance.image_id
                and vectors.image_id is distinct from fifth_distance.left_out
            order by vectors.embedding operator(public.<=>) query
            limit 5
        ) as near
    );
end
$$;

comment on function muse.fifth_distance(bigint, bigint, bigint) is
'Distance of a picture''s fifth neighbour: select fifth_distance(live_model(''classifier''), image_id) from images limit 3';  -- noqa: LT05

-- image_matches ---------------------------------------------------------------------------
-- The nearest pictures with their metadata and two measures of each match. Confidence is a
-- logistic regression, fitted by loaders/images/search/confidence.py, over: the distance; the
-- distance of the fifth match; the distance of the match's own fifth neighbour; whether both have
-- the same label; the shares of the other nine and four nearest matches that have its class; the
-- cosine similarity after the mean of all stored vectors is subtracted; and the logarithm of the
-- number of pictures, at most 1,000. Training measures the neighbours of 100,000 pictures; those of
-- the first 100 matches are searched where they are not measured. The weights depend on the number
-- of stored pictures of the match's class. Models that an earlier version trained have fewer
-- weights; the others are 0.
-- Within a distance of 0.15 a match is a copy, whatever its neighbourhood. A match whose file is
-- the query's is certain, and comes first. Typical needs no classes: it is the share of stored
-- pictures whose own nearest neighbour is at least as far away.

create or replace function muse.numbers(list jsonb)
returns double precision[]
language sql immutable parallel safe
begin atomic
    select array_agg(element.value::double precision order by element.i)
    from jsonb_array_elements_text(numbers.list) with ordinality as element (value, i);
end;

comment on function muse.numbers(jsonb) is
'A list of numbers in JSON as an array: select numbers(''[1, 2.5]'')';

create or replace function muse.image_matches(
    live bigint,
    embedding public.halfvec,
    label integer,
    n integer,
    min_confidence double precision,
    left_out bigint default null,
    same bigint default null
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
    weights jsonb := config -> 'confidence';
    nearest real[] := muse.numbers(config -> 'nearest');
    has_kinds boolean := coalesce((weights ->> 'has_kinds')::boolean, true);
    without double precision[] := muse.numbers(weights -> 'without_classes');
    many double precision[] := muse.numbers(weights -> 'with_classes');
    two double precision[] := coalesce(muse.numbers(weights -> 'two_pictures'), many);
    one double precision[] := coalesce(muse.numbers(weights -> 'one_picture'), without);
    pictures double precision := ln(least(greatest((config ->> 'pictures')::integer, 1), 1000));
    centre public.halfvec := (config ->> 'centre')::public.halfvec;
    query public.halfvec := image_matches.embedding operator(public.-) centre;
    candidates integer := greatest(image_matches.n, 10);
begin
    perform muse.check_n(image_matches.n);
    perform muse.check_min_confidence(image_matches.min_confidence::real);
    if image_matches.min_confidence > 0 then
        candidates := 1000;  -- further away nothing is of the same kind
    end if;

    return query
    with nearest_ones as materialized (
        select found.image_id, found.distance, found.place
        from muse.nearest_images(
            classifier, image_matches.embedding, candidates, image_matches.left_out
        ) as found
    ),

    near as materialized (
        select nearest_ones.*
        from nearest_ones
        union all
        -- The query's own file, where so many copies of it are stored that it is not among these.
        select
            vectors.image_id,
            (vectors.embedding operator(public.<=>) image_matches.embedding)::real,
            candidates + 1
        from muse.image_vectors as vectors
        where
            vectors.model_id = classifier
            and vectors.image_id = image_matches.same
            and not exists (
                select from nearest_ones
                where nearest_ones.image_id = image_matches.same
            )
    ),

    vectors as materialized (
        select
            stored.image_id,
            stored.label,
            coalesce(
                1 - ((stored.embedding operator(public.-) centre) operator(public.<=>) query), 0
            ) as centred
        from muse.image_vectors as stored
        where
            stored.model_id = classifier
            and stored.image_id = any(array(select near.image_id from near))
    ),

    known as materialized (
        select
            near.*, picture.title, picture.class, picture.page_url, picture.licence,
            picture.author, vectors.label, vectors.centred,
            -- The picture that is left out does not count as a neighbour of its matches.
            coalesce(
                crowd.distances[
                    5 + (
                        image_matches.left_out is not null
                        and near.distance <= crowd.distances[5]
                    )::integer
                ],
                crowd.distances[cardinality(crowd.distances)],
                case when near.place <= 100 then
                    muse.fifth_distance(classifier, near.image_id, image_matches.left_out)
                end,
                near.distance
            ) as density,
            -- Stored pictures of the class, counted to three. A picture may have several locations.
            case when has_kinds and picture.class is not null then (
                select 1 + count(distinct others.image_id)
                from (
                    select other.image_id
                    from muse.image_sources as other
                    where
                        other.class = picture.class
                        and other.image_id <> near.image_id
                        and other.image_id is distinct from image_matches.left_out
                    limit 8
                ) as others
            ) end as members
        from near
        inner join vectors on near.image_id = vectors.image_id
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
            (known.label = image_matches.label)::integer as same_label,
            case
                when known.members is null then without
                when known.members < 2 then one
                when known.members = 2 then two
                else many
            end as weight
        from known
        cross join crowd
        left join first on known.class = first.class
    ),

    judged as (
        select
            described.*,
            case when described.image_id = image_matches.same then 1 else greatest(1 / (1 + exp(-(
                weight[1] + weight[2] * described.distance + weight[3] * described.fifth
                + weight[4] * described.density + weight[5] * described.same_label
                + coalesce(weight[6], 0) * described.agreement
                + coalesce(weight[7], 0) * described.near_agreement
                + coalesce(weight[8], 0) * described.centred
                + coalesce(weight[9], 0) * pictures
            ))), 1 / (1 + exp(50 * (described.distance - 0.15)))) end as confidence
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
    where judged.confidence >= image_matches.min_confidence::real
    order by judged.image_id is not distinct from image_matches.same desc, judged.place
    limit image_matches.n;
end
$$;

comment on function muse.image_matches(
    bigint, public.halfvec, integer, integer, double precision, bigint, bigint
) is
'Nearest pictures with confidence: select m.* from (select * from image_vectors limit 1) as v, image_matches(live_model(''images''), v.embedding, v.label, 3, 0) as m';  -- noqa: LT05

-- images_like -----------------------------------------------------------------------------

create or replace function muse.images_like(
    image_id bigint, n integer default 10, min_confidence double precision default 0
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
    perform muse.check_min_confidence(images_like.min_confidence::real);
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

comment on function muse.images_like(bigint, integer, double precision) is
'Pictures similar to a stored one: select title, confidence from images_like((select max(image_id) from images))';
