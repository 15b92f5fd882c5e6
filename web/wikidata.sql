-- Queries of Wikidata's pages. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: classes
select
    class.class_id,
    class.class,
    class.items
from muse.classes as class
where position(lower(%(words)s) in lower(class.class)) > 0 or class.class_id = %(words)s
order by class.items desc, class.class_id
limit %(n)s offset %(offset)s;

-- name: class_
select
    class.class_id,
    coalesce(class.class, class.class_id) as class,
    (
        select counted.items from muse.classes as counted
        where counted.class_id = %(class_id)s
    ) as items,
    coalesce((
        select counted.items from muse.classes as counted
        where counted.class_id = %(class_id)s
    ), 0) + (
        select coalesce(sum(below.items), 0) from muse.subclasses_of(%(class_id)s) as below
    ) as with_subclasses
from muse.wikidata_classes as class
where class.class_id = %(class_id)s;

-- name: superclasses
select
    above.class_id,
    above.class
from muse.wikidata_classes as class
inner join muse.wikidata_classes as above on above.class_id = any(class.superclass_ids)
where class.class_id = %(class_id)s
order by above.class;

-- name: subclasses
select
    below.class_id,
    below.class,
    below.items
from muse.wikidata_classes as below
where below.superclass_ids @> array[%(class_id)s]
order by below.items desc, below.class
limit 60;

-- name: instances
-- The items first: on a cluster they are on other servers than the pictures.
with item as materialized (
    select
        wikidata_id,
        title,
        description,
        wikipedia_id
    from muse.wikidata
    where class_ids @> array[%(class_id)s]
    order by wikidata_id
    limit %(n)s offset %(offset)s
)

select
    item.wikidata_id,
    item.title,
    item.description,
    item.wikipedia_id,
    (
        select min(source.image_id) from muse.image_sources as source
        where source.wikidata_id = item.wikidata_id
    ) as image_id
from item
order by item.wikidata_id;

-- name: item
with item as materialized (
    select
        wikidata_id,
        title,
        description,
        wikipedia_id,
        properties,
        sitelinks
    from muse.wikidata
    where wikidata_id = %(wikidata_id)s
)

select
    item.*,
    (
        select min(source.image_id) from muse.image_sources as source
        where source.wikidata_id = item.wikidata_id
    ) as image_id
from item;

-- name: classes_of_item
select
    class.class_id,
    class.class
from muse.instance_of as class
where class.wikidata_id = %(wikidata_id)s
order by class.class;
