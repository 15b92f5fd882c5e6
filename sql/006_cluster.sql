-- A cluster of Citus: whether a table is distributed. The nodes are in 091_nodes.sql.

create or replace function muse.is_distributed(table_name text)
returns boolean
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    answer boolean := false;
begin
    perform muse.check_length(is_distributed.table_name, 'table_name', 63);
    if to_regclass('pg_catalog.pg_dist_partition') is not null then
        execute 'select exists (select from pg_dist_partition where logicalrelid = $1)'
        into answer using to_regclass(format('muse.%I', is_distributed.table_name));
    end if;
    return answer;
end
$$;

comment on function muse.is_distributed(text) is
'Whether a table is stored on the nodes of a cluster: select is_distributed(''wikidata'')';
