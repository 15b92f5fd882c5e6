-- Drawing icons with networks, likelihoods of bitmaps, and pictures of samples.

create or replace function muse.drawn_bitmaps(
    model muse.short_text, n integer, temperature double precision, seed bigint
)
returns table (i integer, bitmap bit varying, nll double precision)
language plpython3u stable parallel restricted rows 10 cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import icon_networks
    return icon_networks.draw(plpy, GD, model, n, temperature, seed)
$$;

comment on function muse.drawn_bitmaps(muse.short_text, integer, double precision, bigint) is
'New bitmaps of a network, with bits a pixel: select * from drawn_bitmaps(''icons_32'', 3, 1, 0)';

-- valid: the bitmap has ink. It is always true: blank bitmaps are drawn again.
create or replace function muse.generate_icons(
    model text, n integer default 1, temperature real default 1, seed bigint default 0
)
returns table (i integer, bitmap bit varying, nll real, valid boolean, copy_of bigint)
language plpgsql stable parallel restricted rows 10 cost 1000000
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
begin
    return query
    with drawn as materialized (
        select one.i, one.bitmap, one.nll
        from muse.drawn_bitmaps(
            generate_icons.model, generate_icons.n, generate_icons.temperature, generate_icons.seed
        ) as one
    ),

    -- One scan of muse.icons, for any number of drawn bitmaps.
    known as materialized (
        select icon.bitmap, min(icon.icon_id) as icon_id
        from muse.icons as icon
        inner join drawn on icon.bitmap = drawn.bitmap
        group by icon.bitmap
    )

    select
        drawn.i,
        drawn.bitmap,
        drawn.nll::real,
        bit_count(drawn.bitmap) > 0,
        known.icon_id
    from drawn
    left join known on drawn.bitmap = known.bitmap
    order by drawn.i;
end
$$;

comment on function muse.generate_icons(text, integer, real, bigint) is
'New icons, with ids of copies: select icon_text(bitmap) from generate_icons(''icons_8'', n => 2)';

create or replace function muse.icon_nlls(bitmaps muse.bitmaps, model muse.short_text)
returns real[]
language plpython3u stable strict parallel restricted cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import icon_networks
    return icon_networks.costs(plpy, GD, bitmaps, model)
$$;

comment on function muse.icon_nlls(muse.bitmaps, muse.short_text) is
'Bits a pixel of bitmaps: select icon_nlls(array_agg(bitmap), ''icons_32'') from hieroglyphs';

create or replace function muse.icon_nll(bitmap bit varying, model text)
returns real
language sql stable strict parallel restricted cost 1000000
begin atomic
    select (muse.icon_nlls(array[icon_nll.bitmap], icon_nll.model))[1];
end;

comment on function muse.icon_nll(bit varying, text) is
'Bits a pixel of a bitmap: select icon_nll(bitmap, ''icons_32'') from hieroglyphs';

-- The best bitmap of every label, likeliest first; at most 760 fit.
create or replace function muse.labelled_sheet(
    kind text, columns integer default 8, min_score real default 0.25
)
returns bytea
language plpgsql stable parallel restricted cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    bitmaps bit varying[];
    labels text[];
    notes text[];
begin
    if labelled_sheet.kind is null or labelled_sheet.kind not in (
        'icons', 'hieroglyphs', 'grid4', 'grid5'
    ) then
        raise exception 'kind is icons, hieroglyphs, grid4 or grid5, not %',
            coalesce(left(labelled_sheet.kind, 30), 'null')
        using errcode = '22023';
    end if;
    with labelled as (
        select drawn.bitmap, drawn.label, drawn.score
        from muse.drawn_icons as drawn
        where drawn.kind = labelled_sheet.kind
        union all
        select grid.bitmap, grid.label, grid.probability
        from muse.grid_icons as grid
        where 'grid' || grid.grid = labelled_sheet.kind
    ),

    best as (
        select distinct on (labelled.label) labelled.bitmap, labelled.label, labelled.score
        from labelled
        where labelled.label is not null and labelled.score >= labelled_sheet.min_score
        order by labelled.label, labelled.score desc, labelled.bitmap
    ),

    first_ones as (
        select best.bitmap, best.label, best.score from best
        order by best.score desc, best.label
        limit 760
    )

    select
        array_agg(first_ones.bitmap order by first_ones.score desc, first_ones.label),
        array_agg(first_ones.label order by first_ones.score desc, first_ones.label),
        array_agg(
            to_char(first_ones.score, 'FM0.00') order by first_ones.score desc, first_ones.label
        )
    into bitmaps, labels, notes
    from first_ones;
    if bitmaps is null then
        raise exception 'nothing of % has a label with a score of % or more',
            labelled_sheet.kind, labelled_sheet.min_score
        using errcode = '22023', hint = format('run: ./pgmuse draw %s', labelled_sheet.kind);
    end if;
    return muse.icon_sheet(bitmaps, labels, notes, labelled_sheet.columns);
end
$$;

comment on function muse.labelled_sheet(text, integer, real) is
'The best bitmap of every label, as PNG: select labelled_sheet(''icons'')';
