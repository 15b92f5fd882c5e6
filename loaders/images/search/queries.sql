-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: count_missing
select count(*)
from muse.images as image
where
    image.parked is null
    and not exists (
        select from muse.image_vectors as vector
        where vector.model_id = %(model_id)s and vector.image_id = image.image_id
    );

-- name: claim
select
    image.image_id,
    image.thumbnail
from muse.images as image
where
    image.parked is null
    and image.image_id > %(after)s
    and not exists (
        select from muse.image_vectors as vector
        where vector.model_id = %(model_id)s and vector.image_id = image.image_id
    )
order by image.image_id
limit %(batch)s
for update of image skip locked;

-- name: delete_orphans
delete from muse.image_vectors as vector
where
    vector.model_id = %(model_id)s
    and not exists (
        select from muse.images as image
        where image.image_id = vector.image_id
    );

-- name: count_failure
update muse.images
set
    attempts = attempts + 1,
    parked = case when attempts + 1 >= %(tries)s then %(reason)s end
where image_id = %(image_id)s
returning parked is not null;

-- name: similar_images
select
    match.image_id,
    match.title,
    match.class,
    match.confidence,
    match.typical,
    match.page_url,
    match.licence,
    match.author,
    image.thumbnail
from
    muse.matches_of_picture(
        %(picture)s::bytea, %(file_hash)s::bytea, %(n)s::integer, %(min_confidence)s::real
    ) with ordinality as match
inner join muse.images as image on match.image_id = image.image_id
order by match.ordinality;

-- name: similar_classes
select
    class,
    confidence,
    pictures
from muse.classes_of_picture(%(picture)s::bytea, %(file_hash)s::bytea, %(n)s::integer);

-- name: count_without_vector
-- Of the live classifier's; all where no model is live.
select
    count(*) filter (where vector.image_id is null) as missing,
    count(*) as pictures
from muse.images as image
left join muse.image_vectors as vector
    on
        image.image_id = vector.image_id
        and vector.model_id = (
            select (model.config ->> 'classifier')::bigint
            from muse.deployments as live
            inner join muse.models as model on live.model_id = model.model_id
            where live.name = 'images'
        )
where image.parked is null;
