"""Wikipedia's articles and redirects

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
create table muse.wikipedia (
    title text primary key check (octet_length(title) between 1 and 255),
    page_id bigint not null check (page_id > 0),
    revision_id bigint not null check (revision_id > 0),
    revised_at timestamptz,
    infobox text,
    image text,
    templates text[] not null default '{}',
    categories text[] not null default '{}',
    general text[] not null default '{}',
    wikitext text not null,
    kept_as integer not null default 0
);
create index wikipedia_page_id on muse.wikipedia (page_id);
create index wikipedia_infobox on muse.wikipedia (infobox);
create index wikipedia_general on muse.wikipedia using gin (general);
create index wikipedia_categories on muse.wikipedia using gin (categories);
create index wikipedia_templates on muse.wikipedia using gin (templates);
comment on table muse.wikipedia is
'One row an article: select title from wikipedia where categories @> array[''1905 births'']';
comment on column muse.wikipedia.page_id is 'Its id in Wikipedia, which stays when it is renamed';
comment on column muse.wikipedia.revision_id is 'A newer revision has a greater one';
comment on column muse.wikipedia.infobox is
'The kind of its first infobox, lower-cased: writer for {{Infobox writer}}';
comment on column muse.wikipedia.image is
'The first image''s file name without prefix: the infobox''s, else the text''s; no icons';
comment on column muse.wikipedia.templates is
'Names of all templates, lower-cased, in their order, each once';
comment on column muse.wikipedia.categories is
'Categories that it names itself, lower-cased; those that templates add are not known';
comment on column muse.wikipedia.general is
'The part of each category before in, of or by: novels for novels by Ayn Rand';
comment on column muse.wikipedia.kept_as is
'Tells how it was read: where that changes, it is loaded again';

create table muse.wikipedia_redirects (
    title text primary key check (octet_length(title) between 1 and 255),
    page_id bigint not null check (page_id > 0),
    revision_id bigint not null check (revision_id > 0),
    target text not null,
    article text not null
);
create index on muse.wikipedia_redirects (article);
create index on muse.wikipedia_redirects (page_id);
comment on table muse.wikipedia_redirects is
'One row a title that leads to another: select title, article from wikipedia_redirects limit 9';
comment on column muse.wikipedia_redirects.target is 'The page that it names';
comment on column muse.wikipedia_redirects.article is
'Where it leads in the end: the target, or where that leads';

grant insert, update, delete on muse.wikipedia, muse.wikipedia_redirects to muse_loader;

do $$
begin  -- it is written and read several times faster than the default, where the server has it
    alter table muse.wikipedia alter wikitext set compression lz4;
exception when feature_not_supported then null;
end
$$;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
