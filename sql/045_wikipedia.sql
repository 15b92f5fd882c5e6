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
comment on column muse.article_titles.title is 'Title of an article or a redirect (key)';
comment on column muse.article_titles.article is
'Title of the article that the title leads to (references wikipedia.title)';

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
comment on column muse.article_items.article is 'Title of the article (references wikipedia.title)';
comment on column muse.article_items.wikidata_id is
'Id of the item (key, references wikidata.wikidata_id)';
comment on column muse.article_items.label is 'English label of the item';
comment on column muse.article_items.description is 'English description of the item';
comment on column muse.article_items.linked_title is
'Title that the item links to: the article or a redirect to it (references article_titles.title)';

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
    linked.linked_title,
    array_to_string(article.categories, '; ') as categories_text,
    array_to_string(article.general, '; ') as general_text,
    array_to_string(article.templates, '; ') as templates_text
from muse.wikipedia as article
left join muse.article_items as linked on article.title = linked.article;

comment on view muse.articles is
'One row per article and item that links to it, mostly one: select * from articles limit 9';
comment on column muse.articles.title is
'Title of the article (part of the key, references wikipedia.title)';
comment on column muse.articles.page_id is
'Number of the page in Wikipedia, which stays when the page is renamed';
comment on column muse.articles.revision_id is
'Number of the revision that was loaded; a newer one is greater';
comment on column muse.articles.revised_at is 'Time of that revision';
comment on column muse.articles.infobox is
'Kind of the first infobox in lower case, such as writer; null if none';
comment on column muse.articles.image is
'Name of the first image file in Wikimedia Commons; null if none';
comment on column muse.articles.categories is
'Categories in lower case, without those that templates add';
comment on column muse.articles.general is 'The part of each category before in, of or by';
comment on column muse.articles.templates is 'Names of all templates in lower case, each once';
comment on column muse.articles.page_url is 'Address of the page in Wikipedia';
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

create or replace view muse.article_categories as
select
    article.title,
    of_it.category
from muse.wikipedia as article
cross join lateral unnest(article.categories) as of_it (category);

comment on view muse.article_categories is
'One row per article and category: select category, count(*) from article_categories group by 1';
comment on column muse.article_categories.title is
'Title of the article (part of the key, references wikipedia.title)';
comment on column muse.article_categories.category is
'Category of the article, in lower case (part of the key)';
