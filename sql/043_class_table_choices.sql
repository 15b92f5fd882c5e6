-- What a class table is made of: its name, class, properties, columns and comments.

create or replace function muse.check_class_table_name(table_name text)
returns void
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    if
        coalesce(check_class_table_name.table_name, '') !~ '^[a-z][a-z0-9_]{0,49}$'
        or check_class_table_name.table_name ~ '__new$'
    then
        raise exception 'a table cannot be called %',
            quote_ident(left(coalesce(check_class_table_name.table_name, 'null'), 63))
        using errcode = '42602',
            hint = 'a name has up to 50 letters from a to z, digits and _; a letter is first';
    end if;
    if
        to_regclass(format('muse.%I', check_class_table_name.table_name)) is not null
        or to_regclass(format('pg_catalog.%I', check_class_table_name.table_name)) is not null
        or exists (
            select from pg_get_keywords() as keyword
            where
                keyword.word = check_class_table_name.table_name
                and keyword.catcode in ('R', 'T')
        )
    then
        raise exception 'the name % is taken by muse or PostgreSQL',
            check_class_table_name.table_name
        using errcode = '42939', hint = 'choose another name';
    end if;
end
$$;

comment on function muse.check_class_table_name(text) is
'Raises an error if a class table cannot have a name: select check_class_table_name(''banks'')';

create or replace function muse.expect_one(ids text[], name text, kind text, hint text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, pg_temp
as $$
begin
    perform muse.check_elements(expect_one.ids, 'ids', 100000);
    perform muse.check_length(expect_one.name, 'name', 10000);
    perform muse.check_length(expect_one.kind, 'kind', 100);
    perform muse.check_length(expect_one.hint, 'hint', 1000);
    if cardinality(expect_one.ids) = 1 then
        return expect_one.ids[1];
    elsif cardinality(expect_one.ids) > 1 then
        raise exception 'the % % is not unique: %',
            expect_one.kind, left(expect_one.name, 200),
            array_to_string(expect_one.ids[1:20], ', ')
        using errcode = '22023', hint = 'name one by its id';
    end if;
    raise exception 'there is no % %', expect_one.kind, left(coalesce(expect_one.name, 'null'), 200)
    using errcode = '22023', hint = expect_one.hint;
end
$$;

comment on function muse.expect_one(text[], text, text, text) is
'The only id, else an error: select expect_one(array[''Q515''], ''city'', ''class'', null)';

create or replace function muse.find_class(class text)
returns text
language sql stable parallel safe
begin atomic
    select case
        when
            find_class.class ~ '^Q[1-9][0-9]{0,17}$'
            or exists (
                select
                from muse.wikidata_classes as class
                where class.class_id = find_class.class
            )
            then find_class.class
        else muse.expect_one(
            array(
                select one.class_id
                from muse.class_ids(left(find_class.class, 1000)) as one (class_id)
                order by one.class_id
            ),
            find_class.class, 'class', 'select class_id, class from classes lists them'
        )
    end;
end;

comment on function muse.find_class(text) is
'Id of the one class with an id or name in any language, else an error: select find_class(''Q515'')';  -- noqa: LT05

create or replace function muse.find_property(property text)
returns text
language sql stable parallel safe
begin atomic
    select muse.expect_one(
        array(
            select one.property_id
            from muse.property_ids(left(find_property.property, 1000)) as one (property_id)
            order by one.property_id
        ),
        find_property.property, 'property',
        'wikidata_labels has their names; an id such as P17 works too'
    );
end;

comment on function muse.find_property(text) is
'Id of the one property with an id or name in any language, else an error: select find_property(''P17'')';  -- noqa: LT05

-- Of more than 40 properties that a tenth of the items have, external ids are left out first.
create or replace function muse.common_properties(classes text[])
returns setof text
language sql stable parallel safe rows 40
begin atomic
    with item as materialized (
        select stored.claims
        from muse.class_members(common_properties.classes) as member (wikidata_id)
        inner join muse.wikidata as stored on member.wikidata_id = stored.wikidata_id
    ),

    counted as (
        select
            claim.property_id,
            count(*) as items
        from item
        cross join lateral jsonb_object_keys(item.claims) as claim (property_id)
        group by claim.property_id
    ),

    common as (
        select
            counted.property_id,
            counted.items
        from counted
        left join muse.wikidata_labels as label on counted.property_id = label.wikidata_id
        where
            counted.property_id ~ '^P[1-9][0-9]*$'
            and counted.items * 10 >= (select count(*) from item)
        order by
            label.datatype = 'external-id' nulls first,
            counted.items desc,
            counted.property_id asc
        limit 40
    )

    select common.property_id from common
    order by common.items desc, length(common.property_id) asc, common.property_id asc;
end;

comment on function muse.common_properties(text[]) is
'Properties that a tenth of the items of some classes have: select common_properties(array[''Q515''])';  -- noqa: LT05

-- By the property's own datatype; where no property was loaded, by its statements.
create or replace function muse.property_kind(property_id text)
returns text
language sql stable parallel safe
begin atomic
    select muse.value_kind(coalesce(
        (
            select label.datatype from muse.wikidata_labels as label
            where label.wikidata_id = property_kind.property_id
        ),
        (
            select statement.value ->> 'type'
            from muse.wikidata as item
            cross join
                lateral jsonb_array_elements(item.claims -> property_kind.property_id)
                    as statement
            where
                item.claims @> jsonb_build_object(
                    property_kind.property_id, '[{"rank": "normal"}]'::jsonb
                )
                and statement.value ? 'type'
            limit 1  -- noqa: AM09
        )
    ));
end;

comment on function muse.property_kind(text) is
'Kind of the columns of a property in class tables: select property_kind(''P569'')';

-- A name that is taken gets the property's id at its end.
create or replace function muse.register_class_columns(table_name text, property_ids text[])
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    taken text[] := array[
        'wikidata_id', 'title', 'description', 'wikipedia_id', 'ctid', 'xmin', 'xmax', 'cmin',
        'cmax', 'tableoid'
    ] || array(select word from pg_get_keywords() where catcode in ('R', 'T'));
    kind text;
    stem text;
    ending text;
    names text[];
begin
    for i in 1 .. cardinality(register_class_columns.property_ids) loop
        kind := muse.property_kind(register_class_columns.property_ids[i]);
        stem := muse.column_stem(
            muse.wikidata_label(register_class_columns.property_ids[i]),
            register_class_columns.property_ids[i]
        );
        names := array(select stem || one.suffix from muse.class_column_parts(kind) as one);
        ending := '';
        while taken && names loop
            ending := ending || '_' || lower(register_class_columns.property_ids[i]);
            stem := muse.column_stem(
                muse.wikidata_label(register_class_columns.property_ids[i]),
                register_class_columns.property_ids[i], greatest(1, 48 - length(ending))
            ) || ending;
            names := array(select stem || one.suffix from muse.class_column_parts(kind) as one);
        end loop;
        taken := taken || names;
        insert into muse.class_table_columns (
            table_name, place, part, property_id, kind, column_name
        )
        select register_class_columns.table_name, i, one.part,
            register_class_columns.property_ids[i], kind, stem || one.suffix
        from muse.class_column_parts(kind) as one;
    end loop;
end
$$;

comment on function muse.register_class_columns(text, text[]) is
'Writes the columns of properties into class_table_columns: select * from class_table_columns';

create or replace function muse.describe_class_table(table_name text)
returns void
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, pg_temp
as $$
declare
    registered constant muse.class_tables := muse.find_class_table(describe_class_table.table_name);
    shares bigint[];
    one record;
begin
    execute format(
        'comment on table muse_tables.%I is %L', registered.table_name, format(
            'One row per item of %s (%s)%s: select * from muse_tables.%s limit 9',
            registered.class, registered.class_id,
            case when registered.with_subclasses then ' and its subclasses' else '' end,
            registered.table_name
        )
    );
    for one in
        select fixed.name, fixed.meaning
        from (values
            ('wikidata_id', 'Id of the item (key, references wikidata.wikidata_id)'),
            ('title', 'Label of the item'),
            ('description', 'Description of the item; null if none'),
            ('wikipedia_id',
                'Title of its article in the English Wikipedia; null if none '
                '(references wikipedia.title)')
        ) as fixed (name, meaning)
    loop
        execute format(
            'comment on column muse_tables.%I.%I is %L', registered.table_name, one.name, one.meaning
        );
    end loop;
    execute format(
        'select array[%s]::bigint[] from muse_tables.%I',
        (
            select string_agg(format('count(%I)', col.column_name), ', ' order by col.place)
            from muse.class_table_columns as col
            where col.table_name = registered.table_name and col.part = 4
        ),
        registered.table_name
    ) into shares;
    for one in
        select
            col.column_name,
            format(
                '%s (%s): %s; %s %% of the items have a value',
                coalesce(muse.wikidata_label(col.property_id), 'no label'), col.property_id,
                part.meaning,
                case when registered.items > 0
                    then round(100.0 * shares[col.place] / registered.items)
                    else 0
                end
            ) as meaning
        from muse.class_table_columns as col
        cross join lateral muse.class_column_parts(col.kind) as part
        where col.table_name = registered.table_name and part.part = col.part
    loop
        execute format(
            'comment on column muse_tables.%I.%I is %L',
            registered.table_name, one.column_name, one.meaning
        );
    end loop;
end
$$;

comment on function muse.describe_class_table(text) is
'Writes the comments of a class table and its columns: select table_name from class_tables';
