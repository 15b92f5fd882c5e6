-- Icons: bitmaps as text, tokens and pictures, what looks like one, and what sets there are.

-- Bitmaps --------------------------------------------------------------------------------------

create or replace function muse.icon_text(bitmap muse.bitmap, style muse.short_text default 'half')
returns text
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps
    return bitmaps.asked(plpy, bitmaps.text, bitmap, style)
$$;

comment on function muse.icon_text(muse.bitmap, muse.short_text) is
'A bitmap in half blocks, or braille: select icon_text(bitmap) from icons where size = 8 limit 1';

create or replace function muse.icon_png(
    bitmap muse.bitmap,
    scale integer default 1,
    ink muse.short_text default '#000000',
    ground muse.short_text default '#ffffff'
)
returns bytea
language plpython3u stable strict parallel restricted cost 10000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps
    return bitmaps.asked_slow(plpy, bitmaps.png, bitmap, scale, ink, ground)
$$;

comment on function muse.icon_png(muse.bitmap, integer, muse.short_text, muse.short_text) is
'A bitmap as PNG, also on ground ''none'': select icon_png(bitmap, scale => 8) from icons limit 1';

create or replace function muse.icon_tokens(
    bitmap muse.bitmap, encoding muse.short_text default 'scanlines'
)
returns integer[]
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmap_tokens, bitmaps
    return bitmaps.asked(plpy, bitmap_tokens.tokens, bitmap, encoding)
$$;

comment on function muse.icon_tokens(muse.bitmap, muse.short_text) is
'A bitmap as positions, scanlines or runs: select icon_tokens(B''0110'', ''positions'')';

create or replace function muse.icon_bitmap(
    tokens muse.short_integers, size integer, encoding muse.short_text default 'scanlines'
)
returns bit varying
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmap_tokens, bitmaps
    return bitmaps.asked(plpy, bitmap_tokens.bitmap, tokens, size, encoding)
$$;

comment on function muse.icon_bitmap(muse.short_integers, integer, muse.short_text) is
'The bitmap that tokens stand for: select icon_bitmap(array[1, 2], 2, ''positions'')';

create or replace function muse.png_address(png muse.picture)
returns text
language sql immutable strict parallel safe
begin atomic
    select 'data:image/png;base64,' || translate(encode(png_address.png, 'base64'), E'\n', '');
end;

comment on function muse.png_address(muse.picture) is
'A PNG as an address that browsers and BI tools show: select png_address(icon_png(B''0110''))';

-- Pictures of many -----------------------------------------------------------------------------

create or replace function muse.icon_poster(
    bitmaps muse.bitmaps,
    columns integer default null,
    scale integer default null,
    seed bigint default 0
)
returns bytea
language plpython3u stable parallel restricted cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps as drawn, icons
    return drawn.asked_slow(plpy, icons.poster, bitmaps, columns, scale, seed)
$$;

comment on function muse.icon_poster(muse.bitmaps, integer, integer, bigint) is
'Icons in rows, each in its own colour, as PNG: select icon_poster(array[B''0110'', B''1001''])';

create or replace function muse.hieroglyph_stela(
    bitmaps muse.bitmaps,
    columns integer default 20,
    height integer default null,
    scale integer default 2,
    seed bigint default 0
)
returns bytea
language plpython3u stable parallel restricted cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps as drawn, hieroglyphs
    return drawn.asked_slow(plpy, hieroglyphs.stela, bitmaps, columns, height, scale, seed)
$$;

comment on function muse.hieroglyph_stela(muse.bitmaps, integer, integer, integer, bigint) is
'Signs on stone, as PNG: select hieroglyph_stela(array(select bitmap from hieroglyphs limit 99))';

create or replace function muse.icon_sheet(
    bitmaps muse.bitmaps,
    labels muse.short_texts,
    notes muse.short_texts,
    columns integer default 8
)
returns bytea
language plpython3u stable parallel restricted cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps as drawn, icons
    return drawn.asked_slow(plpy, icons.sheet, bitmaps, labels, notes, columns)
$$;

comment on function muse.icon_sheet(
    muse.bitmaps, muse.short_texts, muse.short_texts, integer
) is
'Icons with label and note, as PNG: select icon_sheet(array[B''0110''], array[''a''], array[''''])';

-- What is there --------------------------------------------------------------------------------

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
'One row a set of icons or a hand of hieroglyphs: select icon_set, licence, icons from icon_sets';

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
    icon.bitmap
from muse.icons as icon
cross join lateral unnest(icon.codepoints) as sign (codepoint)
left join muse.hieroglyph_signs as known on sign.codepoint = known.codepoint
where icon.kind = 'hieroglyph' and icon.size = 32;

comment on view muse.hieroglyphs is
'One row a sign of a hand: select code, meaning, icon_text(bitmap) from hieroglyphs limit 2';

-- similar_icons --------------------------------------------------------------------------------
-- Every bitmap of that size is looked at: 40,000 of them take some 20 ms. One that stands in
-- several sets is told once, as the first of them.

create or replace function muse.similar_icons(
    bitmap bit varying, n integer default 10, metric text default 'hamming'
)
returns table (icon_id bigint, icon_set text, name text, distance real)
language plpgsql stable parallel safe rows 10
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
#variable_conflict use_column
begin
    perform muse.check_n(similar_icons.n);
    if similar_icons.metric is null or similar_icons.metric not in ('hamming', 'jaccard') then
        raise exception 'metric is hamming or jaccard, not %', coalesce(similar_icons.metric, 'null')
        using errcode = '22023';
    end if;
    if length(similar_icons.bitmap) not in (64, 1024) then
        raise exception '% bits: icons have 64 or 1,024', length(similar_icons.bitmap)
        using errcode = '22023';
    end if;
    return query
    with near as materialized (
        select min(icon.icon_id) as icon_id, measured.distance
        from muse.icons as icon
        cross join lateral (
            select case similar_icons.metric
                when 'hamming' then bit_count(icon.bitmap # similar_icons.bitmap)
                -- All have ink, so that there is something to divide by.
                else 1 - bit_count(icon.bitmap & similar_icons.bitmap)::double precision
                    / bit_count(icon.bitmap | similar_icons.bitmap)
            end as distance
        ) as measured
        where icon.size * icon.size = length(similar_icons.bitmap)
        group by icon.bitmap, measured.distance
        order by measured.distance, min(icon.icon_id)
        limit similar_icons.n
    )

    select icon.icon_id, icon.icon_set, icon.name, near.distance::real
    from near
    inner join muse.icons as icon on near.icon_id = icon.icon_id
    order by near.distance, icon.icon_id;
end
$$;

comment on function muse.similar_icons(bit varying, integer, text) is
'Icons that look like one: select * from similar_icons((select bitmap from hieroglyphs limit 1))';
