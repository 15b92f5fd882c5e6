-- Queries of reverse image search. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: matches
select
    match.image_id,
    match.title,
    match.class,
    match.similarity,
    match.confidence,
    match.page_url,
    match.licence,
    source.licence_url,
    match.author
from
    muse.matches_of_picture(
        %(picture)s::bytea, %(sha256)s::bytea, %(n)s::integer, %(min_confidence)s::real
    ) with ordinality as match
left join muse.pictures as source on match.image_id = source.image_id
order by match.ordinality;

-- name: classes_of_picture
select
    one.class,
    one.confidence,
    one.pictures
from muse.classes_of_picture(%(picture)s::bytea, %(sha256)s::bytea, %(n)s::integer) as one
order by one.confidence desc, one.class;

-- name: labels
select
    one.label,
    one.probability
from muse.classify_image(%(picture)s::bytea, 5) as one;

-- name: duplicates
select
    one.image_id,
    one.title,
    one.distance
from muse.near_duplicates(%(picture)s::bytea) as one;

-- name: images_like
select
    match.image_id,
    match.title,
    match.class,
    match.similarity,
    match.confidence,
    match.page_url,
    match.licence,
    source.licence_url,
    match.author
from muse.images_like(%(image_id)s, n => %(n)s) with ordinality as match
left join muse.pictures as source on match.image_id = source.image_id
order by match.ordinality;

-- name: picture
select
    picture.image_id,
    picture.title,
    picture.class,
    picture.width,
    picture.height,
    picture.page_url,
    picture.licence,
    picture.licence_url,
    picture.author,
    picture.wikidata_id,
    picture.article
from muse.pictures as picture
where picture.image_id = %(image_id)s;

-- name: image_classes
select
    one.class,
    one.pictures,
    one.image_id
from muse.image_classes as one
order by one.pictures desc, one.class
limit 24;

-- name: any_pictures
select
    image.image_id,
    source.title
from muse.images as image
left join muse.image_sources as source on image.image_id = source.image_id
order by hashint8(image.image_id)
limit 12;

-- name: waiting_pictures
select
    count(*) as pictures,
    muse.images_without_vector() as without_vector
from muse.images as image;
