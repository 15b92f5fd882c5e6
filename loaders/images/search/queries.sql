-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: select_unparked
-- A page of the pictures, by id. Vectors are looked up in a query of their own: on a cluster they
-- are on other servers.
select image_id from muse.images
where parked is null and image_id > %(after)s
order by image_id
limit %(page)s;

-- name: select_embedded
select image_id from muse.image_vectors
where model_id = %(model_id)s and image_id = any(%(ids)s);

-- name: claim
select
    image_id,
    thumbnail
from muse.images
where image_id = any(%(ids)s) and parked is null
order by image_id
for update skip locked;

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
    muse.images_without_vector() as missing,
    count(*) as pictures
from muse.images as image
where image.parked is null;
