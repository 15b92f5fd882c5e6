-- What only the server's own process can see: its disk, and the memory of its connections.

create or replace function muse.machine_state()
returns table (free_bytes bigint, total_bytes bigint, connection_bytes bigint)
language plpython3u stable parallel restricted rows 1 cost 10000
set search_path = pg_catalog, muse, pg_temp
as $$
    from udfs import machine
    return [machine.state(plpy)]
$$;

comment on function muse.machine_state() is
'Free disk, its size, and private memory of all connections: select * from machine_state()';
