-- Grids: the classifier on bitmaps, and on all grids of 4 x 4 or 5 x 5 pixels.

create or replace function muse.grid_label(bitmap muse.bitmap, n integer default 1)
returns table (label text, probability real)
language plpython3u stable parallel restricted rows 1 cost 100000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import grids
    return grids.label(plpy, GD, bitmap, n)
$$;

comment on function muse.grid_label(muse.bitmap, integer) is
'Likeliest labels of a bitmap: select seen.label from icons, grid_label(bitmap) as seen limit 9';

create or replace function muse.best_grids(grid integer, block integer)
returns table (label text, probability real, bitmap bit varying)
language plpython3u stable parallel restricted rows 100 cost 100000000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import grids
    return grids.best(plpy, GD, grid, block)
$$;

comment on function muse.best_grids(integer, integer) is
'Likeliest of 256 grids per label: select label, icon_text(bitmap) from best_grids(4, 9)';
