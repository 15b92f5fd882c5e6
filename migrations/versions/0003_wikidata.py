"""Wikidata's items, the names that they use, and their classes

Revision ID: 0003
Revises: 0002
"""

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
create table muse.wikidata (
    wikidata_id text collate "C" primary key check (wikidata_id ~ '^Q[1-9][0-9]*$'),
    wikipedia_id text,
    title text,
    description text,
    properties jsonb not null default '{}' check (jsonb_typeof(properties) = 'object'),
    claims jsonb not null default '{}' check (jsonb_typeof(claims) = 'object'),
    statement_ids jsonb not null default '{}',
    class_ids text[] collate "C" not null default '{}',
    labels jsonb not null default '{}',
    descriptions jsonb not null default '{}',
    aliases jsonb not null default '{}',
    sitelinks jsonb not null default '{}',
    lastrevid bigint,
    kept_as integer not null default 0
);
create index wikidata_wikipedia_id on muse.wikidata (wikipedia_id);
create index wikidata_title on muse.wikidata (title);
create index wikidata_class_ids on muse.wikidata using gin (class_ids);
create index wikidata_properties on muse.wikidata using gin (properties jsonb_path_ops);
create index wikidata_claims on muse.wikidata using gin (claims jsonb_path_ops);
comment on table muse.wikidata is
'One row an item: select title, properties ->> ''instance of'' as thing from wikidata limit 9';
comment on column muse.wikidata.wikipedia_id is 'The title of its article in the English Wikipedia';
comment on column muse.wikidata.title is 'Its label in English';
comment on column muse.wikidata.properties is
'What it states, in English names: a value or a sorted array, of the best rank';
comment on column muse.wikidata.claims is
'Every statement by property id: value, type, rank and qualifiers; references are left out';
comment on column muse.wikidata.statement_ids is
'Ids of the statements and hashes of their qualifiers, in the order of claims';
comment on column muse.wikidata.class_ids is 'What it is an instance of: best rank, each once';
comment on column muse.wikidata.labels is 'Labels by language, of the languages asked for';
comment on column muse.wikidata.descriptions is 'Descriptions by language';
comment on column muse.wikidata.aliases is 'Arrays of other names by language';
comment on column muse.wikidata.sitelinks is
'Titles by wiki, of English Wikipedia and those asked for';
comment on column muse.wikidata.lastrevid is
'Its revision in Wikidata; null where the source has none';
comment on column muse.wikidata.kept_as is
'Tells with which languages and wikis it was loaded: where that changes, it is loaded again';

create table muse.wikidata_labels (
    wikidata_id text collate "C" primary key check (length(wikidata_id) between 1 and 250),
    label text,
    wikipedia_id text,
    datatype text
);
create index on muse.wikidata_labels (lower(label))
where wikidata_id >= 'P' and wikidata_id < 'Q';  -- properties, by name
comment on table muse.wikidata_labels is
'One row an item or property seen: select label from wikidata_labels where wikidata_id = ''P31''';
comment on column muse.wikidata_labels.label is 'In English';
comment on column muse.wikidata_labels.wikipedia_id is
'The title of its article in the English Wikipedia, which is its name where there is one';
comment on column muse.wikidata_labels.datatype is 'What a property''s values are; null for items';

create table muse.wikidata_redirects (
    wikidata_id text collate "C" primary key,
    target_id text collate "C" not null
);
comment on table muse.wikidata_redirects is
'One row an id that was merged into another: select target_id from wikidata_redirects limit 9';

create table muse.wikidata_classes (
    class_id text collate "C" primary key,
    class text not null,
    label text,
    superclass_ids text[] collate "C" not null default '{}',
    items bigint not null default 0
);
create index on muse.wikidata_classes (lower(class));
create index on muse.wikidata_classes (lower(label));
create index on muse.wikidata_classes using gin (superclass_ids);
comment on table muse.wikidata_classes is
'One row a class, also one of classes alone: select class, superclass_ids from wikidata_classes';
comment on column muse.wikidata_classes.superclass_ids is 'What it is a subclass of: best rank';
comment on column muse.wikidata_classes.items is 'As last counted; see wikidata_class_changes';

-- Loads that run side by side would wait for one another to count up the same classes: each writes
-- down what it changed, the view classes adds that up, and a load's end brings it in.
create table muse.wikidata_class_changes (
    class_id text collate "C" not null,
    items bigint not null
);
comment on table muse.wikidata_class_changes is
'One row a change in a class''s items, not yet counted: select * from wikidata_class_changes';

-- Types, because arguments have the names of columns.
create type muse.wikidata_item as (wikidata_id text, title text, description text);
comment on type muse.wikidata_item is
'One row an item: select (instances_of(''Q146'')).title';

grant insert, update, delete on muse.wikidata, muse.wikidata_labels, muse.wikidata_redirects,
muse.wikidata_classes, muse.wikidata_class_changes to muse_loader;

do $$
begin  -- it reads several times faster than the default, where the server was built with it
    execute (
        select string_agg(
            format('alter table muse.wikidata alter %I set compression lz4', attname), ';'
        )
        from pg_attribute
        where attrelid = 'muse.wikidata'::regclass and atttypid = 'jsonb'::regtype
    );
exception when feature_not_supported then null;
end
$$;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
