-- Icons: sets, hieroglyphs, and nearest bitmaps.

create or replace function muse.png_address(png muse.picture)
returns text
language sql immutable strict parallel safe
begin atomic
    select 'data:image/png;base64,' || translate(encode(png_address.png, 'base64'), E'\n', '');
end;

comment on function muse.png_address(muse.picture) is
'A PNG as an address for browsers and BI tools: select png_address(icon_png(B''0110''))';

-- 071_icons_python.sql replaces it by a function that draws the bitmap.
create or replace function muse.icon_address(bitmap bit varying)
returns text
language sql stable parallel restricted
begin atomic
    select null::text;
end;

comment on function muse.icon_address(bit varying) is
'A bitmap as the address of a PNG; null without PL/Python: select icon_address(B''0110'')';

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
'One row per sign of a hand: select code, meaning, icon_text(bitmap) from hieroglyphs limit 2';

-- similar_icons --------------------------------------------------------------------------------
-- An exact scan of all bitmaps of the size: 40,000 take some 20 ms. A bitmap of several sets is
-- returned once, with its lowest icon_id.

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
                -- Every icon has ink, so the divisor is not 0.
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
'Icons similar to a bitmap: select * from similar_icons((select bitmap from hieroglyphs limit 1))';
