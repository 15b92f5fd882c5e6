-- Icons: sets, hieroglyphs, and nearest bitmaps.

create or replace function muse.png_address(png muse.picture)
returns text
language sql immutable strict parallel safe
begin atomic
    select 'data:image/png;base64,' || translate(encode(png_address.png, 'base64'), E'\n', '');
end;

comment on function muse.png_address(muse.picture) is
'A PNG as an address for browsers and BI tools: select png_address(icon_png(B''0110''))';

-- An SVG needs no PL/Python. Its path is the text of the bitmap: runs of 8, 4, 2 and 1 pixels are
-- written as h8 to h1 for ink, and m8 0 to m1 0 for ground.
create or replace function muse.icon_svg(bitmap bit varying)
returns text
language sql immutable strict parallel safe
begin atomic
    with square as (
        select sqrt(length(icon_svg.bitmap))::integer as size
    ),

    pixels as (
        select
            square.size,
            regexp_replace(
                translate(icon_svg.bitmap::text, '01', 'ab'),
                '(.{' || square.size || '})', '\1m-' || square.size || ' 1', 'g'
            ) as path
        from square
        where
            length(icon_svg.bitmap) between 1 and 65025  -- 255 is the bound of {} in a pattern
            and square.size * square.size = length(icon_svg.bitmap)
    ),

    fours as (
        select
            pixels.size,
            replace(replace(replace(replace(
                pixels.path, repeat('b', 8), 'h8'
            ), 'bbbb', 'h4'), repeat('a', 8), 'm8 0'), 'aaaa', 'm4 0') as path
        from pixels
    ),

    ones as (
        select
            fours.size,
            replace(replace(replace(replace(
                fours.path, 'bb', 'h2'
            ), 'b', 'h1'), 'aa', 'm2 0'), 'a', 'm1 0') as path
        from fours
    )

    select
        format(
            '<svg xmlns="http://www.w3.org/2000/svg" width="128" height="128" '
            'viewBox="0 0 %1$s %1$s"><path fill="#fff" d="M0 0h%1$sv%1$sH0z"/>'
            '<path stroke="#000" shape-rendering="crispEdges" d="M0 .5%2$s"/></svg>',
            ones.size, ones.path
        )
    from ones;
end;

comment on function muse.icon_svg(bit varying) is
'A square bitmap as SVG, null for another shape: select icon_svg(bitmap) from icons limit 1';

create or replace function muse.icon_address(bitmap bit varying)
returns text
language sql immutable parallel safe
begin atomic
    select
        'data:image/svg+xml;base64,'
        || translate(
            encode(muse.icon_svg(icon_address.bitmap)::bytea, 'base64'), e'\n', ''  -- all ASCII
        );
end;

comment on function muse.icon_address(bit varying) is
'A square bitmap as a data URL of an SVG: select icon_address(bitmap) from icons limit 1';

create or replace view muse.icon_sets as
select
    icon.kind,
    icon.icon_set,
    icon.licence,
    source.location,
    source.loaded_at,
    count(*) filter (where icon.size = 32) as icons,
    count(*) filter (where icon.size = 8) as icons_8,
    count(distinct icon.family) as families
from muse.icons as icon
inner join muse.sources as source on icon.source_id = source.source_id
group by icon.kind, icon.icon_set, icon.licence, source.source_id;

comment on view muse.icon_sets is
'One row per set of icons or a hand of hieroglyphs: select icon_set, licence, icons from icon_sets';
comment on column muse.icon_sets.kind is 'icon or hieroglyph (part of the key)';
comment on column muse.icon_sets.icon_set is
'Name of the set, or of the hand of hieroglyphs (part of the key)';
comment on column muse.icon_sets.licence is 'Licence of the set; null if unknown (part of the key)';
comment on column muse.icon_sets.location is
'Path or package that the set was loaded from (part of the key)';
comment on column muse.icon_sets.loaded_at is 'Time of the last load';
comment on column muse.icon_sets.icons is 'Number of bitmaps of 32 x 32 pixels';
comment on column muse.icon_sets.icons_8 is 'Number of bitmaps of 8 x 8 pixels';
comment on column muse.icon_sets.families is
'Number of families; variants of one icon share a family';

create or replace view muse.icon_pictures as
select
    icon.icon_id,
    icon.kind,
    icon.icon_set,
    icon.family,
    icon.name,
    icon.size,
    icon.licence,
    bit_count(icon.bitmap) as ink,
    icon.bitmap::text as bitmap_text,
    muse.icon_address(icon.bitmap) as picture,
    muse.picture_url('/icons/' || icon.icon_id || '.png') as picture_url
from muse.icons as icon;

comment on view muse.icon_pictures is
'One row per icon and size, with a picture: select name, picture from icon_pictures limit 9';
comment on column muse.icon_pictures.icon_id is 'Id of the icon (key, references icons.icon_id)';
comment on column muse.icon_pictures.kind is 'icon or hieroglyph';
comment on column muse.icon_pictures.icon_set is 'Name of the set, or of the hand of hieroglyphs';
comment on column muse.icon_pictures.family is
'What variants of the icon share: the name up to its first hyphen';
comment on column muse.icon_pictures.name is 'Name of the icon in its set';
comment on column muse.icon_pictures.size is 'Width and height in pixels, 8 or 32';
comment on column muse.icon_pictures.licence is 'Licence, as the source names it; null if unknown';
comment on column muse.icon_pictures.ink is 'Number of pixels that are ink';
comment on column muse.icon_pictures.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.icon_pictures.picture is
'The icon as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.icon_pictures.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

create or replace view muse.hieroglyphs as
select
    icon.icon_id,
    sign.codepoint,
    chr(sign.codepoint) as sign,
    coalesce(known.code, upper(to_hex(sign.codepoint))) as code,
    known.meaning,
    coalesce(known.keywords, '{}') as keywords,
    icon.icon_set as hand,
    icon.licence,
    icon.bitmap,
    icon.bitmap::text as bitmap_text,
    array_to_string(coalesce(known.keywords, '{}'), '; ') as keywords_text,
    muse.icon_address(icon.bitmap) as picture,
    muse.picture_url('/icons/' || icon.icon_id || '.png') as picture_url
from muse.icons as icon
cross join lateral unnest(icon.codepoints) as sign (codepoint)
left join muse.hieroglyph_signs as known on sign.codepoint = known.codepoint
where icon.kind = 'hieroglyph' and icon.size = 32;

comment on view muse.hieroglyphs is
'One row per sign of a hand: select code, meaning, icon_text(bitmap) from hieroglyphs limit 2';
comment on column muse.hieroglyphs.icon_id is
'Id of the icon (part of the key, references icons.icon_id)';
comment on column muse.hieroglyphs.codepoint is 'Unicode code point of the sign (part of the key)';
comment on column muse.hieroglyphs.sign is 'The sign as a character';
comment on column muse.hieroglyphs.code is
'Gardiner code of the sign; the code point in hexadecimal if it has none';
comment on column muse.hieroglyphs.meaning is 'What the sign stands for; null if unknown';
comment on column muse.hieroglyphs.keywords is 'English words for what the sign shows';
comment on column muse.hieroglyphs.hand is 'Name of the font';
comment on column muse.hieroglyphs.licence is 'Licence, as the source names it; null if unknown';
comment on column muse.hieroglyphs.bitmap is
'The bitmap, 32 x 32 bits, row by row from the top left, 1 is ink';
comment on column muse.hieroglyphs.bitmap_text is
'The bitmap as text of 0 and 1, row by row from the top left, 1 is ink';
comment on column muse.hieroglyphs.keywords_text is
'The keywords as text, separated by a semicolon';
comment on column muse.hieroglyphs.picture is
'The sign as a data: address of an SVG, 128 x 128 pixels';
comment on column muse.hieroglyphs.picture_url is
'Address of the picture at a web service; null until muse.picture_base is set';

-- similar_icons --------------------------------------------------------------------------------
-- An exact scan of all bitmaps of the size: 40,000 take some 60 ms. A bitmap of several sets is
-- returned once, with its lowest icon_id.

-- The ink of a square bitmap and the pixels above, below, left and right of it. others: a bitmap
-- of the same size, without the first column; null where it has another size.
create or replace function muse.spread_ink(
    bitmap bit varying, side integer, others bit varying
)
returns bit varying
language sql immutable parallel safe
return
case
    when length(spread_ink.bitmap) = length(spread_ink.others) then
        spread_ink.bitmap
        | ((spread_ink.bitmap & spread_ink.others) << 1)
        | ((spread_ink.bitmap >> 1) & spread_ink.others)
        | (spread_ink.bitmap << spread_ink.side)
        | (spread_ink.bitmap >> spread_ink.side)
end;

comment on function muse.spread_ink(bit varying, integer, bit varying) is
'Ink and the pixels beside it: select spread_ink(B''1000'', 2, B''0101'')';

-- metric soft: how many ink pixels of one bitmap have no ink of the other at the same place or
-- beside it, both ways; of two with the same number the one with fewer different pixels comes
-- first. hamming: the number of different pixels. jaccard: the share of the ink of both that only
-- one of them has.
create or replace function muse.similar_icons(
    bitmap bit varying,
    n integer default 10,
    metric text default 'soft',
    in_set text default null,
    in_kind text default null
)
returns table (icon_id bigint, icon_set text, name text, distance real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
#variable_conflict use_column
declare
    side integer := sqrt(length(similar_icons.bitmap));
    others bit varying := repeat('0' || repeat('1', side - 1), side)::bit varying;
    spread bit varying;
begin
    perform muse.check_n(similar_icons.n);
    if similar_icons.metric is null or similar_icons.metric not in ('soft', 'hamming', 'jaccard')
    then
        raise exception 'metric is soft, hamming or jaccard, not %',
            coalesce(left(similar_icons.metric, 30), 'null')
        using errcode = '22023';
    end if;
    if length(similar_icons.bitmap) not in (64, 1024) then
        raise exception '% bits: icons have 64 or 1,024', length(similar_icons.bitmap)
        using errcode = '22023';
    end if;
    if similar_icons.in_set is not null and not exists (
        select from muse.icons as icon where icon.icon_set = similar_icons.in_set
    ) then
        raise exception 'no icon set %', quote_literal(left(similar_icons.in_set, 60))
        using errcode = '22023', hint = 'select icon_set from icon_sets has the names';
    end if;
    if similar_icons.in_kind not in ('icon', 'hieroglyph') then
        raise exception 'in_kind is icon or hieroglyph, not %', left(similar_icons.in_kind, 30)
        using errcode = '22023';
    end if;
    spread := muse.spread_ink(similar_icons.bitmap, side, others);
    return query
    with measured as (
        select
            icon.icon_id,
            icon.bitmap,
            case similar_icons.metric
                when 'soft' then bit_count(icon.bitmap & ~spread) + bit_count(
                    similar_icons.bitmap & ~muse.spread_ink(icon.bitmap, side, others)
                )
                when 'hamming' then bit_count(icon.bitmap # similar_icons.bitmap)
                -- Every icon has ink, so the divisor is not 0.
                else 1 - bit_count(icon.bitmap & similar_icons.bitmap)::double precision
                    / bit_count(icon.bitmap | similar_icons.bitmap)
            end as distance
        from muse.icons as icon
        where
            icon.size * icon.size = length(similar_icons.bitmap)
            and (similar_icons.in_set is null or icon.icon_set = similar_icons.in_set)
            and (similar_icons.in_kind is null or icon.kind = similar_icons.in_kind)
    ),

    near as materialized (
        select
            min(measured.icon_id) as icon_id,
            measured.distance,
            bit_count(measured.bitmap # similar_icons.bitmap) as pixels
        from measured
        group by measured.bitmap, measured.distance
        order by measured.distance, pixels, min(measured.icon_id)
        limit similar_icons.n
    )

    select icon.icon_id, icon.icon_set, icon.name, near.distance::real
    from near
    inner join muse.icons as icon on near.icon_id = icon.icon_id
    order by near.distance, near.pixels, icon.icon_id;
end
$$;

comment on function muse.similar_icons(bit varying, integer, text, text, text) is
'Icons similar to a bitmap: select * from similar_icons((select bitmap from hieroglyphs limit 1))';
