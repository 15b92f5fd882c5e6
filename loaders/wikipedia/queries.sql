-- Queries of the loader of Wikipedia. {seen}, {pages}, {failed}: staging tables of a load.

-- Values such as %(kept_as)s look like unqualified columns to sqlfluff.
-- sqlfluff:exclude_rules:RF01,RF02,RF03,RF04,ST05,ST06

-- name: find_unchanged
-- Page ids of stored articles and redirects that are newer than the parsed ones, or the same.
select old.page_id
from
    unnest(%(page_ids)s::bigint[], %(titles)s::text[], %(revision_ids)s::bigint[])
        as new (page_id, title, revision_id)
inner join muse.wikipedia as old on old.wiki = %(wiki)s and new.page_id = old.page_id
where
    old.revision_id > new.revision_id
    or (
        old.revision_id = new.revision_id and old.title = new.title
        and old.kept_as = %(kept_as)s
    )
union all
select old.page_id
from
    unnest(
        %(redirect_page_ids)s::bigint[], %(redirect_titles)s::text[],
        %(redirect_revision_ids)s::bigint[], %(targets)s::text[]
    ) as new (page_id, title, revision_id, target)
inner join muse.wikipedia_redirects as old on old.wiki = %(wiki)s and new.page_id = old.page_id
where
    old.revision_id > new.revision_id
    or (
        old.revision_id = new.revision_id and old.title = new.title and old.target = new.target
    );

-- name: find_outdated_chunks
-- Chunks of an interrupted run that count a row as unchanged that another load has since deleted.
select distinct new.chunk_id
from {seen} as new
left join muse.wikipedia as old on old.wiki = %(wiki)s and new.page_id = old.page_id
left join {pages} as page on new.page_id = page.page_id
where
    new.kind = 'article' and page.page_id is null
    and (old.page_id is null or old.revision_id < new.revision_id);

-- name: insert_pages
-- For an empty table.
insert into muse.wikipedia (wiki, {columns})
select
    %(wiki)s,
    {page_columns}
from {pages} as page
where page.ctid >= %(first)s and page.ctid < %(last)s;

-- name: upsert_pages
-- A page whose title a newer page has is not written: the dump is older than the table.
insert into muse.wikipedia as old (wiki, {columns})
select
    %(wiki)s,
    {page_columns}
from {pages} as page
where
    page.ctid >= %(first)s and page.ctid < %(last)s
    and not exists (
        select from muse.wikipedia as other
        where
            other.title = page.title and other.wiki = %(wiki)s
            and other.page_id <> page.page_id and other.revision_id > page.revision_id
    )
on conflict (wiki, page_id) do update set
    ({columns}) = ({excluded_columns})
where
old.revision_id < excluded.revision_id
or (
    old.revision_id = excluded.revision_id
    and (old.kept_as, old.title) is distinct from (excluded.kept_as, excluded.title)
);

-- name: upsert_redirects
insert into muse.wikipedia_redirects as old (wiki, page_id, title, revision_id, target, article)
select
    %(wiki)s,
    page.page_id,
    page.title,
    page.revision_id,
    page.target,
    page.target as article
from {seen} as page
where
    page.kind = 'redirect' and page.ctid >= %(first)s and page.ctid < %(last)s
    and not exists (
        select from muse.wikipedia_redirects as other
        where
            other.title = page.title and other.wiki = %(wiki)s
            and other.page_id <> page.page_id and other.revision_id > page.revision_id
    )
on conflict (wiki, page_id) do update set
    title = excluded.title,
    revision_id = excluded.revision_id,
    target = excluded.target,
    article = excluded.article
where
old.revision_id < excluded.revision_id
or (
    old.revision_id = excluded.revision_id
    and (old.title, old.target) is distinct from (excluded.title, excluded.target)
);

-- name: delete_other_kind
-- Articles that became redirects, or the reverse. kind: the new kind of the page.
delete from muse.{table} as old using {seen} as new
where
    old.wiki = %(wiki)s and new.page_id = old.page_id and new.kind = %(kind)s
    and old.revision_id <= new.revision_id;

-- name: delete_replaced
-- Pages whose title another page has now.
delete from muse.{table} as old using {seen} as new
where
    old.wiki = %(wiki)s and new.title = old.title and new.page_id <> old.page_id
    and old.revision_id <= new.revision_id;

-- name: follow_redirects
-- Redirects to redirects, up to ten steps; those in a circle keep their target.
with recursive path (title, target, steps) as (
    select
        redirect.title,
        next.target,
        1 as steps
    from muse.wikipedia_redirects as redirect
    inner join muse.wikipedia_redirects as next
        on redirect.target = next.title and redirect.wiki = next.wiki
    where redirect.wiki = %(wiki)s
    union all
    select
        path.title,
        next.target,
        path.steps + 1 as steps
    from path
    inner join muse.wikipedia_redirects as next
        on path.target = next.title and next.wiki = %(wiki)s
    where path.steps < 10
),

longest as (
    select distinct on (path.title)
        path.title,
        path.target
    from path
    order by path.title asc, path.steps desc
),

final as (
    select
        redirect.title,
        coalesce(longest.target, redirect.target) as article
    from muse.wikipedia_redirects as redirect
    left join longest on redirect.title = longest.title
    where redirect.wiki = %(wiki)s
)

update muse.wikipedia_redirects as old set article = final.article
from final
where
    old.wiki = %(wiki)s and final.title = old.title and final.article <> old.article;

-- name: count_gone
-- Rows that are not in the dump. Rows of pages that failed to parse stay.
select count(*)
from muse.{table} as old
where
    old.wiki = %(wiki)s
    and not exists (
        select from {seen} as new
        where new.page_id = old.page_id and new.kind = %(kind)s
    )
    and not exists (
        select from {failed} as failed
        where failed.key = old.title
    );

-- name: delete_gone
delete from muse.{table} as old
where
    old.wiki = %(wiki)s
    and not exists (
        select from {seen} as new
        where new.page_id = old.page_id and new.kind = %(kind)s
    )
    and not exists (
        select from {failed} as failed
        where failed.key = old.title
    );

-- name: find_other_source
-- It is unknown from which of several sources an article came.
select source.location
from muse.sources as source
where
    source.topic = 'wikipedia' and source.source_id <> %(source)s
    and source.options ->> 'wiki' = %(wiki)s
order by source.source_id
limit 1;

-- name: find_sources_of_wiki
-- Other sources of a wiki, with its address if it is none of Wikimedia's.
select
    source.location,
    source.options ->> 'base' as base
from muse.sources as source
where
    source.topic = 'wikipedia' and source.loaded_at is not null
    and source.options ->> 'wiki' = %(wiki)s
    and source.location is distinct from %(location)s
order by source.source_id;

-- name: find_class_titles
-- Titles of articles of the items of classes with instances; most instances first.
select link.title
from muse.classes as class
inner join muse.article_links as link on class.class_id = link.wikidata_id
where link.wiki = %(wiki)s and link.title is not null
order by class.items desc, link.title asc;

-- name: find_stored
-- Ids of pages that are stored in these revisions, or newer ones, with the target of a redirect.
select
    old.page_id,
    null as target
from unnest(%(page_ids)s::bigint[], %(revision_ids)s::bigint[]) as new (page_id, revision_id)
inner join muse.wikipedia as old on old.wiki = %(wiki)s and new.page_id = old.page_id
where old.revision_id >= new.revision_id and old.kept_as = %(kept_as)s
union all
select
    old.page_id,
    old.target
from unnest(%(page_ids)s::bigint[], %(revision_ids)s::bigint[]) as new (page_id, revision_id)
inner join muse.wikipedia_redirects as old on old.wiki = %(wiki)s and new.page_id = old.page_id
where old.revision_id >= new.revision_id;
