-- Disk and memory of the server.

-- A function, because machine_state needs PL/Python, which a server may not have.
create or replace function muse.machine()
returns table (free_bytes bigint, total_bytes bigint, connection_bytes bigint)
language plpgsql stable parallel restricted rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if to_regprocedure('muse.machine_state()') is not null then
        return query execute 'select * from muse.machine_state()';
    end if;
end
$$;

comment on function muse.machine() is
'Disk and memory of the server, no row without PL/Python: select free_bytes from machine()';
