-- Counts of classes and class tables on a cluster: copies on all nodes are updated by upserts, and
-- what nodes have is fetched before it is joined with tables of this server.

create or replace function muse.count_class_items(sets regclass, everything boolean)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
set enable_hashjoin = off  -- the classes above a few sets are few of all classes
set enable_mergejoin = off
as $$
declare
    batch constant integer := 10000;
    numbers integer;
begin
    drop table if exists pg_temp.numbered, pg_temp.counted, pg_temp.superclass;
    create temporary table superclass on commit drop as
    select known.class_id, known.superclass_ids
    from muse.wikidata_classes as known where known.superclass_ids <> '{}';
    create index on pg_temp.superclass (class_id);
    analyze pg_temp.superclass;
    create temporary table counted (class_id text collate "C", items bigint) on commit drop;
    execute format(
        'create temporary table numbered on commit drop as
        select class_ids, items, row_number() over () as number from %s',
        count_class_items.sets
    );
    get diagnostics numbers = row_count;
    create index on pg_temp.numbered (number);
    for start in 1 .. numbers by batch loop
        insert into pg_temp.counted (class_id, items)
        with recursive above (number, items, class_id) as (
            select numbered.number, numbered.items, own.class_id
            from pg_temp.numbered as numbered
            cross join unnest(numbered.class_ids) as own (class_id)
            where numbered.number between start and start + batch - 1
            union
            select above.number, above.items, superclass.class_id
            from above
            inner join pg_temp.superclass as class on class.class_id = above.class_id
            cross join unnest(class.superclass_ids) as superclass (class_id)
        )
        select above.class_id, sum(above.items) from above group by above.class_id;
    end loop;
    insert into muse.wikidata_classes (class_id, class, items_with_subclasses)
    select class.class_id, class.class, total.items + case
        when count_class_items.everything then 0 else class.items_with_subclasses
    end
    from muse.wikidata_classes as class
    inner join (
        select counted.class_id, sum(counted.items) as items
        from pg_temp.counted as counted
        group by counted.class_id
    ) as total on class.class_id = total.class_id
    where total.items <> case
        when count_class_items.everything then class.items_with_subclasses else 0
    end
    on conflict (class_id) do update
    set items_with_subclasses = excluded.items_with_subclasses;
    if count_class_items.everything then
        insert into muse.wikidata_classes (class_id, class, items_with_subclasses)
        select class.class_id, class.class, 0
        from muse.wikidata_classes as class
        left join (
            select distinct counted.class_id from pg_temp.counted as counted
        ) as total on class.class_id = total.class_id
        where class.items_with_subclasses <> 0 and total.class_id is null
        on conflict (class_id) do update
        set items_with_subclasses = excluded.items_with_subclasses;
    end if;
end
$$;

create or replace function muse.measure_class_depths()
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    level integer := 0;
begin
    drop table if exists pg_temp.edge, pg_temp.reached;
    create temporary table edge on commit drop as
    select class.class_id, superclass.class_id as superclass_id
    from muse.wikidata_classes as class
    cross join unnest(class.superclass_ids) as superclass (class_id)
    where superclass.class_id <> class.class_id;
    create index on pg_temp.edge (superclass_id);
    create index on pg_temp.edge (class_id);
    create temporary table reached (
        class_id text collate "C" primary key, depth integer not null
    ) on commit drop;
    insert into pg_temp.reached (class_id, depth)
    select class.class_id, 0
    from muse.wikidata_classes as class
    where not exists (select from pg_temp.edge as edge where edge.class_id = class.class_id);
    analyze pg_temp.edge;
    while found loop
        insert into pg_temp.reached (class_id, depth)
        select distinct edge.class_id, level + 1
        from pg_temp.reached as reached
        inner join pg_temp.edge as edge on edge.superclass_id = reached.class_id
        where reached.depth = level
        on conflict do nothing;
        level := level + 1;
    end loop;
    insert into muse.wikidata_classes (class_id, class, depth)
    select stored.class_id, stored.class, reached.depth
    from muse.wikidata_classes as stored
    left join pg_temp.reached as reached on reached.class_id = stored.class_id
    where reached.depth is distinct from stored.depth
    on conflict (class_id) do update set depth = excluded.depth;
end
$$;

create or replace function muse.refresh_class_table(
    table_name text, ids text[] default null, changes bigint default null
)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
set datestyle = 'ISO, YMD'
set jit = 'off'
as $$
declare
    batch constant integer := 5000;
    registered muse.class_tables;
    counted bigint := refresh_class_table.changes;
    selected text[] := refresh_class_table.ids;
    written bigint := 0;
    classes text[];
    query text;
    part text[];
    members text[];
    changed text;
    rows bigint;
begin
    perform from muse.class_tables as one
    where one.table_name = refresh_class_table.table_name for update;
    registered := muse.find_class_table(refresh_class_table.table_name);
    if selected is null then
        counted := muse.wikidata_changes();
        selected := array(select muse.class_table_ids(registered.table_name));
    end if;
    classes := muse.class_table_classes(registered.class_id, registered.with_subclasses);
    query := muse.class_rows_query(registered.table_name);
    for start in 1 .. cardinality(selected) by batch loop
        part := selected[start:start + batch - 1];
        select array_agg(item.wikidata_id) into members
        from muse.wikidata as item
        where item.wikidata_id = any(part) and item.class_ids && classes;
        execute format(
            'delete from muse_tables.%I as old where old.wikidata_id = any($1) '
            'and old.wikidata_id <> all($2)',
            registered.table_name
        ) using part, coalesce(members, '{}');
        get diagnostics rows = row_count;
        written := written + rows;
        execute query using part, classes, registered.language;
        get diagnostics rows = row_count;
        written := written + rows;
    end loop;
    if counted is not null then
        select string_agg(distinct col.property_id, ', ') into changed
        from muse.class_table_columns as col
        inner join muse.wikidata_labels as label on col.property_id = label.wikidata_id
        where
            col.table_name = registered.table_name
            and label.datatype is not null and muse.value_kind(label.datatype) <> col.kind;
        if changed is not null then
            raise warning 'muse_tables.% has no new values of %: their datatypes have changed',
                registered.table_name, changed
            using hint = 'make the table again, with --recreate';
        end if;
        execute format('select count(*) from muse_tables.%I', registered.table_name) into rows;
        update muse.class_tables as one
        set items = rows, refreshed_at = now(), changes = counted
        where one.table_name = registered.table_name;
    end if;
    return written;
end
$$;
