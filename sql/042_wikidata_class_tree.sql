-- Counts with subclasses, and depths. The loader calls these functions at the end of a load.

-- A set of classes counts once in each class above it, whatever cycles and diamonds lie between.
-- Sets are taken 10,000 at a time, so that the memory does not depend on their number.
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
    drop table if exists pg_temp.numbered, pg_temp.counted;
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
            inner join muse.wikidata_classes as class on class.class_id = above.class_id
            cross join unnest(class.superclass_ids) as superclass (class_id)
        )
        select above.class_id, sum(above.items) from above group by above.class_id;
    end loop;
    update muse.wikidata_classes as class
    set items_with_subclasses = total.items + case
        when count_class_items.everything then 0 else class.items_with_subclasses
    end
    from (
        select counted.class_id, sum(counted.items) as items
        from pg_temp.counted as counted
        group by counted.class_id
    ) as total
    where
        class.class_id = total.class_id and total.items <> case
            when count_class_items.everything then class.items_with_subclasses else 0
        end;
    if count_class_items.everything then
        create index on pg_temp.counted (class_id);
        update muse.wikidata_classes as class set items_with_subclasses = 0
        where
            class.items_with_subclasses <> 0 and not exists (
                select from pg_temp.counted as counted where counted.class_id = class.class_id
            );
    end if;
end
$$;

comment on function muse.count_class_items(regclass, boolean) is
'Counts items with subclasses: select class, items_with_subclasses from classes limit 9';

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
    update muse.wikidata_classes as class set depth = measured.depth
    from (
        select stored.class_id, reached.depth
        from muse.wikidata_classes as stored
        left join pg_temp.reached as reached on reached.class_id = stored.class_id
    ) as measured
    where measured.class_id = class.class_id and measured.depth is distinct from class.depth;
end
$$;

comment on function muse.measure_class_depths() is
'Writes the depth of each class: select depth, count(*) from wikidata_classes group by depth';

-- Databases that had items before there were counts.
do $$
begin
    if not exists (select from muse.wikidata_classes where depth is not null) then
        perform muse.measure_class_depths();
        perform muse.count_class_items('muse.wikidata_class_sets', true);
    end if;
end
$$;
