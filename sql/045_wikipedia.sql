-- Wikipedia: articles with the items of Wikidata that link to them, also through redirects.

-- Both arms are plain scans of one table, and there are no CTEs, so that the planner can use
-- indexes from either side: from articles or from items.
create or replace view muse.article_titles as
select
    known.title,
    known.title as article
from muse.wikipedia as known
union all
select
    redirect.title,
    redirect.article
from muse.wikipedia_redirects as redirect;

comment on view muse.article_titles is
'One row per title of an article or redirect: select title from article_titles limit 9';

create or replace function muse.article_title(title text)
returns text
language sql stable parallel safe
begin atomic
    select known.article from muse.article_titles as known
    where known.title = left(article_title.title, 1000)
    limit 1;  -- noqa: AM09
end;

comment on function muse.article_title(text) is
'Article of a title, redirects followed: select article_title(''Ayn Rand'')';

create or replace view muse.article_items as
select
    way.article,
    item.wikidata_id,
    item.title as label,
    item.description,
    item.wikipedia_id as linked_title
from muse.article_titles as way
inner join muse.wikidata as item on way.title = item.wikipedia_id;

comment on view muse.article_items is
'One row per item of Wikidata that links to an article: select * from article_items limit 9';

create or replace view muse.articles as
select
    article.title,
    article.page_id,
    article.revision_id,
    article.revised_at,
    article.infobox,
    article.image,
    article.categories,
    article.general,
    article.templates,
    'https://en.wikipedia.org/?curid=' || article.page_id as page_url,
    linked.wikidata_id,
    linked.label,
    linked.description,
    linked.linked_title
from muse.wikipedia as article
left join muse.article_items as linked on article.title = linked.article;

comment on view muse.articles is
'One row per article and item that links to it, mostly one: select * from articles limit 9';

create or replace view muse.article_categories as
select
    article.title,
    of_it.category
from muse.wikipedia as article
cross join lateral unnest(article.categories) as of_it (category);

comment on view muse.article_categories is
'One row per article and category: select category, count(*) from article_categories group by 1';
