"""pages of several wikis, by wiki and page id; links to wikis other than enwiki; badges of items

Revision ID: 0023
Revises: 0022
"""

from alembic import op

revision = "0023"
down_revision = "0022"

# Earlier versions read every dump as one of enwiki. Where all sources are files of one other wiki,
# so are the rows.
WIKIS = """
alter table muse.wikipedia
add column wiki text collate "C" not null default 'enwiki'
check (wiki ~ '^[A-Za-z0-9_-]{1,60}$');
alter table muse.wikipedia_redirects
add column wiki text collate "C" not null default 'enwiki'
check (wiki ~ '^[A-Za-z0-9_-]{1,60}$');

update muse.sources set options = options || jsonb_build_object(
    'wiki', coalesce(substring(location from '([a-z_]{2,40}wiki)-[^/]*$'), 'enwiki')
)
where topic = 'wikipedia';

do $$
declare
    wikis constant text[] = array(
        select distinct options ->> 'wiki' from muse.sources
        where topic = 'wikipedia' and loaded_at is not null
    );
begin
    if cardinality(wikis) = 1 and wikis[1] <> 'enwiki' then
        update muse.wikipedia set wiki = wikis[1];
        update muse.wikipedia_redirects set wiki = wikis[1];
    end if;
end
$$;
"""

# A renamed page whose new title failed to parse could have two rows: the newer one is kept.
KEYS = """
delete from muse.wikipedia as old
using muse.wikipedia as new
where
    new.page_id = old.page_id
    and (new.revision_id, new.title) > (old.revision_id, old.title);
delete from muse.wikipedia_redirects as old
using muse.wikipedia_redirects as new
where
    new.page_id = old.page_id
    and (new.revision_id, new.title) > (old.revision_id, old.title);

alter table muse.wikipedia
drop constraint wikipedia_pkey, add primary key (wiki, page_id);
drop index if exists muse.wikipedia_page_id;
delete from muse.dropped_indexes where definition like '%wikipedia_page_id%';
create index wikipedia_title on muse.wikipedia (title, wiki);

alter table muse.wikipedia_redirects
drop constraint wikipedia_redirects_pkey, add primary key (wiki, page_id);
drop index if exists muse.wikipedia_redirects_page_id_idx;
drop index if exists muse.wikipedia_redirects_article_idx;
create index wikipedia_redirects_title on muse.wikipedia_redirects (title, wiki);
create index wikipedia_redirects_article on muse.wikipedia_redirects (article, wiki);

-- sql/ creates it again, with another argument.
drop function if exists muse.article_title(text);
"""

SITELINKS = """
create table muse.wikidata_sitelinks (
    wikidata_id text collate "C",
    wiki text collate "C",
    title text not null,
    primary key (wikidata_id, wiki)
);
create index wikidata_sitelinks_title on muse.wikidata_sitelinks (title, wiki);
grant insert, update, delete on muse.wikidata_sitelinks to muse_loader;
insert into muse.wikidata_sitelinks (wikidata_id, wiki, title)
select
    item.wikidata_id,
    link.key,
    link.value
from muse.wikidata as item
cross join lateral jsonb_each_text(item.sitelinks) as link
where item.sitelinks - 'enwiki' <> '{}' and link.key <> 'enwiki';

alter table muse.wikidata
add column badges jsonb not null default '{}', add column modified timestamptz;
alter table muse_staging.wikidata_items add column badges jsonb, add column modified timestamptz;
"""

PICTURES = """
alter table muse.image_sources add column wiki text collate "C";
alter table muse.image_fetches add column wiki text collate "C";
update muse.image_sources set wiki = 'enwiki' where article is not null;
update muse.image_fetches set wiki = 'enwiki' where article is not null;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (WIKIS, KEYS, SITELINKS, PICTURES):
        raw.execute(statements)
