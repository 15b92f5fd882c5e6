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
    muse.similar_images(
        %(picture)s::bytea, %(n)s::integer, %(min_confidence)s::real
    ) with ordinality as match
inner join muse.images as image on match.image_id = image.image_id
order by match.ordinality;
