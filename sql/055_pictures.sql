-- Pictures: what is stored, and what it shows.

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
    -- Where it was found first; where something is known of it before all others.
    select found.*
    from muse.image_sources as found
    where found.image_id = image.image_id
    order by found.class is null, found.title is null, found.image_source_id
    limit 1
) as source on true;

comment on view muse.pictures is
'One row a picture, its thumbnail as an address that pages show: select picture from pictures';

create or replace view muse.image_classes as
select
    source.class,
    count(distinct source.image_id) as pictures,
    min(source.image_id) as image_id
from muse.image_sources as source
where source.class is not null
group by source.class;

comment on view muse.image_classes is
'One row a class, with one of its pictures: select class, pictures from image_classes';

-- Whoever deletes pictures, nothing that was made of them stays. image_vectors has no foreign key:
-- its partitions are filled aside. It runs with the rights of the role that deletes.
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
'Trigger of images, deletes vectors and samples of pictures that were deleted: '
'select tgname from pg_trigger where tgrelid = ''muse.images''::regclass';
