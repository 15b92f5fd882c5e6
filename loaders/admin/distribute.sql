-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- name: select_workers
select
    nodename,
    nodeport
from pg_dist_node
where groupid <> 0
order by nodeid;

-- name: select_rights
select
    login.rolsuper,
    (
        select owner.rolname
        from pg_namespace as schema
        inner join pg_roles as owner on schema.nspowner = owner.oid
        where schema.nspname = 'muse'
    ) as owner,
    login.rolname
from pg_roles as login
where login.rolname = current_user;

-- name: is_superuser
select rolsuper from pg_roles
where rolname = current_user;

-- name: select_relations
-- Tables, views and sequences in a schema muse.
select from pg_class
where relnamespace = to_regnamespace('muse');

-- name: select_logins
-- Roles that query the nodes: our two roles, and logins of readers and loaders.
select rolname from pg_roles
where
    not rolsuper
    and (
        rolname in ('muse_reader', 'muse_loader')
        or rolcanlogin and (
            pg_has_role(oid, 'muse_reader', 'member') or pg_has_role(oid, 'muse_loader', 'member')
        )
    )
order by rolname;

-- name: select_roles
-- Our two roles first, then logins of readers and loaders.
select
    role.rolname,
    role.rolcanlogin,
    role.rolpassword,
    array(
        select parent.rolname
        from pg_auth_members as link
        inner join pg_roles as parent on link.roleid = parent.oid
        where link.member = role.oid and parent.rolname in ('muse_reader', 'muse_loader')
    ) as groups
from pg_authid as role
where
    not role.rolsuper
    and (
        pg_has_role(role.oid, 'muse_reader', 'member')
        or pg_has_role(role.oid, 'muse_loader', 'member')
    )
order by role.rolname not in ('muse_reader', 'muse_loader'), role.rolname;

-- name: distribute
select create_distributed_table(
    %(table)s::regclass, %(key)s, shard_count := %(shards)s, colocate_with := 'none'
);

-- name: distribute_beside
select create_distributed_table(
    %(table)s::regclass, %(key)s, colocate_with := 'muse.' || %(beside)s
);

-- name: select_triggers
select trigger.tgname
from pg_trigger as trigger
inner join pg_proc as function on trigger.tgfoid = function.oid
where
    trigger.tgrelid = format('%%I.%%I', %(schema)s::text, %(table)s::text)::regclass
    and (not trigger.tgisinternal or function.proname = 'citus_truncate_trigger')
order by trigger.tgname;

-- name: truncate_local
-- Rows of before, which Citus leaves in the table on this server.
select truncate_local_data_after_distributing_table(%(table)s::regclass);

-- name: select_parts
-- A table and its partitions, these first.
select
    relation.oid::bigint,
    schema.nspname,
    relation.relname
from pg_class as relation
inner join pg_namespace as schema on relation.relnamespace = schema.oid
where
    relation.oid = %(table)s::regclass
    or relation.oid in (
        select link.inhrelid from pg_inherits as link
        where link.inhparent = %(table)s::regclass
    )
order by relation.oid = %(table)s::regclass, relation.oid;

-- The three steps of Citus's own trigger that follows a DROP TABLE, on a table that stays.

-- name: drop_on_workers
select master_remove_distributed_table_metadata_from_workers(
    %(oid)s::oid::regclass, %(schema)s, %(relation)s
);

-- name: drop_shards
select citus_drop_all_shards(%(oid)s::oid::regclass, %(schema)s, %(relation)s);

-- name: drop_metadata
select master_remove_partition_metadata(%(oid)s::oid::regclass, %(schema)s, %(relation)s);

-- name: forget_extension
delete from pg_depend
where
    classid = 'pg_class'::regclass
    and objid = %(oid)s::oid
    and refclassid = 'pg_extension'::regclass
    and refobjid = (
        select extension.oid from pg_extension as extension
        where extension.extname = 'citus'
    );
