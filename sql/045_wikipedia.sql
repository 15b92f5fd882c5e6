-- Wikipedia: articles with the items of Wikidata that link to them, also through redirects.

-- The arms of these two views are plain scans of one table, and there are no CTEs, so that the
-- planner can use indexes from either side: from articles or from items.
create or replace view muse.article_titles as
select
    known.title,
    known.title as article,
    known.wiki
from muse.wikipedia as known
union all
select
    redirect.title,
    redirect.article,
    redirect.wiki
from muse.wikipedia_redirects as redirect;

comment on view muse.article_titles is
'One row per wiki and title of an article or redirect: select title from article_titles limit 9';
comment on column muse.article_titles.title is
'Title of an article or a redirect (part of the key)';
comment on column muse.article_titles.article is
'Title of the article that the title leads to (references wikipedia.title)';
comment on column muse.article_titles.wiki is
'Wiki of the page, such as dewiki (part of the key, references wikipedia.wiki)';

create or replace view muse.article_links as
select
    item.wikidata_id,
    'enwiki' as wiki,
    item.wikipedia_id as title
from muse.wikidata as item
union all
select
    link.wikidata_id,
    link.wiki,
    link.title
from muse.wikidata_sitelinks as link;

comment on view muse.article_links is
'One row per item and wiki whose links were loaded: select * from article_links limit 9';
comment on column muse.article_links.wikidata_id is
'Id of the item (part of the key, references wikidata.wikidata_id)';
comment on column muse.article_links.wiki is 'Wiki that the item links to (part of the key)';
comment on column muse.article_links.title is
'Title that the item links to; null if it has no article in enwiki (references '
'article_titles.title)';

create or replace function muse.item_titles(language text)
returns setof muse.wikidata_titled
language sql stable parallel safe rows 1000000
begin atomic
    select
        item.wikidata_id,
        coalesce(item.labels ->> item_titles.language, item.title) as title,
        item.labels ? item_titles.language as is_translated,
        coalesce(item.descriptions ->> item_titles.language, item.description) as description,
        link.title as article,
        link.wiki
    from muse.wikidata as item
    left join muse.article_links as link
        on
            item.wikidata_id = link.wikidata_id
            and link.wiki = replace(item_titles.language, '-', '_') || 'wiki'
            and link.title is not null;
end;

comment on function muse.item_titles(text) is
'Items with their title and article in a language: select * from item_titles(''de'') limit 9';

comment on type muse.wikidata_titled is
'One row per item: select title, article from item_titles(''de'') limit 9';
comment on column muse.wikidata_titled.wikidata_id is 'Id of the item';
comment on column muse.wikidata_titled.title is
'Label in the language; without one, the title of the item';
comment on column muse.wikidata_titled.is_translated is 'Whether there is a label in the language';
comment on column muse.wikidata_titled.description is
'Description in the language, else in English; null if none';
comment on column muse.wikidata_titled.article is
'Title of its article in the Wikipedia of the language; null if none';
comment on column muse.wikidata_titled.wiki is 'Wiki of the article, such as dewiki; null if none';

create or replace function muse.article_title(title text, wiki text default 'enwiki')
returns text
language sql stable parallel safe
begin atomic
    select known.article from muse.article_titles as known
    where
        known.title = left(article_title.title, 1000)
        and known.wiki = left(article_title.wiki, 1000)
    limit 1;  -- noqa: AM09
end;

comment on function muse.article_title(text, text) is
'Article of a title in a wiki, redirects followed: select article_title(''Ayn Rand'')';

create or replace function muse.page_url(wiki text, page_id bigint)
returns text
language sql immutable parallel safe
begin atomic
    select 'https://' || case
        when page_url.wiki = 'be_x_oldwiki' then 'be-tarask.wikipedia'
        when page_url.wiki ~ '^(commons|species|meta|incubator)wiki$'
            then substring(page_url.wiki from '(.*)wiki$') || '.wikimedia'
        when page_url.wiki = 'wikidatawiki' then 'www.wikidata'
        when page_url.wiki = 'mediawikiwiki' then 'www.mediawiki'
        when page_url.wiki = 'sourceswiki' then 'wikisource'
        when page_url.wiki ~ '^[a-z][a-z_]{1,30}wiki$'
            then
                translate(substring(page_url.wiki from '(.*)wiki$'), '_', '-') || '.wikipedia'
        when
            page_url.wiki
            ~ '^[a-z][a-z_]{1,30}wik(tionary|ibooks|iquote|isource|inews|ivoyage|iversity)$'
            then
                translate(substring(page_url.wiki from '(.*?)wik[a-z]+$'), '_', '-')
                || '.' || substring(page_url.wiki from 'wik[a-z]+$')
    end || '.org/?curid=' || page_url.page_id;
end;

comment on function muse.page_url(text, bigint) is
'Address of a page of Wikimedia, null for other wikis: select page_url(''dewiki'', 1)';

create or replace function muse.item_image(claims jsonb)
returns text
language sql immutable parallel safe
begin atomic
    select upper(left(best.name, 1)) || substring(translate(best.name, '_', ' ') from 2)
    from (
        select statement.value ->> 'value' as name
        from
            jsonb_array_elements(item_image.claims -> 'P18')
            with ordinality as statement (value, place)
        where
            jsonb_typeof(statement.value -> 'value') = 'string'
            and statement.value ->> 'rank' <> 'deprecated'
        order by statement.value ->> 'rank' <> 'preferred', statement.place
        limit 1
    ) as best;
end;

comment on function muse.item_image(jsonb) is
'File of an item''s image, P18 of the best rank: select item_image(claims) from wikidata limit 9';

create or replace view muse.article_items as
select
    way.article,
    item.wikidata_id,
    item.title as label,
    item.description,
    link.title as linked_title,
    way.wiki,
    muse.item_image(item.claims) as item_file
from muse.article_titles as way
inner join muse.article_links as link on way.title = link.title and way.wiki = link.wiki
inner join muse.wikidata as item on link.wikidata_id = item.wikidata_id;

comment on view muse.article_items is
'One row per item of Wikidata that links to an article: select * from article_items limit 9';
comment on column muse.article_items.article is 'Title of the article (references wikipedia.title)';
comment on column muse.article_items.wikidata_id is
'Id of the item (part of the key, references wikidata.wikidata_id)';
comment on column muse.article_items.label is 'English label of the item';
comment on column muse.article_items.description is 'English description of the item';
comment on column muse.article_items.linked_title is
'Title that the item links to: the article or a redirect to it (references article_titles.title)';
comment on column muse.article_items.wiki is
'Wiki of the article, such as dewiki (part of the key, references wikipedia.wiki)';
comment on column muse.article_items.item_file is
'Name of the file of the item''s image, its statement P18; null if none';

create or replace view muse.articles as
select
    article.title,
    article.page_id,
    article.revision_id,
    article.revised_at,
    article.infobox,
    coalesce(article.image, linked.item_file) as image,
    article.categories,
    article.general,
    article.templates,
    case
        when
            article.wiki <> all(array(
                select source.options ->> 'wiki' from muse.sources as source
                where source.topic = 'wikipedia' and source.options ? 'base'
            ))
            then muse.page_url(article.wiki, article.page_id)
    end collate pg_catalog."default" as page_url,
    linked.wikidata_id,
    linked.label,
    linked.description,
    linked.linked_title,
    array_to_string(article.categories, '; ') as categories_text,
    array_to_string(article.general, '; ') as general_text,
    array_to_string(article.templates, '; ') as templates_text,
    article.wiki,
    case
        when article.image is not null then 'article'
        when linked.item_file is not null then 'item'
    end as image_source
from muse.wikipedia as article
left join muse.article_items as linked
    on article.title = linked.article and article.wiki = linked.wiki;

comment on view muse.articles is
'One row per article and item that links to it, mostly one: select * from articles limit 9';
comment on column muse.articles.title is 'Title of the article (references wikipedia.title)';
comment on column muse.articles.page_id is
'Number of the page in its wiki, which stays when the page is renamed (part of the key)';
comment on column muse.articles.revision_id is
'Number of the revision that was loaded; a newer one is greater';
comment on column muse.articles.revised_at is 'Time of that revision';
comment on column muse.articles.infobox is
'Kind of the first infobox in lower case, such as writer; null if none';
comment on column muse.articles.image is
'Name of the first image file of the article, else of the item''s image; null if none';
comment on column muse.articles.categories is
'Categories in lower case, without those that templates add';
comment on column muse.articles.general is 'The part of each category before in, of or by';
comment on column muse.articles.templates is 'Names of all templates in lower case, each once';
comment on column muse.articles.page_url is
'Address of the page in Wikipedia; null if the wiki is none of Wikimedia''s';
comment on column muse.articles.wikidata_id is
'Id of an item that links to the article; null if none (part of the key, references '
'wikidata.wikidata_id)';
comment on column muse.articles.label is 'English label of the item';
comment on column muse.articles.description is 'English description of the item';
comment on column muse.articles.linked_title is
'Title that the item links to: the article or a redirect to it (references article_titles.title)';
comment on column muse.articles.categories_text is
'The categories as text, separated by a semicolon';
comment on column muse.articles.general_text is
'The general categories as text, separated by a semicolon';
comment on column muse.articles.templates_text is
'The names of templates as text, separated by a semicolon';
comment on column muse.articles.wiki is
'Wiki of the article, such as enwiki (part of the key, references wikipedia.wiki)';
comment on column muse.articles.image_source is
'Where the image is from: article, or item (its statement P18); null if there is none';

create or replace view muse.article_categories as
select
    article.title,
    of_it.category,
    article.wiki
from muse.wikipedia as article
cross join lateral unnest(article.categories) as of_it (category);

comment on view muse.article_categories is
'One row per article and category: select category, count(*) from article_categories group by 1';
comment on column muse.article_categories.title is
'Title of the article (part of the key, references wikipedia.title)';
comment on column muse.article_categories.category is
'Category of the article, in lower case (part of the key)';
comment on column muse.article_categories.wiki is
'Wiki of the article (part of the key, references wikipedia.wiki)';
