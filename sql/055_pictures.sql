-- Pictures: their metadata, their classes, and the deletion of derived rows.

create or replace view muse.pictures as
select
    image.image_id,
    source.title,
    source.class,
    image.width,
    image.height,
    source.wikidata_id,
    source.article,
    source.page_url,
    source.licence,
    source.licence_url,
    source.author,
    source.location,
    image.stored_at,
    'data:image/' || case when get_byte(image.thumbnail, 0) = 255 then 'jpeg' else 'webp' end
    || ';base64,' || translate(encode(image.thumbnail, 'base64'), e'\n', '') as picture
from muse.images as image
left join lateral (
    -- The first location, preferring those that have a class, then those that have a title.
    select found.*
    from muse.image_sources as found
    where found.image_id = image.image_id
    order by found.class is null, found.title is null, found.image_source_id
    limit 1
) as source on true;

comment on view muse.pictures is
'One row per picture, with its thumbnail as a data URL: select picture from pictures';

create or replace view muse.image_classes as
select
    source.class,
    count(distinct source.image_id) as pictures,
    min(source.image_id) as image_id
from muse.image_sources as source
where source.class is not null
group by source.class;

comment on view muse.image_classes is
'One row per class, with the number of its pictures: select class, pictures from image_classes';

-- Deletes everything derived from deleted pictures. image_vectors has no foreign key, because its
-- partitions are filled before they are attached. Runs with the rights of the role that deletes.
create or replace function muse.delete_made_of_images()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    delete from muse.image_vectors as vector using gone, muse.models as model
    where vector.model_id = model.model_id and vector.image_id = gone.image_id;
    delete from muse.image_neighborhoods as neighborhood using gone
    where neighborhood.image_id = gone.image_id;
    delete from muse.samples as sample
    where sample.kind = 'images' and exists (
        select from jsonb_path_query(sample.result, '$[*].image_id') as shown (image_id)
        where shown.image_id in (select to_jsonb(gone.image_id) from gone)
    );
    return null;
end
$$;

comment on function muse.delete_made_of_images() is
'Trigger of images, deletes vectors and samples of deleted pictures: '
'select tgname from pg_trigger where tgrelid = ''muse.images''::regclass';
