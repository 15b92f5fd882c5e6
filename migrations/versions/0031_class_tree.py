"""counts of items with subclasses, and depths of classes

Revision ID: 0031
Revises: 0030
"""

from alembic import op

revision = "0031"
down_revision = "0030"

# Changes were counted by class; by set of classes they also tell in which superclasses an item of
# several classes counts once. sql/042_wikidata_class_tree.sql fills the new columns. The view that
# reads the changes is replaced and not dropped, because views of users may depend on it.
SETS = """
alter table muse.wikidata_classes
add column items_with_subclasses bigint not null default 0, add column depth integer;

insert into muse.wikidata_classes (class_id, class)
select distinct
    change.class_id,
    change.class_id
from muse.wikidata_class_changes as change
on conflict do nothing;
update muse.wikidata_classes as class set items = class.items + delta.items
from (
    select
        change.class_id,
        sum(change.items) as items
    from muse.wikidata_class_changes as change
    group by change.class_id
) as delta
where delta.class_id = class.class_id;
delete from muse.wikidata_class_changes;

do $$
begin
    if to_regclass('muse.classes') is not null then
        create or replace view muse.classes as
        select
            class.class_id,
            class.class collate "C" as class,
            class.items
        from muse.wikidata_classes as class;
    end if;
end
$$;
alter table muse.wikidata_class_changes
drop column class_id, add column class_ids text[] collate "C" not null;

create table muse.wikidata_class_sets (
    class_ids text[] collate "C" not null,
    items bigint not null
);
create index wikidata_class_sets_class_ids on muse.wikidata_class_sets using hash (class_ids);
grant insert, update, delete on muse.wikidata_class_sets to muse_loader;
insert into muse.wikidata_class_sets (class_ids, items)
select
    item.class_ids,
    count(*)
from muse.wikidata as item
where item.class_ids <> '{}'
group by item.class_ids;
"""


# Types, because arguments have the names of columns.
TYPES = """
create type muse.wikidata_class_node as (
    level integer, path text, class_id text collate "C", class text, items bigint,
    items_with_subclasses bigint, subclasses bigint, path_ids text[]
);
create type muse.wikidata_class_reason as (
    wikidata_id text collate "C", title text, class_id text collate "C", class text, steps integer,
    chain text, statement_class_id text collate "C", place integer, rank text, chain_ids text[]
);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(SETS)
    raw.execute(TYPES)
