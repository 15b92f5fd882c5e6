-- Images: what the classifier sees in a picture.
--
-- A picture is its bytes: \set p `base64 -w0 cat.jpg` and decode(:'p', 'base64') in psql.
-- pg_read_binary_file does it for files of the server's machine, for superusers only.

create or replace function muse.classify_image(picture muse.picture, n integer default 5)
returns table (label text, probability real)
language plpython3u stable parallel restricted rows 5 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import images
    return images.classify(plpy, GD, picture, n)
$$;

comment on function muse.classify_image(muse.picture, integer) is
'What a picture shows, likeliest first: '
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
'The 1,280 numbers that stand for a picture, unit length: '
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
'What a certain classifier sees in a picture: '
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
'A perceptual hash, of which few bits differ in nearly the same picture: '
'select image_hash(thumbnail) from images limit 1';
