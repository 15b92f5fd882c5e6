-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: select_host
-- The next host that has a free slot and a waiting address. The row lock is kept until the lease is
-- written, so that two workers cannot count the same leases.
select
    host.host,
    host.at_once,
    host.bits_per_second
from muse.image_hosts as host
where
    host.host = any(%(hosts)s)
    and host.not_before <= clock_timestamp()
    and exists (
        select from muse.image_fetches as waiting
        where
            waiting.host = host.host
            and waiting.state = 'waiting'
            and waiting.not_before <= clock_timestamp()
            and (waiting.leased_until is null or waiting.leased_until <= clock_timestamp())
            and waiting.attempts < %(attempts)s
    )
    and (
        select count(distinct leased.lease)
        from muse.image_fetches as leased
        where
            leased.host = host.host
            and leased.lease is not null
            and leased.leased_until > clock_timestamp()
    ) < host.at_once
order by host.not_before, host.host
limit 1
for update skip locked;

-- name: lease_one
-- A statement of its own: it sees leases that were committed while select_host waited for the row.
-- An address that is queued twice is fetched once, so one that is leased already is skipped.
update muse.image_fetches
set
    lease = %(lease)s,
    attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where
    fetch_id = (
        select waiting.fetch_id
        from muse.image_fetches as waiting
        where
            waiting.host = %(host)s
            and waiting.state = 'waiting'
            and waiting.not_before <= clock_timestamp()
            and (waiting.leased_until is null or waiting.leased_until <= clock_timestamp())
            and waiting.attempts < %(attempts)s
            and not exists (
                select from muse.image_fetches as twin
                where twin.address = waiting.address and twin.leased_until > clock_timestamp()
            )
        order by waiting.fetch_id
        limit 1
        for update skip locked
    )
    and (
        select count(distinct leased.lease)
        from muse.image_fetches as leased
        where
            leased.host = %(host)s
            and leased.lease is not null
            and leased.leased_until > clock_timestamp()
    ) < %(at_once)s
returning fetch_id, address, host, commons_file, download_url;

-- name: lease_commons_files
-- Further files of Commons under the same lease: one request describes up to 50.
update muse.image_fetches
set
    lease = %(lease)s,
    attempts = attempts + 1,
    leased_until = clock_timestamp() + make_interval(secs => %(seconds)s)
where
    fetch_id in (
        select waiting.fetch_id
        from muse.image_fetches as waiting
        where
            waiting.host = %(host)s
            and waiting.state = 'waiting'
            and waiting.not_before <= clock_timestamp()
            and (waiting.leased_until is null or waiting.leased_until <= clock_timestamp())
            and waiting.attempts < %(attempts)s
            and waiting.commons_file is not null
            and waiting.download_url is null
        order by waiting.fetch_id
        limit %(row_limit)s
        for update skip locked
    )
returning fetch_id, address, host, commons_file, download_url;

-- name: schedule_next_request
update muse.image_hosts
set not_before = clock_timestamp() + interval '1 minute' / requests_per_minute
where host = %(host)s;

-- name: insert_hosts
insert into muse.image_hosts (host)
select distinct host from muse.image_fetches
where state = 'waiting' and host = any(%(hosts)s)
on conflict do nothing;

-- name: seconds_until_next
-- A lease counts until it expires: its worker may have been killed.
select
    extract(
        epoch from min(
            greatest(waiting.not_before, host.not_before, waiting.leased_until)
        ) - clock_timestamp()
    )::float as seconds
from muse.image_fetches as waiting
inner join muse.image_hosts as host on waiting.host = host.host
where waiting.state = 'waiting' and host.host = any(%(hosts)s);

-- name: fail_exhausted
update muse.image_fetches
set
    state = 'failed',
    finished_at = clock_timestamp(),
    lease = null,
    leased_until = null,
    error = coalesce(error, 'every worker that took it died')
where
    state = 'waiting'
    and attempts >= %(attempts)s
    and (leased_until is null or leased_until <= clock_timestamp())
returning source_id, address, error;

-- name: requeue_failed
update muse.image_fetches
set
    state = 'waiting',
    finished_at = null,
    attempts = 0,
    error = null,
    not_before = now()
where state = 'failed';

-- name: store_file_info
update muse.image_fetches
set
    download_url = %(download_url)s,
    page_url = %(page_url)s,
    licence = %(licence)s,
    licence_url = %(licence_url)s,
    author = %(author)s,
    host = %(host)s,
    lease = null,
    leased_until = null,
    attempts = 0,
    error = null
where fetch_id = %(fetch_id)s and lease = %(lease)s;

-- name: fail
update muse.image_fetches
set
    state = 'failed',
    finished_at = clock_timestamp(),
    error = %(reason)s,
    lease = null,
    leased_until = null
where fetch_id = any(%(ids)s) and lease = %(lease)s
returning source_id, address, error;

-- name: retry_later
update muse.image_fetches
set
    not_before = clock_timestamp()
    + make_interval(secs => %(first_wait)s * 2 ^ (attempts - 1)),
    error = %(reason)s,
    lease = null,
    leased_until = null
where fetch_id = any(%(ids)s) and lease = %(lease)s;

-- name: release
update muse.image_fetches
set
    attempts = attempts - %(uncounted)s,
    error = %(reason)s,
    lease = null,
    leased_until = null
where fetch_id = any(%(ids)s) and lease = %(lease)s;

-- name: back_off_host
update muse.image_hosts
set
    failures = failures + 1,
    not_before = greatest(not_before, clock_timestamp() + make_interval(
        secs => coalesce(
            %(seconds)s, least(%(first_wait)s * 2 ^ least(failures, 20), %(longest_wait)s)
        )
    ))
where host = %(host)s
returning failures;

-- name: count_waiting
select
    count(*) filter (where host = any(%(hosts)s)) as allowed,
    count(*) filter (where host <> all(%(hosts)s)) as other,
    min(host) filter (where host <> all(%(hosts)s)) as other_host
from muse.image_fetches
where state = 'waiting';

-- name: select_classes
-- A class with its item's own image, else the first image of an article of the item: that in enwiki
-- if it has one.
select
    class.class_id,
    class.class,
    coalesce(own.file, page.image) as file,
    case when own.file is null then page.title end as article,
    case when own.file is null then page.wiki end as wiki
from muse.classes as class
left join muse.wikidata as item on class.class_id = item.wikidata_id
left join lateral (
    select statement.value ->> 'value' as file
    from jsonb_array_elements(item.claims -> 'P18') with ordinality as statement (value, place)
    where statement.value ? 'value' and statement.value ->> 'rank' <> 'deprecated'
    order by statement.value ->> 'rank' <> 'preferred', statement.place
    limit 1
) as own on true
left join lateral (
    select
        article.title,
        article.wiki,
        article.image
    from muse.articles as article
    where own.file is null and article.wikidata_id = class.class_id
    order by article.image is null, article.wiki <> 'enwiki', article.wiki, article.title
    limit 1
) as page on true
where class.items >= %(min_count)s and class.class_id ~ '^Q[1-9][0-9]*$'
order by class.items desc, class.class_id asc;

-- name: enqueue
insert into muse.image_fetches (
    source_id, address, host, title, class, wikidata_id, article, wiki, commons_file, download_url
)
values (
    %(source_id)s, %(address)s, %(host)s, %(title)s, %(class)s, %(wikidata_id)s, %(article)s,
    %(wiki)s, %(commons_file)s, %(download_url)s
)
on conflict (source_id, address, wikidata_id) do nothing;

-- name: delete_outdated
-- Addresses that an earlier call queued and this one does not: the class has another picture now,
-- or fewer items than asked for.
delete from muse.image_fetches as queued
where
    queued.source_id = %(source_id)s
    and queued.state <> 'done'
    and not exists (
        select from unnest(%(ids)s::text[], %(addresses)s::text[]) as current (wikidata_id, address)
        where current.wikidata_id = queued.wikidata_id and current.address = queued.address
    );

-- name: fail_interrupted_runs
-- Runs of workers that were killed: their server process is gone.
update muse.load_runs as run
set status = 'failed', finished_at = now(), message = 'interrupted'
from muse.sources as source
where
    source.source_id = run.source_id
    and source.topic = 'images'
    and run.status = 'running'
    and not exists (
        select from pg_stat_activity as activity
        where activity.pid = run.backend_pid
    );
