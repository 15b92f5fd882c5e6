-- Queries of a training on a cluster of Citus.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- name: select_sample
-- Pictures whose neighbourhoods are measured, the same at every training.
select image.image_id
from muse.images as image
order by hashint8extended(image.image_id, 0)
limit %(pictures)s;

-- name: insert_neighborhoods
-- The vectors are fetched first: a search cannot be part of a query that runs on the nodes.
create temporary table vector on commit drop as
select
    stored.model_id,
    stored.image_id,
    stored.embedding
from muse.image_vectors as stored
where stored.model_id = %(model_id)s and stored.image_id = any(%(ids)s);
insert into muse.image_neighborhoods (model_id, image_id, distances)
select
    vector.model_id,
    vector.image_id,
    array_agg(near.distance order by near.distance) as distances
from pg_temp.vector as vector
cross join
    lateral muse.nearest_images(
        vector.model_id, vector.embedding, %(neighbors)s, vector.image_id
    ) as near
group by vector.model_id, vector.image_id
on conflict do nothing;
drop table pg_temp.vector;
