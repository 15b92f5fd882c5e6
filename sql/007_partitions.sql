-- Partitions of vector tables, one per model. Loaders own no tables, so these functions create,
-- index, attach and drop partitions with the rights of the schema's owner and checked arguments.
-- They block queries for at most the lock_timeout below.

create or replace function muse.partition_name(table_name text, model_id bigint)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if not exists (
        select from pg_partitioned_table as partitioned
        inner join pg_class as parent on partitioned.partrelid = parent.oid
        where
            parent.relnamespace = 'muse'::regnamespace
            and parent.relname = partition_name.table_name
    ) then
        raise exception 'muse has no table % with a partition a model',
            left(partition_name.table_name, 63)
        using errcode = '42P01';
    end if;
    if not exists (
        select from muse.models as model where model.model_id = partition_name.model_id
    ) then
        raise exception 'there is no model %', partition_name.model_id using errcode = '42704';
    end if;
    return format('%s_%s', partition_name.table_name, partition_name.model_id);
end
$$;

comment on function muse.partition_name(text, bigint) is
'Name of a model''s partition: select partition_name(''song_vectors'', model_id) from models';

create or replace function muse.is_partition(table_name text, model_id bigint)
returns boolean
language sql stable parallel safe
begin atomic
    select coalesce((
        select part.relispartition from pg_class as part
        where
            part.oid = to_regclass(format(
                'muse_partitions.%I',
                muse.partition_name(is_partition.table_name, is_partition.model_id)
            ))
    ), false);
end;

comment on function muse.is_partition(text, bigint) is
'Whether a model has an attached partition: select is_partition(''song_vectors'', model_id) from models';  -- noqa: LT05

create or replace function muse.check_snapshot(table_name text, model_id bigint)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    perform muse.check_length(check_snapshot.table_name, 'table_name', 63);
    if current_setting('transaction_isolation') <> 'read committed'
        and not muse.is_partition(check_snapshot.table_name, check_snapshot.model_id)
    then
        raise exception 'this transaction''s snapshot is older than the vectors of two models'
        using errcode = '40001', hint = 'end the transaction and ask again';
    end if;
end
$$;

comment on function muse.check_snapshot(text, bigint) is
'Check that a snapshot sees the partition of its model: select check_snapshot(''song_vectors'', 1)';

create or replace function muse.create_partition(table_name text, model_id bigint)
returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := muse.partition_name(
        create_partition.table_name, create_partition.model_id
    );
    version constant integer[] := (
        select string_to_array(extension.extversion, '.')::integer[]
        from pg_extension as extension where extension.extname = 'vector'
    );
begin
    -- Two workers may create it at the same time.
    execute format('lock table muse.%I in share update exclusive mode', create_partition.table_name);
    if to_regclass(format('muse_partitions.%I', name)) is not null then
        return false;
    end if;
    execute format(
        'create table muse_partitions.%I (like muse.%I including constraints including storage '
        'including compression including defaults including generated, check (model_id = %s))',
        name, create_partition.table_name, create_partition.model_id
    );
    -- Before pgvector 0.8.4, vacuum can damage an HNSW index during inserts.
    if version < array[0, 8, 4] and exists (
        select from muse.vector_indexes as wanted
        where wanted.table_name = create_partition.table_name
    ) then
        execute format('alter table muse_partitions.%I set (vacuum_index_cleanup = off)', name);
    end if;
    execute format('grant select, insert on muse_partitions.%I to muse_loader', name);
    return true;
end
$$;

comment on function muse.create_partition(text, bigint) is
'Creation of an unattached partition, false if it exists: select * from vector_indexes';

create or replace function muse.attach_partition(table_name text, model_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
    if not muse.is_partition(attach_partition.table_name, attach_partition.model_id) then
        execute format(
            'alter table muse.%I attach partition muse_partitions.%I for values in (%s)',
            attach_partition.table_name,
            muse.partition_name(attach_partition.table_name, attach_partition.model_id),
            attach_partition.model_id
        );
    end if;
end
$$;

comment on function muse.attach_partition(text, bigint) is
'Attachment of a partition: select is_partition(''song_vectors'', model_id) from models';

create or replace function muse.index_partition(table_name text, model_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := muse.partition_name(
        index_partition.table_name, index_partition.model_id
    );
    part constant regclass := format('muse_partitions.%I', name)::regclass;
    key_definition text;
    vector_index muse.vector_indexes;
    enough boolean;
begin
    if not exists (
        select from pg_constraint as known where known.conrelid = part and known.contype = 'p'
    ) then
        select pg_get_constraintdef(parent_key.oid) into key_definition
        from pg_constraint as parent_key
        where
            parent_key.conrelid = format('muse.%I', index_partition.table_name)::regclass
            and parent_key.contype = 'p';
        execute format('alter table %s add %s', part, key_definition);
    end if;
    select wanted.* into vector_index
    from muse.vector_indexes as wanted where wanted.table_name = index_partition.table_name;
    if vector_index.definition is not null
        and to_regclass(format('muse_partitions.%I', name || '_vector')) is null
    then
        execute format('select count(*) >= %s from %s', vector_index.from_rows, part) into enough;
        if enough then
            perform muse.beware_of_old_pgvector();
            execute format(
                'create index %I on %s %s', name || '_vector', part, vector_index.definition
            );
        end if;
    end if;
    execute format('analyze %s', part);
end
$$;

comment on function muse.index_partition(text, bigint) is
'Creation of a partition''s key and vector index: select * from vector_indexes';

create or replace function muse.beware_of_old_pgvector()
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
begin
    if (
        select string_to_array(extension.extversion, '.')::integer[] < array[0, 8, 2]
        from pg_extension as extension where extension.extname = 'vector'
    ) then
        perform set_config('max_parallel_maintenance_workers', '0', true);
    end if;
end
$$;

comment on function muse.beware_of_old_pgvector() is
'Limit to one process for index builds before pgvector 0.8.2: select beware_of_old_pgvector()';

create or replace function muse.rebuild_index(table_name text, model_id bigint)
returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    name constant text := muse.partition_name(
        rebuild_index.table_name, rebuild_index.model_id
    );
    old_index constant regclass := to_regclass(format('muse_partitions.%I', name || '_vector'));
    new_index constant text := name || '_vector_new';
begin
    if old_index is null then
        return false;
    end if;
    if to_regclass(format('muse_partitions.%I', new_index)) is null then
        perform muse.beware_of_old_pgvector();
        execute format(
            'create index %I on muse_partitions.%I %s', new_index, name,
            (
                select wanted.definition from muse.vector_indexes as wanted
                where wanted.table_name = rebuild_index.table_name
            )
        );
        insert into muse.index_builds as build (partition_name, rows_deleted)
        values (
            name, pg_stat_get_tuples_deleted(format('muse_partitions.%I', name)::regclass)
        )
        on conflict (partition_name) do update set
            rows_deleted = excluded.rows_deleted, built_at = now();
    end if;
    begin
        perform set_config('lock_timeout', '100ms', true);
        execute format('drop index %s', old_index);
        execute format('alter index muse_partitions.%I rename to %I', new_index, name || '_vector');
    exception when lock_not_available then
        return false;  -- a query uses the old index; both are kept until the next call
    end;
    return true;
end
$$;

comment on function muse.rebuild_index(text, bigint) is
'Rebuild of a vector index, false if the old one is kept until the next call: select * from index_builds';  -- noqa: LT05

create or replace view muse.stale_indexes as
select
    parent.relname::text as table_name,
    substring(part.relname from '[0-9]+$')::bigint as model_id,
    stats.n_tup_del as rows_deleted,
    stats.n_live_tup as rows_live
from pg_inherits as link
inner join pg_class as parent on link.inhparent = parent.oid
inner join pg_class as part on link.inhrelid = part.oid
inner join pg_stat_all_tables as stats on part.oid = stats.relid
left join muse.index_builds as build on part.relname = build.partition_name
where
    parent.relnamespace = 'muse'::regnamespace
    and part.relnamespace = 'muse_partitions'::regnamespace and part.relkind = 'r'
    and part.reloptions @> array['vacuum_index_cleanup=off']
    and to_regclass(format('muse_partitions.%I', part.relname || '_vector')) is not null
    and (
        to_regclass(format('muse_partitions.%I', part.relname || '_vector_new')) is not null
        -- The counter is reset to 0 by a crash.
        or stats.n_tup_del - case
            when build.rows_deleted <= stats.n_tup_del then build.rows_deleted else 0
        end > greatest(stats.n_live_tup / 100, 0)
    );

comment on view muse.stale_indexes is
'One row per partition whose vector index contains many deleted rows: select * from stale_indexes';
comment on column muse.stale_indexes.table_name is 'Name of the table of vectors (part of the key)';
comment on column muse.stale_indexes.model_id is
'Id of the model whose partition it is (part of the key, references models.model_id)';
comment on column muse.stale_indexes.rows_deleted is
'Number of rows deleted since the statistics began';
comment on column muse.stale_indexes.rows_live is 'Number of live rows, an estimate';

create or replace function muse.drop_retired_partitions()
returns integer
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
set lock_timeout = '100ms'
as $$
declare
    part record;
    dropped integer := 0;
begin
    for part in
        select
            child.oid::regclass as name,
            substring(child.relname from '[0-9]+$')::bigint as model_id
        from pg_inherits as link
        inner join pg_class as child on link.inhrelid = child.oid
        inner join pg_class as parent on link.inhparent = parent.oid
        where
            parent.relnamespace = 'muse'::regnamespace
            and child.relnamespace = 'muse_partitions'::regnamespace and child.relkind = 'r'
    loop
        -- Keep partitions of a model that is not deployed yet.
        continue when exists (
            select from muse.models as model
            left join muse.deployments as live on model.name = live.name
            where
                model.model_id = part.model_id
                and (live.model_id is null or live.model_id < model.model_id)
        );
        -- Keep those of live models, of their predecessors for 24 hours, and of models they use.
        continue when exists (
            select from muse.deployments as live
            inner join muse.models as model
                on
                    model.model_id = live.model_id
                    or model.model_id = live.previous_id
                    and live.deployed_at > now() - interval '24 hours'
            where
                model.model_id = part.model_id
                or part.model_id::text in (
                    model.config ->> 'classifier',
                    model.config ->> 'song_model',
                    model.config ->> 'sound_model'
                )
        );
        begin
            execute format('drop table %s', part.name);
            dropped := dropped + 1;
        exception when lock_not_available then null;  -- a reader holds it: the next call drops it
        end;
    end loop;
    return dropped;
end
$$;

comment on function muse.drop_retired_partitions() is
'Number of partitions dropped, of models replaced a day ago or twice: select name, previous_id from deployments';  -- noqa: LT05
