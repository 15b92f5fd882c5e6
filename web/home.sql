-- Queries of the first page. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: counts
select
    (select count(*) from muse.images) as images,
    (select count(*) from muse.tracks) as tracks,
    (select count(*) from muse.playlists) as playlists,
    (select count(*) from muse.samples) as samples,
    (select count(*) from muse.wikidata) as items,
    (select count(*) from muse.wikipedia) as articles;
