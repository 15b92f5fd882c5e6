-- Icons as text, tokens and pictures.

create or replace function muse.icon_text(bitmap muse.bitmap, style muse.short_text default 'half')
returns text
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmaps
    return bitmaps.call(plpy, bitmaps.text, bitmap, style)
$$;

comment on function muse.icon_text(muse.bitmap, muse.short_text) is
'A bitmap in half blocks or braille: select icon_text(bitmap) from icons where size = 8 limit 1';

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
    return bitmaps.call_cancellable(plpy, bitmaps.png, bitmap, scale, ink, ground)
$$;

comment on function muse.icon_png(muse.bitmap, integer, muse.short_text, muse.short_text) is
'A bitmap as PNG; ground may be ''none'': select icon_png(bitmap, scale => 8) from icons limit 1';

create or replace function muse.icon_tokens(
    bitmap muse.bitmap, encoding muse.short_text default 'scanlines'
)
returns integer[]
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmap_tokens, bitmaps
    return bitmaps.call(plpy, bitmap_tokens.tokens, bitmap, encoding)
$$;

comment on function muse.icon_tokens(muse.bitmap, muse.short_text) is
'A bitmap as tokens (positions, scanlines or runs): select icon_tokens(B''0110'', ''positions'')';

create or replace function muse.icon_bitmap(
    tokens muse.short_integers, size integer, encoding muse.short_text default 'scanlines'
)
returns bit varying
language plpython3u stable strict parallel restricted cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import bitmap_tokens, bitmaps
    return bitmaps.call(plpy, bitmap_tokens.bitmap, tokens, size, encoding)
$$;

comment on function muse.icon_bitmap(muse.short_integers, integer, muse.short_text) is
'The bitmap of tokens: select icon_bitmap(array[1, 2], 2, ''positions'')';

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
    return drawn.call_cancellable(plpy, icons.poster, bitmaps, columns, scale, seed)
$$;

comment on function muse.icon_poster(muse.bitmaps, integer, integer, bigint) is
'Icons in rows, in random colours, as PNG: select icon_poster(array[B''0110'', B''1001''])';

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
    return drawn.call_cancellable(plpy, hieroglyphs.stela, bitmaps, columns, height, scale, seed)
$$;

comment on function muse.hieroglyph_stela(muse.bitmaps, integer, integer, integer, bigint) is
'A stela of signs, as PNG: select hieroglyph_stela(array(select bitmap from hieroglyphs limit 99))';

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
    return drawn.call_cancellable(plpy, icons.sheet, bitmaps, labels, notes, columns)
$$;

comment on function muse.icon_sheet(
    muse.bitmaps, muse.short_texts, muse.short_texts, integer
) is
'Icons, labels and notes, as PNG: select icon_sheet(array[B''0110''], array[''a''], array[''''])';

create or replace function muse.icon_label(bitmap muse.bitmap, n integer default 1)
returns table (label text, probability real)
language plpython3u stable parallel restricted rows 1 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import icon_words
    return icon_words.label(plpy, GD, bitmap, n)
$$;

comment on function muse.icon_label(muse.bitmap, integer) is
'Likeliest words for a bitmap: select word.label from icons, icon_label(bitmap, 3) as word limit 9';
