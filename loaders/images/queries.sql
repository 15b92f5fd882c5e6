-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: select_changed
-- Pictures that an earlier version decoded to another thumbnail.
select image_id from muse.images
where sha256 = %(key)s and version < %(version)s and thumbnail <> %(thumbnail)s;

-- name: delete_changed_vectors
delete from muse.image_vectors
where
    model_id = any(array(select model.model_id from muse.models as model))
    and image_id = any(%(ids)s);

-- name: delete_changed_neighborhoods
delete from muse.image_neighborhoods
where image_id = any(%(ids)s);

-- name: upsert_image
insert into muse.images as image (
    sha256, thumbnail, perceptual_hash, width, height, version
)
values (
    %(key)s, %(thumbnail)s, %(perceptual_hash)s::bigint::bit(64), %(width)s, %(height)s,
    %(version)s
)
on conflict (sha256) do update set
    thumbnail = excluded.thumbnail,
    perceptual_hash = excluded.perceptual_hash,
    width = excluded.width,
    height = excluded.height,
    version = excluded.version
where image.version < excluded.version;

-- name: upsert_location
insert into muse.image_sources as source (
    image_id, source_id, location, title, class, wikidata_id, article, page_url, licence,
    licence_url, author, wiki
)
select
    image_id,
    %(source_id)s,
    %(location)s,
    %(title)s,
    %(class_name)s,
    %(wikidata_id)s,
    %(article)s,
    %(page_url)s,
    %(licence)s,
    %(licence_url)s,
    %(author)s,
    %(wiki)s
from muse.images
where sha256 = %(key)s
on conflict (source_id, location, wikidata_id) do update set
    image_id = excluded.image_id,
    title = excluded.title,
    class = excluded.class,
    article = excluded.article,
    page_url = excluded.page_url,
    licence = excluded.licence,
    licence_url = excluded.licence_url,
    author = excluded.author,
    wiki = excluded.wiki
where (
    source.image_id, source.title, source.class, source.article, source.page_url,
    source.licence, source.licence_url, source.author, source.wiki
) is distinct from (
    excluded.image_id, excluded.title, excluded.class, excluded.article, excluded.page_url,
    excluded.licence, excluded.licence_url, excluded.author, excluded.wiki
);

-- name: select_replaced
-- Pictures stored at these locations, and pictures of these items from the same source.
select image_id from muse.image_sources
where source_id = %(source_id)s and location = any(%(locations)s)
union distinct
select image_id from muse.image_sources
where source_id = %(source_id)s and wikidata_id = any(%(items)s);

-- name: delete_outdated
delete from muse.image_sources
where
    source_id = %(source_id)s
    and wikidata_id = any(%(items)s)
    and location <> all(%(locations)s);

-- name: find_by_address
-- Joined with the queue, because a file in an archive may have an address as its name.
select image.sha256
from muse.image_sources as source
inner join muse.images as image on source.image_id = image.image_id
inner join muse.image_fetches as fetched
    on source.source_id = fetched.source_id and source.location = fetched.address
where source.location = %(address)s and fetched.state = 'done'
order by source.image_source_id
limit 1;

-- name: finish_fetches
-- All queue rows of the address, whatever their source.
update muse.image_fetches
set
    state = 'done',
    finished_at = clock_timestamp(),
    error = null,
    lease = null,
    leased_until = null
where address = %(address)s and state = 'waiting'
returning
    source_id, title, class, wikidata_id, article, page_url, licence, licence_url, author,
    wiki;

-- name: delete_without_source
delete from muse.images as image
where
    image.image_id = any(%(ids)s)
    and not exists (
        select from muse.image_sources as source
        where source.image_id = image.image_id
    );

-- name: select_confidence
select
    model.config #>> '{confidence,learned_on}' as learned_on,
    model.config #>> '{confidence,pairs}' as pairs
from muse.deployments as live
inner join muse.models as model on live.model_id = model.model_id
where live.name = 'images';

-- name: select_held_out
-- One of five pictures of a dam.
select
    image.image_id,
    image.thumbnail
from muse.image_sources as source
inner join muse.images as image on source.image_id = image.image_id
where source.class = 'dam' and source.location like '%/dam1.webp';

-- name: select_kept_classifiers
-- Classifiers of the live model and of the one before it, which older transactions still read.
select distinct (model.config ->> 'classifier')::bigint
from muse.deployments as live
inner join muse.models as model on model.model_id in (live.model_id, live.previous_id)
where live.name = 'images' and model.config ? 'classifier';

-- name: insert_neighborhoods
-- Of a sample, the same at every training.
insert into muse.image_neighborhoods (model_id, image_id, distances)
select
    vector.model_id,
    vector.image_id,
    near.distances
from (
    select image.image_id
    from muse.images as image
    order by hashint8extended(image.image_id, 0)
    limit %(pictures)s
) as drawn
inner join muse.image_vectors as vector
    on drawn.image_id = vector.image_id and vector.model_id = %(model_id)s
cross join
    lateral (
        select array_agg(nearest.distance order by nearest.distance) as distances
        from (
            select
                (
                    other.embedding operator(public.<=>) vector.embedding -- noqa: LT01
                )::real as distance
            from muse.image_vectors as other
            where other.model_id = %(model_id)s and other.image_id <> vector.image_id
            order by other.embedding operator(public.<=>) vector.embedding -- noqa: LT01
            limit %(neighbors)s
        ) as nearest
    ) as near
where near.distances is not null;

-- name: select_nearest_quantiles
select
    percentile_disc(
        array(select i / %(quantiles)s::float8 from generate_series(0, %(quantiles)s) as i)
    ) within group (order by distances[1])
from muse.image_neighborhoods
where model_id = %(model_id)s;

-- name: select_labelled
-- Pictures of classes with several pictures first, in an order that is random and repeatable.
with one as (
    select distinct on (source.image_id)
        source.image_id,
        source.class
    from muse.image_sources as source
    where source.class is not null
    order by source.image_id, source.title is null, source.image_source_id
),

several as (
    select class from one
    group by class
    having count(*) > 1
)

select
    vector.embedding,
    one.class,
    vector.label
from one
inner join muse.image_vectors as vector
    on one.image_id = vector.image_id and vector.model_id = %(model_id)s
order by
    one.class in (select class from several) desc,
    hashtextextended(one.class, 0) asc,
    one.image_id asc
limit %(pictures)s;
