-- Names and classes of Wikidata on a cluster. Citus cannot plan SQL functions with arguments: these
-- are the same in PL/pgSQL. Comments and grants are those of sql/.

create or replace function muse.wikidata_label(wikidata_id text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    label text;
begin
    select known.label into label
    from muse.wikidata_labels as known where known.wikidata_id = wikidata_label.wikidata_id;
    return label;
end
$$;

create or replace function muse.name_in(wikidata_id text, language text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    name text;
begin
    select own.label into name
    from muse.wikidata_property_labels as own
    where own.property_id = name_in.wikidata_id and own.language = name_in.language;
    if name is null then
        select item.labels ->> name_in.language into name
        from muse.wikidata as item where item.wikidata_id = name_in.wikidata_id;
    end if;
    return coalesce(name, muse.wikidata_label(name_in.wikidata_id), name_in.wikidata_id);
end
$$;

create or replace function muse.items_like(pattern text, most integer)
returns setof text
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    return query
    select item.wikidata_id
    from muse.wikidata as item
    where
        muse.names_text(item.title, item.title_language, item.labels, item.aliases)
        ilike left(items_like.pattern, 3000)
    limit items_like.most;
end
$$;

create or replace function muse.labelled_items(label text)
returns setof text
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[];
begin
    ids := array(select muse.items_named(left(labelled_items.label, 250), 1000));
    return query
    select item.wikidata_id
    from muse.wikidata as item
    where
        item.wikidata_id = any(ids) and exists (
            select from jsonb_each_text(item.labels) as own
            where lower(own.value) = lower(labelled_items.label)
        );
end
$$;

create or replace function muse.class_names(class_ids text[])
returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    names text[];
begin
    select array_agg(
        coalesce(class.class, one.class_id) order by coalesce(class.class, one.class_id)
    ) into names
    from unnest(class_names.class_ids[1:1000]) as one (class_id)
    left join muse.wikidata_classes as class on one.class_id = class.class_id;
    return coalesce(names, '{}');
end
$$;

create or replace function muse.class_ids(class text)
returns setof text
language plpgsql stable parallel safe rows 1
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[];
begin
    return query
    select known.class_id
    from muse.wikidata_classes as known
    where
        known.class_id = class_ids.class
        or lower(known.class) = lower(left(class_ids.class, 1000))
        or lower(known.article) = lower(left(class_ids.class, 1000));
    if not found then
        ids := array(select muse.labelled_items(class_ids.class));
        return query
        select translated.class_id
        from muse.wikidata_classes as translated where translated.class_id = any(ids);
    end if;
end
$$;

create or replace function muse.find_class(class text)
returns text
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    if find_class.class ~ '^Q[1-9][0-9]{0,17}$' then
        return find_class.class;
    end if;
    perform from muse.wikidata_classes as one where one.class_id = find_class.class;
    if found then
        return find_class.class;
    end if;
    return muse.expect_one(
        array(
            select one.class_id
            from muse.class_ids(left(find_class.class, 1000)) as one (class_id)
            order by one.class_id
        ),
        find_class.class, 'class', 'select class_id, class from classes lists them'
    );
end
$$;

create or replace function muse.subclasses_of(class text)
returns table (class_id text, label text, items bigint)
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, muse, pg_temp
as $$
#variable_conflict use_column
declare
    ids constant text[] := array(select muse.expect_classes(subclasses_of.class));
begin
    return query
    with recursive below (class_id) as (
        select one.id collate "C" from unnest(ids) as one (id)
        union
        select sub.class_id
        from below
        inner join muse.wikidata_classes as sub on sub.superclass_ids @> array[below.class_id]
    )

    select known.class_id, known.class, known.items
    from below
    inner join muse.wikidata_classes as known on below.class_id = known.class_id
    where known.class_id <> all(ids);
end
$$;

create or replace function muse.instances_of(class text, with_subclasses boolean default false)
returns setof muse.wikidata_item
language plpgsql stable parallel safe rows 1000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[];
begin
    ids := array(select muse.expect_classes(instances_of.class));
    if instances_of.with_subclasses then
        ids := ids || array(
            select sub.class_id from muse.subclasses_of(instances_of.class) as sub
            where sub.items > 0
        );
    end if;
    return query
    select item.wikidata_id, item.title, item.description
    from muse.wikidata as item where item.class_ids && ids;
end
$$;

create or replace function muse.class_members(classes text[])
returns setof text
language plpgsql stable parallel safe rows 1000
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    return query
    select item.wikidata_id
    from muse.wikidata as item where item.class_ids && class_members.classes;
end
$$;

-- The items of classes are joined on the nodes, where both tables are.
create or replace view muse.classes as
select
    class.class_id,
    class.class collate "C" as class,  -- noqa: RF02
    class.items,
    greatest(class.items_with_subclasses, class.items) as items_with_subclasses,
    class.depth,
    muse.class_names(class.superclass_ids) as parents,
    array_to_string(muse.class_names(class.superclass_ids), ', ') as parents_text,
    item.labels,
    item.labels::text as labels_text
from (
    select known.*
    from muse.wikidata_classes as known
    cross join (select count(*) as others from muse.wikidata_class_sets) as here
    where known.items > 0 and here.others >= 0
) as class
left join (
    select
        own.class_id,
        stored.labels
    from muse.wikidata as stored
    inner join muse.wikidata_classes as own on stored.wikidata_id = own.class_id
    where own.items > 0
) as item on class.class_id = item.class_id;

create or replace function muse.explain_class(
    item text, class text default null, language text default 'en'
)
returns setof muse.wikidata_class_reason
language plpgsql stable parallel safe rows 20
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[];
    classes text[];
    stored record;
begin
    ids := array(select muse.labelled_items(explain_class.item)) || explain_class.item;
    classes := array(select muse.expect_classes(explain_class.class)
        where explain_class.class is not null);
    for stored in
        select
            item.wikidata_id,
            coalesce(item.labels ->> explain_class.language, item.title) as title,
            item.class_ids,
            item.claims -> 'P31' as statements
        from muse.wikidata as item
        where item.wikidata_id = any(ids) or item.title = left(explain_class.item, 1000)
        order by item.wikidata_id
    loop
        return query
        select
            stored.wikidata_id,
            stored.title,
            chain.class_id,
            muse.name_in(chain.class_id, explain_class.language),
            cardinality(chain.chain_ids) - 1,
            array_to_string(muse.names_in(chain.chain_ids, explain_class.language), ' > '),
            chain.start_id,
            statement.place::integer,
            statement.value ->> 'rank',
            chain.chain_ids
        from muse.class_chains(stored.class_ids) as chain
        left join
            jsonb_array_elements(stored.statements) with ordinality as statement (value, place)
            on
                statement.value ->> 'value' = chain.start_id
                and statement.value ->> 'rank' <> 'deprecated'
        where explain_class.class is null or chain.class_id = any(classes)
        order by cardinality(chain.chain_ids), chain.class_id, statement.place;
    end loop;
end
$$;

create or replace function muse.item_titles(language text)
returns setof muse.wikidata_titled
language plpgsql stable parallel safe rows 1000000
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    own_wiki constant text := replace(item_titles.language, '-', '_') || 'wiki';
begin
    return query
    select
        item.wikidata_id,
        coalesce(item.labels ->> item_titles.language, item.title),
        item.labels ? item_titles.language,
        coalesce(item.descriptions ->> item_titles.language, item.description),
        item.article,
        case when item.article is not null then own_wiki end
    from (
        select
            stored.*,
            case own_wiki
                when 'enwiki' then stored.wikipedia_id else stored.sitelinks ->> own_wiki
            end as article
        from muse.wikidata as stored
    ) as item;
end
$$;

-- By runs, and by changes of classes, because the statistics of items are on the nodes.
create or replace function muse.wikidata_changes()
returns bigint
language plpgsql stable parallel restricted
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    return (
        select
            sum(
                pg_stat_get_tuples_inserted(one.id)
                + pg_stat_get_tuples_updated(one.id) + pg_stat_get_tuples_deleted(one.id)
            )::bigint
        from unnest(array[
            'muse.wikidata_class_changes'::regclass, 'muse.wikidata_class_sets'::regclass
        ]) as one (id)
    ) + (select coalesce(max(run.run_id), 0) from muse.load_runs as run);
end
$$;

create or replace function muse.class_table_classes(class_id text, with_subclasses boolean)
returns text[]
language plpgsql stable parallel safe
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    ids text[] := array[class_table_classes.class_id];
begin
    if class_table_classes.with_subclasses then
        ids := ids || array(
            select sub.class_id from muse.subclasses_of(class_table_classes.class_id) as sub
        );
    end if;
    return array(
        select known.class_id
        from muse.wikidata_classes as known
        where known.class_id = any(ids) and known.items > 0
    );
end
$$;
