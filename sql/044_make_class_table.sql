-- Creation of class tables.

-- columns: names or ids of properties; null: those that a tenth of the items have.
create or replace function muse.make_class_table(
    table_name text, class text, with_subclasses boolean default false,
    columns text[] default null, language text default 'en', recreate boolean default false
)
returns bigint
language plpgsql volatile security definer parallel unsafe
set search_path = pg_catalog, pg_temp
set lock_timeout = '2s'
as $$
declare
    classes text[];
    properties text[];
    chosen_id text;
    chosen_class text;
    is_new constant boolean := not exists (
        select from muse.class_tables as one
        where one.table_name = make_class_table.table_name
    );
    -- A table that replaces another is filled beside it, so that readers wait for the names alone.
    name constant text := make_class_table.table_name || case when is_new then '' else '__new' end;
    counted bigint;
begin
    perform muse.check_class_table_name(make_class_table.table_name);
    perform muse.check_elements(make_class_table.columns, 'columns', 60);
    perform muse.check_language(coalesce(make_class_table.language, ''));
    if not is_new then
        if not coalesce(make_class_table.recreate, false) then
            raise exception 'muse_tables.% exists', make_class_table.table_name
            using errcode = '42P07', hint = 'recreate it, or choose another name';
        end if;
        perform muse.check_dependents(make_class_table.table_name);
    end if;
    chosen_id := muse.find_class(make_class_table.class);
    classes := muse.class_table_classes(
        chosen_id, coalesce(make_class_table.with_subclasses, false)
    );
    if make_class_table.columns is null then
        properties := array(select muse.common_properties(classes));
        if cardinality(classes) = 0 then
            raise exception 'no stored item is an instance of %', chosen_id
            using errcode = '22023',
                hint = 'load some, count those of subclasses, or name the columns';
        end if;
    else
        properties := array(
            select one.property_id
            from (
                select muse.find_property(named.property) as property_id, named.place
                from unnest(make_class_table.columns) with ordinality as named (property, place)
            ) as one
            group by one.property_id order by min(one.place)
        );
    end if;
    select one.class into chosen_class
    from muse.wikidata_classes as one where one.class_id = chosen_id;
    insert into muse.class_tables (table_name, class_id, class, with_subclasses, language)
    values (
        name, chosen_id,
        coalesce(chosen_class, muse.wikidata_label(chosen_id), chosen_id),
        coalesce(make_class_table.with_subclasses, false), make_class_table.language
    );
    perform muse.register_class_columns(name, properties);
    execute format(
        'create table muse_tables.%I (wikidata_id text collate "C" primary key, title text, '
        'description text, wikipedia_id text%s) with (toast_tuple_target = 8160)',
        name,
        (
            select string_agg(
                format(', %I %s', col.column_name, part.type), '' order by col.place, col.part
            )
            from muse.class_table_columns as col
            cross join lateral muse.class_column_parts(col.kind) as part
            where col.table_name = name and part.part = col.part
        )
    );
    execute format('grant select on muse_tables.%I to muse_reader, muse_loader', name);
    perform muse.refresh_class_table(name);
    if not is_new then
        perform muse.drop_class_table(make_class_table.table_name);
        execute format('alter table muse_tables.%I rename to %I', name, make_class_table.table_name);
        execute format(
            'alter index muse_tables.%I rename to %I',
            name || '_pkey', make_class_table.table_name || '_pkey'
        );
        update muse.class_tables as one set table_name = make_class_table.table_name
        where one.table_name = name;
        update muse.class_table_columns as col set table_name = make_class_table.table_name
        where col.table_name = name;
    end if;
    perform muse.describe_class_table(make_class_table.table_name);
    perform set_config('default_statistics_target', '20', true);
    execute format('analyze muse_tables.%I', make_class_table.table_name);
    select one.items into counted
    from muse.class_tables as one where one.table_name = make_class_table.table_name;
    return counted;
end
$$;

comment on function muse.make_class_table(text, text, boolean, text[], text, boolean) is
'Number of items of a new table of a class in schema muse_tables: select table_name, class from class_tables';  -- noqa: LT05
