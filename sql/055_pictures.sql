-- Pictures: their metadata, their classes, and the deletion of derived rows.

create or replace function muse.thumbnail_address(thumbnail muse.picture)
returns text
language sql immutable parallel safe
begin atomic
    select
        'data:image/'
        || case
            when get_byte(thumbnail_address.thumbnail, 0) = 255 then 'jpeg' else 'webp'
        end
        || ';base64,' || translate(encode(thumbnail_address.thumbnail, 'base64'), e'\n', '');
end;

comment on function muse.thumbnail_address(muse.picture) is
'A thumbnail as a data URL: select thumbnail_address(thumbnail) from images limit 1';

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
    muse.thumbnail_address(image.thumbnail) as picture,
    muse.picture_url('/images/' || image.image_id || '.jpg') as picture_url,
    source.wiki
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
'One row per picture, with its thumbnail: select title, class, picture from pictures limit 9';
comment on column muse.pictures.image_id is 'Id of the picture (key, references images.image_id)';
comment on column muse.pictures.title is 'Title of the picture; null if unknown';
comment on column muse.pictures.class is
'What the picture shows: its folder, or a class of Wikidata; null if unknown';
comment on column muse.pictures.width is 'Width of the original in pixels';
comment on column muse.pictures.height is 'Height of the original in pixels';
comment on column muse.pictures.wikidata_id is
'Id of the item that the picture belongs to; null if none (references wikidata.wikidata_id)';
comment on column muse.pictures.article is
'Title of the article that the picture is from; null if none (references wikipedia.title)';
comment on column muse.pictures.page_url is 'Address of the page that describes the picture';
comment on column muse.pictures.licence is 'Licence, as the source names it; null if unknown';
comment on column muse.pictures.licence_url is 'Address of the text of the licence';
comment on column muse.pictures.author is 'Author of the picture; null if unknown';
comment on column muse.pictures.location is
'Path in the folder or archive, or the address that it was fetched from';
comment on column muse.pictures.stored_at is 'Time at which the picture was stored';
comment on column muse.pictures.picture is
'The thumbnail as a data: address; its short side has 320 pixels at most';
comment on column muse.pictures.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';
comment on column muse.pictures.wiki is
'Wiki of the article, such as enwiki; null if none (references wikipedia.wiki)';

create or replace view muse.image_classes as
select
    counted.class,
    counted.pictures,
    counted.image_id,
    muse.thumbnail_address(image.thumbnail) as picture,
    muse.picture_url('/images/' || counted.image_id || '.jpg') as picture_url
from (
    select
        source.class,
        count(distinct source.image_id) as pictures,
        min(source.image_id) as image_id
    from muse.image_sources as source
    where source.class is not null
    group by source.class
) as counted
left join muse.images as image on counted.image_id = image.image_id;

comment on view muse.image_classes is
'One row per class, with the number of its pictures: select class, pictures from image_classes';
comment on column muse.image_classes.class is
'What the pictures show: their folder, or a class of Wikidata (key)';
comment on column muse.image_classes.pictures is 'Number of pictures of the class';
comment on column muse.image_classes.image_id is
'Id of the first picture of the class (references images.image_id)';
comment on column muse.image_classes.picture is 'The thumbnail of that picture as a data: address';
comment on column muse.image_classes.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

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
