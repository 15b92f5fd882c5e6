-- Labels, embeddings and hashes of pictures.
--
-- Pictures are passed as bytes: \set p `base64 -w0 cat.jpg` and decode(:'p', 'base64') in psql.
-- Superusers can read files of the server's machine with pg_read_binary_file.

create or replace function muse.classify_image(picture muse.picture, n integer default 5)
returns table (label text, probability real)
language plpython3u stable parallel restricted rows 5 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.classify(plpy, GD, picture, n)
$$;

comment on function muse.classify_image(muse.picture, integer) is
'Labels of a picture with probabilities, most probable first: '
'select label from images, classify_image(thumbnail) limit 9';

create or replace function muse.embed_image(picture muse.picture)
returns real[]
language plpython3u stable parallel restricted cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.embed(plpy, GD, picture)
$$;

comment on function muse.embed_image(muse.picture) is
'Embedding of a picture, 1,280 numbers of unit length: '
'select embed_image(thumbnail) from images limit 1';

create or replace function muse.image_features(
    picture muse.picture,
    model_id bigint,
    out embedding real[],
    out label integer,
    out probability real
)
language plpython3u stable parallel restricted cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.features(plpy, GD, picture, model_id)
$$;

comment on function muse.image_features(muse.picture, bigint) is
'Embedding and best label of a picture by a given classifier: '
'select (image_features(thumbnail, live_model(''classifier''))).label from images limit 1';

create or replace function muse.image_hash(picture muse.picture)
returns bit(64)
language plpython3u stable parallel restricted cost 10000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.hashed(plpy, picture)
$$;

comment on function muse.image_hash(muse.picture) is
'Perceptual hash of a picture, 64 bits, few of which differ between copies: '
'select image_hash(thumbnail) from images limit 1';

create or replace function muse.image_hashes(picture muse.picture)
returns bit(64)[]
language plpython3u stable parallel restricted cost 10000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.hashes(plpy, picture)
$$;

comment on function muse.image_hashes(muse.picture) is
'Perceptual hashes of a picture in its eight orientations, none of a picture of one colour: '
'select image_hashes(thumbnail) from images limit 1';

create or replace function muse.copy_distances(picture muse.picture, image_ids muse.short_bigints)
returns table (image_id bigint, distance integer)
language plpython3u stable parallel restricted rows 10 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.copy_distances(plpy, picture, image_ids)
$$;

comment on function muse.copy_distances(muse.picture, muse.short_bigints) is
'Which stored pictures are copies of a picture, and the bits in which their hashes differ: '
'select copy.* from images, copy_distances(thumbnail, array[image_id]) as copy limit 9';
