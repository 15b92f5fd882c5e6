-- Bulk loads: staging tables, statistics, and indexes that are dropped during a first load. Loaders
-- own no tables: these functions run with the rights of the schema's owner, and check arguments.

create or replace function muse.create_staging(topic text, source_id bigint, key text)
returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    prefix constant text := format(
        '%s_%s_%s', create_staging.topic, create_staging.source_id, create_staging.key
    );
    template record;
begin
    perform muse.check_staging_topic(create_staging.topic);
    if create_staging.source_id is null or create_staging.key is null
        or create_staging.key !~ '^[0-9a-f]{8}$'
    then
        raise exception 'a staging key has 8 hexadecimal digits' using errcode = '22023';
    end if;
    if to_regclass(format('muse_staging.%I', prefix || '_chunks')) is not null then
        return false;
    end if;
    perform muse.drop_staging(create_staging.topic, create_staging.source_id);
    for template in
        select
            relation.relname,
            prefix || substring(
                relation.relname from length(create_staging.topic) + 1
            ) as name
        from pg_class as relation
        where
            relation.relnamespace = 'muse_staging'::regnamespace and relation.relkind = 'r'
            and starts_with(relation.relname, create_staging.topic || '_')
            and relation.relname !~ '_[0-9a-f]{8}_'
        union all
        select common.name, prefix || '_' || common.name
        from unnest(array['chunks', 'failed']) as common (name)
    loop
        execute format(
            'create table muse_staging.%I (like muse_staging.%I including all)',
            template.name, template.relname
        );
        execute format(
            'grant select, insert, update, delete on muse_staging.%I to muse_loader', template.name
        );
    end loop;
    execute format(
        'create sequence muse_staging.%I as integer owned by muse_staging.%I.chunk_id',
        prefix || '_numbers', prefix || '_chunks'
    );
    execute format('grant usage on sequence muse_staging.%I to muse_loader', prefix || '_numbers');
    return true;
end
$$;

comment on function muse.create_staging(text, bigint, text) is
'Creates staging tables, false if they exist: select tablename from pg_tables';

create or replace function muse.drop_staging(topic text, source_id bigint)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    staging regclass;
begin
    perform muse.check_staging_topic(drop_staging.topic);
    for staging in
        select relation.oid::regclass
        from pg_class as relation
        where
            relation.relnamespace = 'muse_staging'::regnamespace and relation.relkind = 'r'
            and starts_with(
                relation.relname, format('%s_%s_', drop_staging.topic, drop_staging.source_id)
            )
    loop
        execute format('drop table %s', staging);
    end loop;
end
$$;

comment on function muse.drop_staging(text, bigint) is
'Drops staging tables: select tablename from pg_tables where schemaname = ''muse_staging''';

create or replace function muse.check_staging_topic(topic text)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if check_staging_topic.topic is null
        or check_staging_topic.topic !~ '^[a-z]+$'
        or not exists (
            select from pg_class as template
            where
                template.relnamespace = 'muse_staging'::regnamespace
                and template.relkind = 'r'
                and starts_with(template.relname, check_staging_topic.topic || '_')
        )
    then
        raise exception 'no topic with staging tables: %', left(check_staging_topic.topic, 63)
        using errcode = '22023';
    end if;
end
$$;

comment on function muse.check_staging_topic(text) is
'Raises an error if a topic has no staging tables: select check_staging_topic(''wikidata'')';

create or replace function muse.analyze_tables(table_names text[])
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    name text;
    relation regclass;
begin
    foreach name in array coalesce(analyze_tables.table_names, '{}') loop
        select known.oid::regclass into relation
        from pg_class as known
        where
            known.oid = to_regclass(name) and known.relkind in ('r', 'p')
            and known.relnamespace in (
                'muse'::regnamespace, 'muse_staging'::regnamespace,
                'muse_partitions'::regnamespace
            );
        if not found then
            raise exception 'no table of muse: %', left(name, 150) using errcode = '42P01';
        end if;
        execute format('analyze %s', relation);
        -- Scans read the list of pending entries from end to end.
        perform gin_clean_pending_list(index.indexrelid)
        from pg_index as index
        inner join pg_class as own on index.indexrelid = own.oid
        inner join pg_am as method on own.relam = method.oid
        where index.indrelid = relation and own.relkind = 'i' and method.amname = 'gin';
    end loop;
end
$$;

comment on function muse.analyze_tables(text[]) is
'Collects statistics for the planner, and merges pending entries of GIN indexes: select relname, last_analyze from pg_stat_all_tables';  -- noqa: LT05

create or replace function muse.drop_indexes(table_name text)
returns boolean
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
set lock_timeout = '1s'
as $$
declare
    target constant regclass := to_regclass('muse.' || quote_ident(drop_indexes.table_name));
    filled boolean;
    secondary record;
begin
    if target is null or not exists (
        select from pg_class as relation where relation.oid = target and relation.relkind = 'r'
    ) then
        raise exception 'no table of muse: %', left(drop_indexes.table_name, 63) using errcode = '42P01';
    end if;
    execute format('select exists (select 1 from %s limit 1)', target) into filled;
    if filled then
        return false;  -- queries use the indexes
    end if;
    for secondary in
        select
            relation.relname as name,
            pg_get_indexdef(index.indexrelid) as definition
        from pg_index as index
        inner join pg_class as relation on index.indexrelid = relation.oid
        where
            index.indrelid = target and not exists (
                select from pg_constraint as rule where rule.conindid = index.indexrelid
            )
    loop
        insert into muse.dropped_indexes (index_name, table_name, definition)
        values (secondary.name, drop_indexes.table_name, secondary.definition)
        on conflict (index_name) do update set definition = excluded.definition;
        execute format('drop index muse.%I', secondary.name);
    end loop;
    return true;
exception when lock_not_available then
    return false;  -- a reader holds a lock
end
$$;

comment on function muse.drop_indexes(text) is
'Drops the secondary indexes of an empty table: select * from dropped_indexes';

create or replace function muse.create_index(index_name text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    dropped muse.dropped_indexes;
begin
    -- The row lock keeps a second session from building the same index.
    select known.* into dropped
    from muse.dropped_indexes as known
    where known.index_name = create_index.index_name
    for update;
    if dropped.index_name is not null then
        if to_regclass(format('muse.%I', dropped.index_name)) is null then
            execute dropped.definition;
        end if;
        delete from muse.dropped_indexes as known where known.index_name = dropped.index_name;
    end if;
end
$$;

comment on function muse.create_index(text) is
'Builds an index that drop_indexes dropped: select index_name, definition from dropped_indexes';
