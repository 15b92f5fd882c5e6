-- Wikidata: items, the classes that they are instances of, and the class hierarchy.

-- Names -------------------------------------------------------------------------------------

create or replace function muse.wikidata_label(wikidata_id text)
returns text
language sql stable parallel safe
begin atomic
    select known.label
    from muse.wikidata_labels as known
    where known.wikidata_id = wikidata_label.wikidata_id;
end;

comment on function muse.wikidata_label(text) is
'Label of an item or property, null if unknown: select wikidata_label(''P31'')';

create or replace function muse.name_in(wikidata_id text, language text)
returns text
language sql stable parallel safe
begin atomic
    select coalesce(
        (
            select own.label
            from muse.wikidata_property_labels as own
            where own.property_id = name_in.wikidata_id and own.language = name_in.language
        ),
        (
            select item.labels ->> name_in.language
            from muse.wikidata as item
            where item.wikidata_id = name_in.wikidata_id
        ),
        muse.wikidata_label(name_in.wikidata_id),
        name_in.wikidata_id
    );
end;

comment on function muse.name_in(text, text) is
'Name of an item or property in a language if it was loaded, else its label, else its id: select name_in(''P31'', ''de'')';  -- noqa: LT05

create or replace function muse.names_in(wikidata_ids text[], language text)
returns text[]
language sql stable parallel safe
begin atomic
    select array(
        select muse.name_in(one.id, names_in.language)
        from unnest(names_in.wikidata_ids[1:1000]) with ordinality as one (id, place)
        order by one.place
    );
end;

comment on function muse.names_in(text[], text) is
'Names of up to 1,000 items or properties in a language, as name_in() has them: select names_in(array[''Q5''], ''de'')';  -- noqa: LT05

create or replace function muse.labelled_items(label text)
returns setof text
language sql stable parallel safe rows 1
begin atomic
    select item.wikidata_id
    from muse.items_named(left(labelled_items.label, 250), 1000) as candidate (wikidata_id)
    inner join muse.wikidata as item on candidate.wikidata_id = item.wikidata_id
    where
        exists (
            select
            from jsonb_each_text(item.labels) as own
            where lower(own.value) = lower(labelled_items.label)
        );
end;

comment on function muse.labelled_items(text) is
'Ids of items by label in any language that was loaded: select labelled_items(''berlin'')';

-- Counts of classes --------------------------------------------------------------------------

create or replace function muse.count_classes()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if tg_op = 'INSERT' then
        insert into muse.wikidata_class_changes (class_ids, items)
        select class_ids, count(*)
        from after_it
        where class_ids <> '{}'
        group by class_ids;
    elsif tg_op = 'DELETE' then
        insert into muse.wikidata_class_changes (class_ids, items)
        select class_ids, -count(*)
        from before_it
        where class_ids <> '{}'
        group by class_ids;
    else
        insert into muse.wikidata_class_changes (class_ids, items)
        select change.class_ids, sum(change.items)
        from (
            select class_ids, 1 as items from after_it
            union all
            select class_ids, -1 from before_it
        ) as change
        where change.class_ids <> '{}'
        group by change.class_ids
        having sum(change.items) <> 0;
    end if;
    return null;
end
$$;

comment on function muse.count_classes() is
'Trigger that records changes of class counts: select * from wikidata_class_changes';

create or replace trigger count_new after insert on muse.wikidata
referencing new table as after_it
for each statement execute function muse.count_classes();

create or replace trigger count_changed after update on muse.wikidata
referencing old table as before_it new table as after_it
for each statement execute function muse.count_classes();

create or replace trigger count_gone after delete on muse.wikidata
referencing old table as before_it
for each statement execute function muse.count_classes();

-- Links to wikis other than enwiki ------------------------------------------------------------

create or replace function muse.store_sitelinks()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if tg_op <> 'INSERT' then
        delete from muse.wikidata_sitelinks as link
        using before_it as item
        where link.wikidata_id = item.wikidata_id and item.sitelinks - 'enwiki' <> '{}';
    end if;
    if tg_op <> 'DELETE' then
        insert into muse.wikidata_sitelinks (wikidata_id, wiki, title)
        select item.wikidata_id, link.key, link.value
        from after_it as item cross join lateral jsonb_each_text(item.sitelinks) as link
        where item.sitelinks - 'enwiki' <> '{}' and link.key <> 'enwiki';
    end if;
    return null;
end
$$;

comment on function muse.store_sitelinks() is
'Trigger that stores links to other wikis as rows: select * from wikidata_sitelinks limit 9';

create or replace trigger store_new_links after insert on muse.wikidata
referencing new table as after_it
for each statement execute function muse.store_sitelinks();

create or replace trigger store_changed_links after update on muse.wikidata
referencing old table as before_it new table as after_it
for each statement execute function muse.store_sitelinks();

create or replace trigger store_gone_links after delete on muse.wikidata
referencing old table as before_it
for each statement execute function muse.store_sitelinks();

-- Classes ------------------------------------------------------------------------------------

create or replace view muse.instance_of as
select
    item.wikidata_id,
    item.title,
    of_it.class_id,
    coalesce(class.class, of_it.class_id) as class,
    case
        when
            item.claims @> jsonb_build_object('P31', jsonb_build_array(jsonb_build_object(
                'value', of_it.class_id, 'rank', 'preferred'
            )))
            then 'preferred'
        else 'normal'
    end as rank
from muse.wikidata as item
cross join lateral unnest(item.class_ids) as of_it (class_id)
left join muse.wikidata_classes as class on of_it.class_id = class.class_id;

comment on view muse.instance_of is
'One row per item and class: select class, count(*) from instance_of group by class';
comment on column muse.instance_of.wikidata_id is
'Id of the item (part of the key, references wikidata.wikidata_id)';
comment on column muse.instance_of.title is
'Label of the item in English if it has one; else in another language, or its id';
comment on column muse.instance_of.class_id is
'Id of a class of the item (part of the key, references wikidata_classes.class_id)';
comment on column muse.instance_of.class is 'Name of the class; its id if it has no name';
comment on column muse.instance_of.rank is
'Rank of the statement, preferred or normal; an item of a preferred class keeps its other classes';

create or replace function muse.class_names(class_ids text[])
returns text[]
language sql stable parallel safe
begin atomic
    select array(
        select coalesce(class.class, one.class_id)
        from unnest(class_names.class_ids[1:1000]) as one (class_id)
        left join muse.wikidata_classes as class on one.class_id = class.class_id
        order by coalesce(class.class, one.class_id)
    );
end;

comment on function muse.class_names(text[]) is
'Names of up to 1,000 classes, sorted; the id of one without a name: select class_names(array[''Q515''])';  -- noqa: LT05

create or replace view muse.classes as
with change as (
    select
        one.class_id,
        sum(set.items)::bigint as items
    from muse.wikidata_class_changes as set
    cross join lateral unnest(set.class_ids) as one (class_id)
    group by one.class_id
)

select
    coalesce(class.class_id, change.class_id) as class_id,
    coalesce(
        class.class,
        (
            select known.label
            from muse.wikidata_labels as known
            where known.wikidata_id = change.class_id
        ),
        change.class_id
    ) as class,
    coalesce(class.items, 0) + coalesce(change.items, 0) as items,
    greatest(
        class.items_with_subclasses, coalesce(class.items, 0) + coalesce(change.items, 0)
    ) as items_with_subclasses,
    class.depth,
    muse.class_names(class.superclass_ids) as parents,
    array_to_string(muse.class_names(class.superclass_ids), ', ') as parents_text,
    item.labels,
    item.labels::text as labels_text
from muse.wikidata_classes as class
full join change on class.class_id = change.class_id
left join muse.wikidata as item on class.class_id = item.wikidata_id
where coalesce(class.items, 0) + coalesce(change.items, 0) > 0;

comment on view muse.classes is
'One row per class with items: select * from classes order by items desc limit 10';
comment on column muse.classes.class_id is
'Id of the class (key, references wikidata_classes.class_id)';
comment on column muse.classes.class is 'Name of the class; its id if it has no name';
comment on column muse.classes.items is
'Number of items that are instances of the class itself, subclasses not included';
comment on column muse.classes.items_with_subclasses is
'Number of items that are instances of the class or of a direct or indirect subclass, each '
'counted once, at the end of the last load';
comment on column muse.classes.depth is
'Number of steps on the shortest way up to a class without superclasses, which has 0; null where '
'all ways up lead into a cycle';
comment on column muse.classes.parents is 'Names of the direct superclasses, sorted';
comment on column muse.classes.parents_text is 'The same names in one text';
comment on column muse.classes.labels is
'Labels of the class by language, a JSON object; null if its own item is not stored';
comment on column muse.classes.labels_text is 'The same labels as a text';

create or replace function muse.class_ids(class text)
returns setof text
language sql stable parallel safe rows 1
begin atomic
    with named as materialized (
        select known.class_id
        from muse.wikidata_classes as known
        where
            known.class_id = class_ids.class
            or lower(known.class) = lower(left(class_ids.class, 1000))
            or lower(known.article) = lower(left(class_ids.class, 1000))
    )

    select named.class_id from named
    union all
    select translated.class_id
    from muse.labelled_items(class_ids.class) as own (class_id)
    inner join muse.wikidata_classes as translated on own.class_id = translated.class_id
    where not exists (select from named);
end;

comment on function muse.class_ids(text) is
'Ids of classes by id, label or title of the article, in any case, else by label in another language: select class_ids(''city'')';  -- noqa: LT05

create or replace function muse.expect_classes(class text)
returns setof text
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    perform muse.check_length(expect_classes.class, 'class', 10000);
    return query select one.class_id from muse.class_ids(expect_classes.class) as one (class_id);
    if not found then
        raise notice 'there is no class %', left(coalesce(expect_classes.class, 'null'), 200)
        using hint = 'select class_id, class from classes lists them';
    end if;
end
$$;

comment on function muse.expect_classes(text) is
'Ids of classes as class_ids() has them, with a notice if there is none: select expect_classes(''city'')';  -- noqa: LT05

-- An index scan for each class, also where the planner has no statistics.
create or replace function muse.subclasses_of(class text)
returns table (class_id text, label text, items bigint)
language sql stable parallel safe rows 100
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
begin atomic
    with recursive below (class_id) as (
        select muse.expect_classes(subclasses_of.class) collate "C"
        union
        select sub.class_id
        from below
        inner join muse.wikidata_classes as sub on sub.superclass_ids @> array[below.class_id]
    )

    select
        known.class_id,
        known.class,
        known.items
    from below
    inner join muse.wikidata_classes as known on below.class_id = known.class_id
    where known.class_id not in (select muse.class_ids(subclasses_of.class));
end;

comment on function muse.subclasses_of(text) is
'Direct and indirect subclasses of a class, by id or name: select * from subclasses_of(''Q515'')';

create or replace function muse.instances_of(class text, with_subclasses boolean default false)
returns setof muse.wikidata_item
language sql stable parallel safe rows 1000
begin atomic
    select
        item.wikidata_id,
        item.title,
        item.description
    from muse.wikidata as item
    where item.class_ids && case
        when instances_of.with_subclasses
            then
                array(
                    select muse.class_ids(instances_of.class)
                    union all
                    select sub.class_id
                    from muse.subclasses_of(instances_of.class) as sub
                    where
                        sub.items > 0
                        or sub.class_id in (
                            select unnest(change.class_ids)
                            from muse.wikidata_class_changes as change
                        )
                )
        else array(select muse.expect_classes(instances_of.class))
    end;
end;

comment on function muse.instances_of(text, boolean) is
'Items of a class, by id or name: select * from instances_of(''city'', with_subclasses => true)';
