-- Queries of the pages. A visitor sees each with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: counts
select
    (select count(*) from muse.images) as images,
    (select count(*) from muse.tracks) as tracks,
    (select count(*) from muse.playlists) as playlists,
    (select count(*) from muse.samples) as samples,
    (select count(*) from muse.wikidata) as items,
    (select count(*) from muse.wikipedia) as articles;

-- pictures ------------------------------------------------------------------------------------

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
    count(*) filter (
        where not exists (
            select from muse.image_vectors as vector
            where vector.image_id = image.image_id
        )
    ) as without_vector
from muse.images as image;

-- songs ---------------------------------------------------------------------------------------

-- name: find_songs
select
    song.track_id,
    song.name,
    song.artist,
    song.places
from muse.find_songs(%(query)s, n => 8) as song;

-- name: popular_songs
select
    song.track_id,
    song.name,
    song.artist,
    song.places
from muse.songs as song
order by song.places desc, song.track_id
limit 12;

-- name: tracks
select
    one.track_id,
    track.name,
    track.artist
from unnest(%(tracks)s::text[]) with ordinality as one (track_id, place)
left join muse.tracks as track on one.track_id = track.track_id
order by one.place;

-- name: radio
select
    radio.place,
    radio.track_id,
    radio.name,
    radio.artist,
    radio.score
from
    muse.song_radio(
        %(seeds)s, n => %(n)s, per_artist => %(per_artist)s, unlike => %(unlike)s
    ) as radio
order by radio.place;

-- name: radio_tracks
select
    radio.track_id,
    radio.name,
    radio.artist,
    track.artist_id,
    track.album,
    track.duration_ms
from
    muse.song_radio(
        %(seeds)s, n => %(n)s, per_artist => %(per_artist)s, unlike => %(unlike)s
    ) as radio
left join muse.tracks as track on radio.track_id = track.track_id
order by radio.place;

-- name: neighbors
select
    song.track_id,
    song.name,
    song.artist,
    song.similarity,
    song.lift
from muse.similar_songs(%(track)s, n => %(n)s) as song;

-- gallery -------------------------------------------------------------------------------------

-- name: drawn_bitmaps
select
    drawn.sample_id,
    drawn.place,
    drawn.model,
    drawn.seed,
    drawn.temperature,
    drawn.label,
    drawn.score,
    drawn.nll,
    drawn.novelty
from muse.drawn_icons as drawn
where
    drawn.kind = %(kind)s
    and drawn.sample_id = coalesce(
        %(sample_id)s::bigint,
        (
            select max(sample.sample_id) from muse.samples as sample
            where sample.kind = %(kind)s
        )
    )
order by drawn.place;

-- name: drawn_ink
select
    ink.sample_id,
    ink.layer,
    ink.channel,
    ink.seed,
    ink.steps,
    ink.start_score,
    ink.score,
    ink.seen_as,
    ink.probability,
    ink.parameters
from muse.ink_samples as ink
order by ink.sample_id desc
limit %(n)s;

-- name: stela_file
-- The newest signs in as many columns as rows, about.
with sign as materialized (
    select drawn.bitmap
    from muse.drawn_icons as drawn
    where drawn.kind = 'hieroglyphs'
    order by drawn.sample_id desc, drawn.place
    limit 200
),

stela as (
    select
        array_agg(sign.bitmap) as bitmaps,
        ceil(sqrt(count(*)))::integer as columns
    from sign
)

select
    muse.hieroglyph_stela(
        stela.bitmaps,
        columns => stela.columns,
        height => 26 * stela.columns + 24,
        scale => 3
    ) as content
from stela
where stela.columns > 0;

-- name: similar_icons
select
    icon.icon_id,
    icon.icon_set,
    icon.name,
    icon.distance
from muse.similar_icons(%(bitmap)s::bit varying, 12, 'jaccard') as icon;

-- name: icon_labels
select
    one.label,
    one.probability
from muse.grid_label(%(bitmap)s::bit varying, 3) as one;

-- name: finish_icon
select
    one.i,
    one.bitmap::text as bitmap,
    one.nll
from
    muse.generate_icons(
        'icons_32', 6, temperature => 0.8, seed => %(seed)s, start => %(bitmap)s::bit varying
    ) as one;

-- name: request_drawing
select muse.request_drawing(%(drawing)s, n => %(n)s) as request_id;

-- name: drawing
select
    request.request_id,
    request.drawing,
    request.n,
    request.seed,
    request.status,
    request.message,
    request.sample_ids,
    (
        select count(*) from muse.drawing_requests as earlier
        where earlier.request_id < request.request_id and earlier.status in ('waiting', 'running')
    ) as ahead
from muse.drawing_requests as request
where request.request_id = %(request_id)s;

-- wikidata ------------------------------------------------------------------------------------

-- name: classes
select
    class.class_id,
    class.class,
    class.items
from muse.classes as class
where position(lower(%(words)s) in lower(class.class)) > 0 or class.class_id = %(words)s
order by class.items desc, class.class_id
limit %(n)s offset %(offset)s;

-- name: class_
select
    class.class_id,
    coalesce(class.class, class.class_id) as class,
    (
        select counted.items from muse.classes as counted
        where counted.class_id = %(class_id)s
    ) as items,
    coalesce((
        select counted.items from muse.classes as counted
        where counted.class_id = %(class_id)s
    ), 0) + (
        select coalesce(sum(below.items), 0) from muse.subclasses_of(%(class_id)s) as below
    ) as with_subclasses
from muse.wikidata_classes as class
where class.class_id = %(class_id)s;

-- name: superclasses
select
    above.class_id,
    above.class
from muse.wikidata_classes as class
inner join muse.wikidata_classes as above on above.class_id = any(class.superclass_ids)
where class.class_id = %(class_id)s
order by above.class;

-- name: subclasses
select
    below.class_id,
    below.class,
    below.items
from muse.wikidata_classes as below
where below.superclass_ids @> array[%(class_id)s]
order by below.items desc, below.class
limit 60;

-- name: instances
select
    item.wikidata_id,
    item.title,
    item.description,
    item.wikipedia_id,
    (
        select min(source.image_id) from muse.image_sources as source
        where source.wikidata_id = item.wikidata_id
    ) as image_id
from muse.wikidata as item
where item.class_ids @> array[%(class_id)s]
order by item.wikidata_id
limit %(n)s offset %(offset)s;

-- name: item
select
    item.wikidata_id,
    item.title,
    item.description,
    item.wikipedia_id,
    item.properties,
    item.sitelinks,
    (
        select min(source.image_id) from muse.image_sources as source
        where source.wikidata_id = item.wikidata_id
    ) as image_id
from muse.wikidata as item
where item.wikidata_id = %(wikidata_id)s;

-- name: classes_of_item
select
    class.class_id,
    class.class
from muse.instance_of as class
where class.wikidata_id = %(wikidata_id)s
order by class.class;

-- health --------------------------------------------------------------------------------------

-- name: health
select
    one.check_name,
    one.subject,
    one.status,
    one.value,
    one.since,
    one.advice
from muse.health as one
order by
    array_position(array['bad', 'warning', 'ok'], one.status),
    one.check_name, one.subject;

-- files ---------------------------------------------------------------------------------------

-- name: image_file
select image.thumbnail as content
from muse.images as image
where image.image_id = %(id)s;

-- name: sample_file
select decode(sample.result ->> %(format)s, 'base64') as content
from muse.samples as sample
where sample.sample_id = %(id)s and sample.kind = 'ink';

-- name: sample_bitmap
select muse.icon_png(drawn.bitmap, scale => %(scale)s) as content
from muse.drawn_icons as drawn
where drawn.sample_id = %(id)s and drawn.place = %(place)s;

-- name: icon_file
select muse.icon_png(icon.bitmap, scale => %(scale)s) as content
from muse.icons as icon
where icon.icon_id = %(id)s;

-- name: bitmap_file
select muse.icon_png(%(bitmap)s::bit varying, scale => %(scale)s) as content;
