-- Nodes of a cluster of Citus; on one server there are none.

-- A query of each node, from this server: versions, settings, and the size of its shards.
create or replace function muse.cluster_nodes()
returns table (
    node text, is_coordinator boolean, is_reached boolean, postgres text, citus text,
    pgvector text, ef_search text, iterative_scan text, shard_bytes bigint, message text
)
language plpgsql volatile parallel unsafe rows 10
set search_path = pg_catalog, pg_temp
as $$
begin
    if to_regclass('pg_catalog.pg_dist_node') is null then
        return;
    end if;
    return query execute $query$
        select
            format('%s:%s', node.nodename, node.nodeport),
            node.groupid = 0,
            coalesce(answer.success, false),
            state ->> 'postgres', state ->> 'citus', state ->> 'pgvector', state ->> 'ef_search',
            state ->> 'iterative_scan', (state ->> 'bytes')::bigint,
            case when answer.success then null else answer.result end
        from pg_dist_node as node
        left join run_command_on_all_nodes($node$
            select jsonb_build_object(
                'postgres', current_setting('server_version'),
                'citus', (select extversion from pg_extension where extname = 'citus'),
                'pgvector', (select extversion from pg_extension where extname = 'vector'),
                'ef_search', current_setting('hnsw.ef_search', true),
                'iterative_scan', current_setting('hnsw.iterative_scan', true),
                'bytes', (
                    select coalesce(sum(pg_total_relation_size(shard.oid)), 0)
                    from pg_class as shard
                    where
                        shard.relnamespace = any(array(
                            select schema.oid from pg_namespace as schema
                            where schema.nspname in ('muse', 'muse_partitions')
                        ))
                        and shard.relkind = 'r'
                        and shard.relname ~ '_[0-9]{6,}$'
                )
            )::text
        $node$, give_warning_for_connection_errors => true) as answer
            on node.nodeid = answer.nodeid
        cross join lateral (
            select case when answer.success then answer.result::jsonb end as state
        ) as told
        order by node.groupid
    $query$;
end
$$;

comment on function muse.cluster_nodes() is
'Nodes of a cluster with versions, settings and sizes: select node, shard_bytes from cluster_nodes()';  -- noqa: LT05

create or replace view muse.nodes as
select
    checked.node,
    checked.is_coordinator,
    checked.is_reached,
    checked.postgres,
    checked.citus,
    checked.pgvector,
    checked.shard_bytes,
    case
        when not checked.is_reached or checked.has_other_versions then 'bad'
        when checked.lacks_settings then 'warning'
        else 'ok'
    end as status,
    case
        when not checked.is_reached then 'start it: queries of its shards fail until then'
        when checked.has_other_versions
            then 'its versions differ from the coordinator''s: install the same'
        when checked.lacks_settings
            then
                format('its settings are missing: ./pgmuse distribute --worker %s', checked.node)
    end as advice
from (
    select
        one.*,
        array[one.citus, one.pgvector, split_part(one.postgres, '.', 1)]
        <> array[own.citus, own.pgvector, own.major] as has_other_versions,
        not one.is_coordinator
        and coalesce(one.ef_search, '') || coalesce(one.iterative_scan, '')
        <> '100strict_order' as lacks_settings
    from muse.cluster_nodes() as one
    cross join (
        select
            split_part(current_setting('server_version'), '.', 1) as major,
            max(extension.extversion) filter (where extension.extname = 'citus') as citus,
            max(extension.extversion) filter (where extension.extname = 'vector') as pgvector
        from pg_extension as extension
    ) as own
) as checked;

comment on view muse.nodes is
'One row per node of a cluster, none on one server: select node, shard_bytes from nodes';
comment on column muse.nodes.node is 'Host and port of the node (key)';
comment on column muse.nodes.is_coordinator is 'Whether it is this server, which plans queries';
comment on column muse.nodes.is_reached is 'Whether it answered';
comment on column muse.nodes.postgres is 'Version of PostgreSQL';
comment on column muse.nodes.citus is 'Version of the extension citus';
comment on column muse.nodes.pgvector is 'Version of the extension vector';
comment on column muse.nodes.shard_bytes is 'Size of its shards with their indexes';
comment on column muse.nodes.status is 'ok, warning or bad';
comment on column muse.nodes.advice is 'What to do; null where the status is ok';
