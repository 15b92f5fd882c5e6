-- Drawing icons with networks, likelihoods of bitmaps, and pictures of samples.

create or replace function muse.drawn_bitmaps(
    model muse.short_text, n integer, temperature double precision, seed bigint,
    start muse.bitmap default null, words muse.short_text default null,
    style muse.short_text default null, best_of integer default 1
)
returns table (i integer, bitmap bit varying, nll double precision, score double precision)
language plpython3u stable parallel restricted rows 10 cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import icon_networks
    return icon_networks.draw(plpy, GD, model, n, temperature, seed, start, words, style, best_of)
$$;

comment on function muse.drawn_bitmaps(
    muse.short_text, integer, double precision, bigint, muse.bitmap, muse.short_text,
    muse.short_text, integer
) is
'New bitmaps of a network, with bits a pixel: select * from drawn_bitmaps(''icons_32'', 3, 1, 0)';

-- valid: the bitmap has ink. It is always true: blank bitmaps are drawn again.
-- start: the lines to its last ink stay as they are, and the network draws those below.
-- words, style: what the icon shows, and how: outline, filled, thin, bold, logo, or a set's name.
-- best_of: so many candidates are drawn for each icon, and the likeliest to be real is returned,
-- by a judge that tells drawn icons from real ones; with words, the likeliest to be real and to
-- show them. One without specks is preferred.
-- score: the judge's probability that the icon is real; null where best_of is 1.
create or replace function muse.generate_icons(
    model text,
    n integer default 1,
    temperature double precision default 0.9,
    seed bigint default 0,
    start bit varying default null,
    words text default null,
    style text default null,
    best_of integer default 1
)
returns table (
    i integer, bitmap bit varying, nll real, valid boolean, copy_of bigint, score real
)
language plpgsql stable parallel restricted rows 10 cost 1000000
set search_path = pg_catalog, muse, pg_temp
set jit = off
as $$
declare
    strange text;
begin
    return query
    with drawn as materialized (
        select one.i, one.bitmap, one.nll, one.score
        from muse.drawn_bitmaps(
            generate_icons.model, generate_icons.n, generate_icons.temperature,
            generate_icons.seed, generate_icons.start, generate_icons.words,
            generate_icons.style, generate_icons.best_of
        ) as one
    ),

    -- A look-up in the index of bitmaps for each drawn one.
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
        known.icon_id,
        drawn.score::real
    from drawn
    left join known on drawn.bitmap = known.bitmap
    order by drawn.i;
    -- Words of no icon that the network learned from, where these are stored.
    if generate_icons.words is not null then
        with names as materialized (
            select translate(lower(icon.name), '_/', '  ') as name
            from muse.icons as icon
            inner join muse.models as network
                on network.config -> 'sets' ? icon.icon_set
                and network.config ->> 'kind' = icon.kind
            where
                icon.size = 32
                and network.model_id = muse.live_model(generate_icons.model)
            union all
            select lower(array_to_string(sign.keywords, ' '))
            from muse.hieroglyph_signs as sign
            inner join muse.models as network on network.config ->> 'kind' = 'hieroglyph'
            where network.model_id = muse.live_model(generate_icons.model)
        )

        select string_agg(word.word, ', ' order by word.place) into strange
        from regexp_split_to_table(lower(left(generate_icons.words, 1000)), '[^[:alnum:]]+')
        with ordinality as word (word, place)
        where
            word.word <> ''
            and exists (select from names)
            and not exists (
                select from names
                where names.name ~ ('\m' || word.word || '\M')
            );
    end if;
    if strange is not null then
        raise notice 'no icon of the sets that % learned from has the words %: they may draw anything',
            generate_icons.model, strange
        using hint = 'select name from icons shows names, in English';
    end if;
end
$$;

comment on function muse.generate_icons(
    text, integer, double precision, bigint, bit varying, text, text, integer
) is
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
'Bits a pixel of bitmaps: select icon_nlls(array(select bitmap from hieroglyphs limit 3), ''icons_32'')';  -- noqa: LT05

create or replace function muse.icon_nll(bitmap bit varying, model text)
returns real
language sql stable strict parallel restricted cost 1000000
begin atomic
    select (muse.icon_nlls(array[icon_nll.bitmap], icon_nll.model))[1];
end;

comment on function muse.icon_nll(bit varying, text) is
'Bits a pixel of a bitmap: select icon_nll(bitmap, ''icons_32'') from hieroglyphs limit 3';

-- novelty: the number of pixels by which the nearest icon differs, among the sets that the network
-- was trained on; a model that names no sets is compared with all icons of its kind.
create or replace function muse.save_icons(
    kind text,
    model text,
    n integer,
    temperature double precision default 0.9,
    seed bigint default 0,
    words text default null,
    style text default null,
    best_of integer default null
)
returns bigint
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    id bigint;
    candidates integer := save_icons.best_of;
    has_words boolean := save_icons.kind = 'icons' and exists (
        select from muse.deployments as live
        where live.name = 'icon_words'
    );
    has_objects boolean := exists (
        select from muse.deployments as live
        where live.name = 'classifier'
    );
begin
    perform muse.check_n(save_icons.n);
    if candidates is null then
        select case when count(*) = 0 then 1 else 6 end into candidates
        from muse.models as network
        inner join muse.deployments as judge on judge.name = network.config ->> 'judge'
        where network.model_id = muse.live_model(save_icons.model);
    end if;
    with drawn as materialized (
        select one.i, one.bitmap, one.nll, one.copy_of, one.score
        from muse.generate_icons(
            save_icons.model, save_icons.n, save_icons.temperature, save_icons.seed,
            words => save_icons.words, style => save_icons.style, best_of => candidates
        ) as one
    ),

    items as (
        select
            drawn.i,
            drawn.bitmap,
            jsonb_build_object(
                'bitmap', drawn.bitmap::text,
                'nll', drawn.nll,
                'copy_of', drawn.copy_of,
                'novelty', nearest.novelty,
                'realness', drawn.score
            ) as item
        from drawn
        cross join muse.models as network
        cross join lateral (
            select min(bit_count(icon.bitmap # drawn.bitmap)) as novelty  -- noqa: PRS,LXR,LT01,RF03
            from muse.icons as icon
            where
                icon.size * icon.size = length(drawn.bitmap)
                and icon.kind = network.config ->> 'kind'
                and (not network.config ? 'sets' or network.config -> 'sets' ? icon.icon_set)
        ) as nearest
        where network.model_id = muse.live_model(save_icons.model)
    )

    insert into muse.samples (kind, model_id, seed, parameters, result)
    select
        save_icons.kind,
        muse.live_model(save_icons.model),
        save_icons.seed,
        jsonb_strip_nulls(jsonb_build_object(
            'n', save_icons.n,
            'temperature', save_icons.temperature,
            'words', save_icons.words,
            'style', save_icons.style,
            'best_of', candidates
        )),
        jsonb_agg(
            items.item
            || case
                when word.label is null then '{}'
                else jsonb_build_object('label', word.label, 'score', word.probability)
            end
            || case
                when object.label is null then '{}'
                else jsonb_build_object(
                    'object', object.label, 'object_score', object.probability
                )
            end
            order by items.i
        )
    from items
    -- Without a live model the functions must not run.
    left join lateral (
        select best.label, best.probability from muse.icon_label(items.bitmap) as best
        where has_words
    ) as word on true
    left join lateral (
        select best.label, best.probability from muse.grid_label(items.bitmap) as best
        where has_objects
    ) as object on true
    returning sample_id into id;
    return id;
end
$$;

comment on function muse.save_icons(
    text, text, integer, double precision, bigint, text, text, integer
) is
'Id of a stored sample of new icons or hieroglyphs: select sample_id, image from icon_samples';

-- n new bitmaps of the largest live network of a kind, where there is one.
create or replace function muse.draw_bitmap_samples(kind text, n integer, seed bigint)
returns integer
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    network text;
begin
    perform muse.check_n(draw_bitmap_samples.n);
    if draw_bitmap_samples.kind is null
        or draw_bitmap_samples.kind not in ('icons', 'hieroglyphs')
    then
        raise exception 'kind is icons or hieroglyphs, not %',
            coalesce(left(draw_bitmap_samples.kind, 30), 'null')
        using errcode = '22023';
    end if;
    select live.name into network
    from muse.deployments as live
    where live.name in (draw_bitmap_samples.kind || '_32', draw_bitmap_samples.kind || '_8')
    order by live.name
    limit 1;
    if network is null then
        return 0;
    end if;
    perform muse.save_icons(
        draw_bitmap_samples.kind, network, draw_bitmap_samples.n, 0.9, draw_bitmap_samples.seed
    );
    return draw_bitmap_samples.n;
end
$$;

comment on function muse.draw_bitmap_samples(text, integer, bigint) is
'Number of new icons or hieroglyphs that were stored: select kind, made_at from drawn_icons';

create or replace function muse.draw_icon_samples(n integer default 12, seed bigint default 0)
returns integer
language sql volatile parallel unsafe
begin atomic
    select muse.draw_bitmap_samples('icons', draw_icon_samples.n, draw_icon_samples.seed);
end;

comment on function muse.draw_icon_samples(integer, bigint) is
'Number of new icons that were stored: select image, label, novelty from icon_samples';

create or replace function muse.draw_hieroglyph_samples(n integer default 12, seed bigint default 0)
returns integer
language sql volatile parallel unsafe
begin atomic
    select muse.draw_bitmap_samples(
        'hieroglyphs', draw_hieroglyph_samples.n, draw_hieroglyph_samples.seed
    );
end;

comment on function muse.draw_hieroglyph_samples(integer, bigint) is
'Number of new hieroglyphs that were stored: select image, novelty from hieroglyph_samples';

-- The best bitmap of every label, likeliest first; at most 760 fit.
create or replace function muse.labelled_sheet(
    kind text, columns integer default 8, min_score double precision default 0.1,
    network text default null
)
returns bytea
language plpgsql stable parallel restricted cost 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    bitmaps bit varying[];
    labels text[];
    notes text[];
    others bigint;
begin
    if labelled_sheet.kind is null or labelled_sheet.kind not in (
        'icons', 'hieroglyphs', 'grid4', 'grid5'
    ) then
        raise exception 'kind is icons, hieroglyphs, grid4 or grid5, not %',
            coalesce(left(labelled_sheet.kind, 30), 'null')
        using errcode = '22023';
    end if;
    with labelled as (
        select
            drawn.bitmap,
            coalesce(drawn.label, drawn.object) as label,
            coalesce(drawn.score, drawn.object_score) as score
        from muse.drawn_icons as drawn
        where drawn.kind = labelled_sheet.kind
        union all
        select grid.bitmap, grid.label, grid.probability
        from muse.grid_icons as grid
        where
            'grid' || grid.grid = labelled_sheet.kind
            and (labelled_sheet.network is null or grid.network = labelled_sheet.network)
    ),

    best as (
        select distinct on (labelled.label) labelled.bitmap, labelled.label, labelled.score
        from labelled
        where labelled.label is not null
        order by labelled.label, labelled.score desc, labelled.bitmap
    ),

    first_ones as (
        select best.bitmap, best.label, best.score from best
        where best.score >= labelled_sheet.min_score
        order by best.score desc, best.label
        limit 760
    )

    select
        array_agg(first_ones.bitmap order by first_ones.score desc, first_ones.label),
        array_agg(first_ones.label order by first_ones.score desc, first_ones.label),
        array_agg(
            to_char(first_ones.score, 'FM0.00') order by first_ones.score desc, first_ones.label
        ),
        (select count(*) from best) - count(*)
    into bitmaps, labels, notes, others
    from first_ones;
    if bitmaps is null then
        raise exception 'nothing of % has a label with a score of % or more',
            labelled_sheet.kind, labelled_sheet.min_score
        using errcode = '22023', hint = format('run: ./pgmuse draw %s', labelled_sheet.kind);
    end if;
    -- Most labels have no likely grid.
    if others > 0 and labelled_sheet.kind in ('icons', 'hieroglyphs') then
        raise notice '% more labels are left out, with a score below % or after the first 760',
            others, labelled_sheet.min_score
        using hint = 'min_score => 0 shows all';
    end if;
    return muse.icon_sheet(bitmaps, labels, notes, labelled_sheet.columns);
end
$$;

comment on function muse.labelled_sheet(text, integer, double precision, text) is
'The best bitmap of every label, as PNG: select labelled_sheet(''icons'')';
