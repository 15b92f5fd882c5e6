-- Models in the memory of this connection.

create or replace function muse.model_cache()
returns table (name text, model_id bigint, bytes bigint, used_at timestamptz)
language plpython3u volatile parallel restricted rows 10 cost 1000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import runtime
    return runtime.cached(plpy, GD)
$$;

comment on function muse.model_cache() is
'Networks in the memory of this connection: select * from model_cache()';
