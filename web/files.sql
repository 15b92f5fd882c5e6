-- Queries of pictures at stable addresses. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

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
