-- Grants. Applied last at every migration, because a restored dump may have no owners or grants.
-- Public gets nothing; readers select and execute; loaders also write rows, and own nothing.

do $$
declare
    owner constant regrole := (
        select schema.nspowner from pg_namespace as schema where schema.nspname = 'muse'
    );
    command text;
begin
    for command in
        select format('alter schema %I owner to %s', schema.nspname, owner)
        from pg_namespace as schema
        where
            schema.nspname in ('muse_tables', 'muse_partitions', 'muse_staging', 'muse_locks')
            and schema.nspowner <> owner
        union all
        select format(
            'alter %s %s owner to %s',
            case relation.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end,
            relation.oid::regclass, owner
        )
        from pg_class as relation
        inner join pg_namespace as schema on relation.relnamespace = schema.oid
        where
            schema.nspname in (
                'muse', 'muse_tables', 'muse_partitions', 'muse_staging', 'muse_locks'
            )
            and relation.relkind in ('r', 'p', 'v', 'S') and relation.relowner <> owner
            and not exists (  -- a sequence of a column follows its table
                select from pg_depend as link
                where
                    link.objid = relation.oid and link.classid = 'pg_class'::regclass
                    and link.deptype in ('a', 'i') and relation.relkind = 'S'
            )
        union all
        select format('alter function %s owner to %s', function.oid::regprocedure, owner)
        from pg_proc as function
        where function.pronamespace = 'muse'::regnamespace and function.proowner <> owner
        union all
        select format('alter type %s owner to %s', type.oid::regtype, owner)
        from pg_type as type
        left join pg_class as relation on type.typrelid = relation.oid
        where
            type.typnamespace = 'muse'::regnamespace and type.typowner <> owner
            and (relation.relkind = 'c' or type.typtype in ('d', 'e'))
    loop
        execute command;
    end loop;
end
$$;

revoke all on all functions in schema muse from public;
revoke all on all tables
in schema muse, muse_tables, muse_partitions, muse_staging, muse_locks from public;
revoke all on schema muse, muse_tables, muse_partitions, muse_staging, muse_locks from public;
revoke create on schema muse, muse_tables, muse_partitions, muse_staging, muse_locks
from muse_reader, muse_loader;

grant usage on schema muse, muse_tables, muse_partitions to muse_reader, muse_loader;
grant usage on schema muse_staging, muse_locks to muse_loader;
grant select on all tables in schema muse, muse_tables to muse_reader, muse_loader;
grant execute on all functions in schema muse to muse_reader, muse_loader;
-- A trigger bounds what readers request.
grant insert (drawing, n, seed) on muse.drawing_requests to muse_reader;

do $$
declare
    command text;
begin
    for command in
        -- Tables that only migrations and security definer functions write.
        select format('revoke insert, update, delete, truncate, references, trigger on %s '
            'from muse_loader', relation.oid::regclass)
        from pg_class as relation
        where relation.relnamespace = 'muse'::regnamespace and relation.relkind in ('r', 'p')
        union all
        select format('grant insert, update, delete on %s to muse_loader', relation.oid::regclass)
        from pg_class as relation
        where
            relation.relnamespace = 'muse'::regnamespace and relation.relkind in ('r', 'p')
            and relation.relname not in (
                'alembic_version', 'model_names', 'vector_indexes', 'index_builds',
                'dropped_indexes', 'wikidata_units', 'class_tables', 'class_table_columns'
            )
        union all
        -- A lock is an empty table that loaders may lock; the one of migrations is excluded.
        select format('grant update on %s to muse_loader', relation.oid::regclass)
        from pg_class as relation
        inner join pg_namespace as schema on relation.relnamespace = schema.oid
        where
            schema.nspname = 'muse_locks' and relation.relkind = 'r'
            and relation.relname <> 'migrate'
        union all
        -- Staging tables of an interrupted load, in a restored database.
        select format(
            case relation.relkind
                when 'S' then 'grant usage on sequence %s to muse_loader'
                else 'grant select, insert, update, delete on %s to muse_loader'
            end,
            relation.oid::regclass
        )
        from pg_class as relation
        where
            relation.relnamespace = 'muse_staging'::regnamespace
            and relation.relkind in ('r', 'S') and relation.relname ~ '_[0-9a-f]{8}_'
        union all
        -- Functions with the owner's rights are for loaders only.
        select format('revoke execute on function %s from muse_reader',
            function.oid::regprocedure)
        from pg_proc as function
        where function.pronamespace = 'muse'::regnamespace and function.prosecdef
    loop
        execute command;
    end loop;
    begin  -- loads need temporary tables
        execute format('grant temporary on database %I to muse_loader', current_database());
    exception when insufficient_privilege then null;  -- public has it, unless it was revoked
    end;
end
$$;
