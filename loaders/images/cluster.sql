-- Queries of a training on a cluster of Citus.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- name: select_page
-- A page of the pictures that have a vector.
select vector.image_id
from muse.image_vectors as vector
where vector.model_id = %(model_id)s and vector.image_id > %(after)s
order by vector.image_id
limit %(page)s;

-- name: insert_neighborhoods
-- The vectors are fetched first: a search cannot be part of a query that runs on the nodes.
create temporary table vector on commit drop as
select
    stored.model_id,
    stored.image_id,
    stored.embedding
from muse.image_vectors as stored
where stored.model_id = %(model_id)s and stored.image_id = any(%(ids)s);
delete from pg_temp.vector
using muse.image_neighborhoods as measured
where measured.model_id = vector.model_id and measured.image_id = vector.image_id;
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
