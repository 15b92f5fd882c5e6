-- Ways through the classes: down from one, and up from an item.

-- The subclasses of a class that have the most items, and theirs. A subclass stands below each of
-- its superclasses; a way that would come back to one of its own classes ends.
create or replace function muse.class_tree(
    class text, depth integer default 2, per_class integer default 20, language text default 'en'
)
returns setof muse.wikidata_class_node
language plpgsql stable parallel safe rows 400
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    roots text[];
begin
    if class_tree.depth is null or class_tree.depth not between 0 and 20 then
        raise exception 'depth must be from 0 to 20' using errcode = '22023';
    end if;
    perform muse.check_n(class_tree.per_class);
    perform muse.check_length(class_tree.class, 'class', 1000);
    perform muse.check_language(class_tree.language);
    roots := array(select muse.expect_classes(class_tree.class));
    if cardinality(roots) > 0 and not exists (
        select from muse.wikidata_classes as below where below.superclass_ids && roots
    ) then
        raise notice 'no subclass of % is stored', left(class_tree.class, 200)
        using hint = 'the loaded entities with "subclass of" are the tree';
    end if;
    return query
    with recursive tree as (
        select
            0 as level,
            array[root.class_id] as ids,
            array[0::bigint] as places,
            root.items,
            root.items_with_subclasses
        from muse.wikidata_classes as root
        where root.class_id = any(roots)
        union all
        select
            tree.level + 1,
            tree.ids || sub.class_id,
            tree.places || sub.place,
            sub.items,
            sub.items_with_subclasses
        from tree
        cross join lateral (
            select
                below.class_id,
                below.items,
                below.items_with_subclasses,
                row_number() over (
                    order by below.items_with_subclasses desc, below.class_id
                ) as place
            from muse.wikidata_classes as below
            where
                below.superclass_ids @> array[tree.ids[tree.level + 1]]
                and below.class_id <> all(tree.ids)
            order by below.items_with_subclasses desc, below.class_id
            limit class_tree.per_class
        ) as sub
        where tree.level < class_tree.depth
    )

    select
        tree.level,
        array_to_string(muse.names_in(tree.ids, class_tree.language), ' > '),
        tree.ids[tree.level + 1],
        muse.name_in(tree.ids[tree.level + 1], class_tree.language),
        tree.items,
        tree.items_with_subclasses,
        (
            select count(*)
            from muse.wikidata_classes as below
            where below.superclass_ids @> array[tree.ids[tree.level + 1]]
        ),
        tree.ids::text[]
    from tree
    order by tree.ids[1], tree.places;
end
$$;

comment on function muse.class_tree(text, integer, integer, text) is
'Subclasses of a class, indented by level: select * from class_tree(''city'', depth => 2)';

-- The classes on the shortest way from each of `starts` up to each class above it.
create or replace function muse.class_chains(starts text[])
returns table (start_id text, class_id text, chain_ids text[])
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, muse, pg_temp
as $$
declare
    start text;
    chains jsonb;  -- chain of each class that was reached
    frontier text[];
begin
    perform muse.check_elements(class_chains.starts, 'starts', 1000);
    foreach start in array class_chains.starts loop
        chains := jsonb_build_object(start, jsonb_build_array(start));
        frontier := array[start];
        while cardinality(frontier) > 0 loop
            with step as (
                select
                    superclass.id,
                    min(class.class_id) as below_id
                from muse.wikidata_classes as class
                cross join unnest(class.superclass_ids) as superclass (id)
                where class.class_id = any(frontier) and not chains ? superclass.id
                group by superclass.id
            )

            select
                coalesce(array_agg(step.id), '{}'),
                chains || coalesce(
                    jsonb_object_agg(step.id, (chains -> step.below_id) || to_jsonb(step.id)), '{}'
                )
            into frontier, chains
            from step;
        end loop;
        return query
        select
            start,
            one.key,
            array(select jsonb_array_elements_text(one.value))
        from jsonb_each(chains) as one;
    end loop;
end
$$;

comment on function muse.class_chains(text[]) is
'Shortest ways up from classes: select * from class_chains(array[''Q515''])';

create or replace function muse.explain_class(
    item text, class text default null, language text default 'en'
)
returns setof muse.wikidata_class_reason
language sql stable parallel safe rows 20
begin atomic
    select
        stored.wikidata_id,
        coalesce(stored.labels ->> explain_class.language, stored.title) as title,
        chain.class_id,
        muse.name_in(chain.class_id, explain_class.language) as class,
        cardinality(chain.chain_ids) - 1 as steps,
        array_to_string(
            muse.names_in(chain.chain_ids, explain_class.language), ' > '
        ) as chain,
        chain.start_id as statement_class_id,
        statement.place::integer as place,
        statement.value ->> 'rank' as rank,
        chain.chain_ids
    from muse.wikidata as stored
    cross join lateral muse.class_chains(stored.class_ids) as chain
    left join
        lateral jsonb_array_elements(stored.claims -> 'P31')
        with ordinality as statement (value, place)
        on
            statement.value ->> 'value' = chain.start_id
            and statement.value ->> 'rank' <> 'deprecated'
    where
        (
            stored.wikidata_id = explain_class.item
            or stored.title = left(explain_class.item, 1000)
            or stored.wikidata_id = any(array(select muse.labelled_items(explain_class.item)))
        )
        and (
            explain_class.class is null
            or chain.class_id in (select muse.expect_classes(explain_class.class))
        )
    order by stored.wikidata_id, cardinality(chain.chain_ids), chain.class_id, statement.place;
end;

comment on function muse.explain_class(text, text, text) is
'Why an item counts in a class: select class, chain from explain_class(''Q513'', ''mountain'')';

-- A sample is drawn by a hash of the id, so that a query gives the same answer twice.
create or replace function muse.class_properties(
    class text, with_subclasses boolean default true, sample integer default 10000,
    language text default 'en'
)
returns table (
    property_id text, property text, items bigint, share double precision, sampled bigint
)
language plpgsql stable parallel safe rows 100
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    perform muse.check_sample(class_properties.sample);
    perform muse.check_length(class_properties.class, 'class', 1000);
    perform muse.check_language(class_properties.language);
    return query
    with item as materialized (
        select stored.claims
        from muse.instances_of(
            class_properties.class, class_properties.with_subclasses
        ) as member
        inner join muse.wikidata as stored on stored.wikidata_id = member.wikidata_id
        order by hashtext(member.wikidata_id)
        limit class_properties.sample
    )

    select
        used.property_id::text,
        muse.name_in(used.property_id, class_properties.language),
        used.items,
        used.items::double precision / used.sampled,
        used.sampled
    from (
        select
            property.id as property_id,
            count(*) as items,
            (select count(*) from item) as sampled
        from item
        cross join lateral jsonb_object_keys(item.claims) as property (id)
        group by property.id
    ) as used
    order by used.items desc, used.property_id;
end
$$;

comment on function muse.class_properties(text, boolean, integer, text) is
'Commonest properties of a class, of a sample: select * from class_properties(''city'') limit 9';

-- Columns of the types ------------------------------------------------------------------------

comment on type muse.wikidata_class_node is
'One row per class below another and way to it: select * from class_tree(''taxon'')';
comment on column muse.wikidata_class_node.level is
'Steps from the class of the query, 0 for itself';
comment on column muse.wikidata_class_node.path is 'Names of the classes on the way down';
comment on column muse.wikidata_class_node.class_id is 'Id of the class';
comment on column muse.wikidata_class_node.class is 'Name of the class';
comment on column muse.wikidata_class_node.items is 'Number of items of the class itself';
comment on column muse.wikidata_class_node.items_with_subclasses is
'Number of items of the class and its subclasses, each once';
comment on column muse.wikidata_class_node.subclasses is 'Number of direct subclasses';
comment on column muse.wikidata_class_node.path_ids is 'Ids of the classes on the way down';

comment on type muse.wikidata_class_reason is
'One row per class of an item and statement: select * from explain_class(''Q513'')';
comment on column muse.wikidata_class_reason.wikidata_id is 'Id of the item';
comment on column muse.wikidata_class_reason.title is 'Title of the item';
comment on column muse.wikidata_class_reason.class_id is
'Id of a class that the item counts in';
comment on column muse.wikidata_class_reason.class is 'Name of the class';
comment on column muse.wikidata_class_reason.steps is
'Number of "subclass of" between the statement and the class; 0 for the class of the statement';
comment on column muse.wikidata_class_reason.chain is
'Names of the classes on the shortest way up, from that of the statement';
comment on column muse.wikidata_class_reason.statement_class_id is
'Id of the class in the statement "instance of"';
comment on column muse.wikidata_class_reason.place is
'Place of that statement among those of "instance of", from 1';
comment on column muse.wikidata_class_reason.rank is 'Rank of that statement';
comment on column muse.wikidata_class_reason.chain_ids is 'Ids of the classes on the way up';
