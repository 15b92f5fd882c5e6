-- Queries of icons and hieroglyphs.

-- load ----------------------------------------------------------------------------------------

-- name: same_name
-- The location of another source that gave a set its name.
select source.location
from muse.sources as source
where
    source.topic = 'icons'
    and source.location <> %(location)s
    and source.options ->> 'kind' = %(kind)s
    and source.options ->> 'set' = %(set)s
    and exists (
        select from muse.icons as icon
        where icon.source_id = source.source_id
    )
order by source.source_id
limit 1;

-- name: create_staging
set client_min_messages = warning;
create temporary table if not exists new_icons (
    place bigint,
    family text,
    name text,
    codepoint integer,
    size integer,
    bits text
) on commit delete rows;
create index if not exists new_icons_name on pg_temp.new_icons (name);
create temporary table if not exists new_signs (
    codepoint integer,
    code text,
    meaning text,
    keywords text[]
) on commit delete rows;
reset client_min_messages;

-- name: merge_icons
-- The first glyph of a bitmap names its row; the names of the others go to `also`. Names that may
-- not be pruned are staged before (stage_kept), so that a bitmap is deleted when none is left.
with new as (
    select
        size,
        bits::bit varying as bitmap,
        (array_agg(family order by place))[1] as family,
        (array_agg(name order by place))[1] as name,
        (array_agg(name order by place))[2:] as also,
        coalesce(
            array_agg(codepoint order by place) filter (where codepoint is not null), '{}'
        ) as codepoints
    from pg_temp.new_icons
    group by size, bits
),

gone as (
    delete from muse.icons as icon
    where
        icon.source_id = %(source)s
        and not exists (
            select from new
            where new.size = icon.size and new.bitmap = icon.bitmap
        )
    returning icon.size
),

written as (
    insert into muse.icons as icon (
        source_id, kind, icon_set, licence, family, name, also, codepoints, size, bitmap
    )
    select
        %(source)s,
        %(kind)s,
        %(set)s,
        %(licence)s,
        new.family,
        new.name,
        new.also,
        new.codepoints,
        new.size,
        new.bitmap
    from new
    order by new.size desc, new.name asc
    on conflict (source_id, size, bitmap) do update
        set
            kind = excluded.kind,
            icon_set = excluded.icon_set,
            licence = excluded.licence,
            family = excluded.family,
            name = excluded.name,
            also = excluded.also,
            codepoints = excluded.codepoints
        where (
            icon.kind, icon.icon_set, icon.licence, icon.family, icon.name, icon.also,
            icon.codepoints
        ) is distinct from (
            excluded.kind, excluded.icon_set, excluded.licence, excluded.family, excluded.name,
            excluded.also, excluded.codepoints
        )
    returning icon.size
)

select
    (
        select count(*) from written
        where written.size = 32
    ) as written,
    (
        select count(*) from new
        where new.size = 32
    ) as stored,
    (
        select count(*) from gone
        where gone.size = 32
    ) as deleted,
    (
        select coalesce(sum(cardinality(new.also)), 0) from new
        where new.size = 32
    ) as equal;

-- name: merge_signs
insert into muse.hieroglyph_signs as sign (codepoint, code, meaning, keywords)
select
    new.codepoint,
    new.code,
    new.meaning,
    new.keywords
from pg_temp.new_signs as new
on conflict (codepoint) do update
    set
        code = excluded.code,
        meaning = excluded.meaning,
        keywords = excluded.keywords
    where (sign.code, sign.meaning, sign.keywords)
    is distinct from (excluded.code, excluded.meaning, excluded.keywords);

-- prune ---------------------------------------------------------------------------------------

-- name: stage_kept
-- Stage stored names that the source did not give, but that must stay: of unusable icons, below
-- unreadable folders, or all with `everything`. An unusable icon keeps all of its bitmaps. The
-- names of an icon have the order of its codepoints; a picture has no codepoints.
insert into pg_temp.new_icons (place, family, name, codepoint, size, bits)
select
    (select coalesce(max(staged.place), 0) from pg_temp.new_icons as staged)
    + row_number() over (order by icon.icon_id, old.place) as place,
    icon.family,
    old.name,
    icon.codepoints[old.place] as codepoint,
    icon.size,
    icon.bitmap::text as bits
from muse.icons as icon
cross join lateral unnest(icon.name || icon.also) with ordinality as old (name, place)
where
    icon.source_id = %(source)s
    and (
        old.name = any(%(bad)s)
        or not exists (
            select from pg_temp.new_icons as new
            where new.name = old.name
        )
        and (
            %(everything)s
            or exists (
                select from unnest(%(folders)s::text[]) as folder
                where starts_with(old.name, folder || '/')
            )
        )
    )
    and not exists (
        select from pg_temp.new_icons as new
        where new.name = old.name and new.size = icon.size and new.bits = icon.bitmap::text
    );

-- name: count_gone
select
    count(distinct old.name) as stored,
    count(distinct old.name) filter (
        where not exists (
            select from pg_temp.new_icons as new
            where new.name = old.name
        )
    ) as gone
from muse.icons as icon
cross join lateral unnest(icon.name || icon.also) with ordinality as old (name, place)
where icon.source_id = %(source)s;

-- forget --------------------------------------------------------------------------------------

-- name: clear_copies
-- Samples that copied a deleted icon are no longer copies of a stored one.
update muse.samples as sample set
    result = (
        select
            jsonb_agg(
                case
                    when original.icon_id is null and icon.item ? 'copy_of'
                        then icon.item || '{"copy_of": null}'
                    else icon.item
                end
                order by icon.place
            ) as items
        from jsonb_array_elements(sample.result) with ordinality as icon (item, place)
        left join muse.icons as original on (icon.item ->> 'copy_of')::bigint = original.icon_id
    )
where
    sample.kind in ('icons', 'hieroglyphs')
    and sample.result @? '$[*].copy_of ? (@ != null)';

-- train ---------------------------------------------------------------------------------------

-- name: training_icons
-- Each bitmap once, with the family, the name and the set of its oldest row. A sign has keywords
-- instead of a name.
select
    icon.family,
    icon.bitmap,
    case icon.kind
        when 'icon' then icon.name
        else coalesce((
            select string_agg(distinct word.keyword, ' ')
            from muse.hieroglyph_signs as sign
            cross join lateral unnest(sign.keywords) as word (keyword)
            where sign.codepoint = any(icon.codepoints)
        ), '')
    end as words,
    icon.icon_set
from (
    select distinct on (bitmap)
        icon_id,
        kind,
        family,
        name,
        codepoints,
        icon_set,
        bitmap::text as bitmap
    from muse.icons
    where
        kind = %(kind)s
        and size = %(size)s
        and (%(sets)s::text[] is null or icon_set = any(%(sets)s))
    order by bitmap, icon_id
) as icon
order by icon.icon_id;

-- name: licences
select
    icon_set,
    max(licence) as licence
from muse.icons
where kind = %(kind)s and (%(sets)s::text[] is null or icon_set = any(%(sets)s))
group by icon_set
order by icon_set;

-- draw ----------------------------------------------------------------------------------------

-- name: sample_bitmaps
select array_agg((icon.item ->> 'bitmap')::bit varying order by icon.place) as bitmaps
from muse.samples as sample
cross join lateral jsonb_array_elements(sample.result) with ordinality as icon (item, place)
where sample.sample_id = %(sample)s;
