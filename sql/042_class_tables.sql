-- Tables of the items of a class. Loaders own no tables: these functions create, fill and drop
-- tables in schema muse_tables with the rights of the schema's owner, and check their arguments.

select pg_temp.describe(
    'muse.class_tables',
    'One row per table of a class, in muse_tables: select table_name, items from class_tables',
    'table_name', 'Name of the table in schema muse_tables (key)',
    'class_id', 'Id of the class (references wikidata_classes.class_id)',
    'class', 'Name of the class when the table was made',
    'with_subclasses', 'Whether items of subclasses are in it',
    'language', 'Language of titles, descriptions and labels',
    'items', 'Number of items at the last refresh',
    'made_at', 'Time at which the table was made with these columns',
    'refreshed_at', 'Time of the last refresh',
    'changes', 'Value of wikidata_changes() before the last refresh; another value: outdated'
);

select pg_temp.describe(
    'muse.class_table_columns',
    'One row per column of a class table: select column_name, property_id from class_table_columns',
    'table_name',
    'Name of the table in schema muse_tables (part of the key, references class_tables.table_name)',
    'place', 'Number of the property in the table (part of the key)',
    'part', 'Number of the column among those of the property (part of the key)',
    'property_id', 'Id of the property',
    'kind', 'Kind of the values, which determines the columns',
    'column_name', 'Name of the column'
);

create or replace function muse.wikidata_changes()
returns bigint
language sql stable parallel restricted
begin atomic
    select
        sum(
            pg_stat_get_tuples_inserted(one.id)
            + pg_stat_get_tuples_updated(one.id) + pg_stat_get_tuples_deleted(one.id)
        )::bigint
    from unnest(array[
        'muse.wikidata'::regclass, 'muse.wikidata_labels'::regclass,
        'muse.wikidata_classes'::regclass
    ]) as one (id);
end;

comment on function muse.wikidata_changes() is
'Number of changed rows of items, labels and classes, by the statistics: select wikidata_changes()';

create or replace function muse.class_table_classes(class_id text, with_subclasses boolean)
returns text[]
language sql stable parallel safe
begin atomic
    select array(
        select class.class_id
        from muse.classes as class
        where
            class.class_id = class_table_classes.class_id
            or (
                class_table_classes.with_subclasses and class.class_id in (
                    select sub.class_id
                    from muse.subclasses_of(class_table_classes.class_id) as sub
                )
            )
    );
end;

comment on function muse.class_table_classes(text, boolean) is
'Ids of a class and its subclasses that have items: select class_table_classes(''Q515'', true)';

-- An index scan for each class: && compares each item with all classes where it uses no index.
create or replace function muse.class_members(classes text[])
returns setof text
language sql stable parallel safe rows 1000
begin atomic
    select distinct item.wikidata_id
    from (
        select distinct one.class_id from unnest(class_members.classes) as one (class_id)
    ) as class
    inner join muse.wikidata as item
        on item.class_ids @> array[class.class_id collate pg_catalog."C"];
end;

comment on function muse.class_members(text[]) is
'Ids of the items of some classes: select class_members(array[''Q515'']) limit 9';

create or replace function muse.find_class_table(table_name text)
returns muse.class_tables
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    registered muse.class_tables;
begin
    select one.* into registered
    from muse.class_tables as one where one.table_name = find_class_table.table_name;
    if registered.table_name is null then
        raise exception 'there is no class table %', left(find_class_table.table_name, 63)
        using errcode = '42P01', hint = 'select table_name from class_tables lists them';
    end if;
    return registered;
end
$$;

comment on function muse.find_class_table(text) is
'Row of a class table, an error if there is none: select find_class_table(table_name) from class_tables';  -- noqa: LT05

create or replace function muse.class_table_ids(table_name text)
returns setof text
language plpgsql stable parallel restricted
set search_path = pg_catalog, pg_temp
as $$
declare
    registered muse.class_tables;
begin
    registered := muse.find_class_table(class_table_ids.table_name);
    return query execute format(
        'select member.id collate "C" from muse.class_members($1) as member (id) '
        'union select old.wikidata_id from muse_tables.%I as old order by 1',
        registered.table_name
    ) using muse.class_table_classes(registered.class_id, registered.with_subclasses);
end
$$;

comment on function muse.class_table_ids(text) is
'Ids of the items that a class table has or lacks: select class_table_ids(table_name) from class_tables';  -- noqa: LT05

-- Filling --------------------------------------------------------------------------------------

-- In one statement for each 5,000 items, which upserts what differs: readers never wait.
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
        execute format(
            'delete from muse_tables.%I as old where old.wikidata_id = any($1) and not exists ('
            'select from muse.wikidata as item cross join unnest(item.class_ids) as class_id '
            'where item.wikidata_id = old.wikidata_id and class_id = any($2))',
            registered.table_name
        ) using part, classes;
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

comment on function muse.refresh_class_table(text, text[], bigint) is
'Number of rows of a class table that were written or deleted, of some items or all: select table_name, refreshed_at from class_tables';  -- noqa: LT05

-- Dropping -------------------------------------------------------------------------------------

create or replace function muse.check_dependents(table_name text)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
declare
    target constant oid := to_regclass(format('muse_tables.%I', check_dependents.table_name));
    objects text;
begin
    perform muse.find_class_table(check_dependents.table_name);
    select string_agg(distinct
        case
            when rule.ev_class is null
                then pg_describe_object(link.classid, link.objid, link.objsubid)
            else pg_describe_object('pg_class'::regclass, rule.ev_class, 0)
        end, ', ') into objects
    from pg_depend as link
    left join pg_rewrite as rule
        on link.classid = 'pg_rewrite'::regclass and link.objid = rule.oid
    where
        link.deptype = 'n'
        and (
            (link.refclassid = 'pg_class'::regclass and link.refobjid = target)
            or (link.refclassid = 'pg_type'::regclass and link.refobjid in (
                select type.oid from pg_type as type
                where type.typrelid = target or type.typelem = (
                    select row_type.oid from pg_type as row_type where row_type.typrelid = target
                )
            ))
        );
    if objects is not null then
        raise exception 'others need muse_tables.%: %', check_dependents.table_name, objects
        using errcode = '2BP01', hint = 'drop those first, and create them again afterwards';
    end if;
end
$$;

comment on function muse.check_dependents(text) is
'Raises an error if views or functions need a class table: select check_dependents(table_name) from class_tables';  -- noqa: LT05

create or replace function muse.drop_class_table(table_name text)
returns void
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    registered muse.class_tables;
begin
    registered := muse.find_class_table(drop_class_table.table_name);
    perform muse.check_dependents(registered.table_name);
    begin
        execute format('drop table muse_tables.%I', registered.table_name);
    exception when lock_not_available then
        raise exception 'muse_tables.% is in use', registered.table_name
        using errcode = '55P03', hint = 'end the queries that read it, or try again';
    end;
    delete from muse.class_tables as one where one.table_name = registered.table_name;
end
$$;

comment on function muse.drop_class_table(text) is
'Deletion of a class table that no view needs: select table_name from class_tables';
