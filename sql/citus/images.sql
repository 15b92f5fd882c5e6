-- Image search on a cluster: vectors are on the nodes, pictures here.

create or replace function muse.images_without_vector()
returns bigint
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    classifier bigint;
    pictures bigint;
    vectors bigint;
begin
    select substring(model.config ->> 'classifier' from '^[0-9]{1,18}$')::bigint into classifier
    from muse.deployments as live
    inner join muse.models as model on live.model_id = model.model_id
    where live.name = 'images';
    select count(*) into pictures from muse.images as image where image.parked is null;
    select count(*) into vectors
    from muse.image_vectors as stored where stored.model_id = classifier;
    return greatest(pictures - vectors, 0);
end
$$;

create or replace function muse.delete_made_of_images()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids constant bigint[] := array(select gone.image_id from gone);
    models constant bigint[] := array(select model.model_id from muse.models as model);
begin
    if cardinality(ids) > 0 then
        delete from muse.image_vectors as vector
        where vector.model_id = any(models) and vector.image_id = any(ids);
    end if;
    delete from muse.image_neighborhoods as neighborhood
    where neighborhood.image_id = any(ids);
    delete from muse.samples as sample
    where sample.kind = 'images' and exists (
        select from jsonb_path_query(sample.result, '$[*].image_id') as shown (image_id)
        where shown.image_id in (select to_jsonb(gone.image_id) from gone)
    );
    return null;
end
$$;
