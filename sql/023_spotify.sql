-- The crawl of Spotify over time, how its sample leans, and what waits.

create or replace view muse.spotify_crawl as
with fruitful as (
    select word.word
    from muse.spotify_words as word
    where word.found > 0
    order by word.found desc, word.word asc
    limit 10
),

searched as (
    select
        (word.searched_at at time zone 'UTC')::date as day,
        count(*) as words
    from muse.spotify_words as word
    where word.searched_at is not null
    group by day
),

found as (
    select
        (playlist.found_at at time zone 'UTC')::date as day,
        count(*) as playlists,
        avg((playlist.place < 10)::integer) as first_ten,
        avg((fruitful.word is not null)::integer) as ten_words
    from muse.spotify_playlists as playlist
    left join fruitful on playlist.word = fruitful.word
    where playlist.origin = 'search' and playlist.state <> 'forgotten'
    group by day
),

loaded as (
    select
        (playlist.loaded_at at time zone 'UTC')::date as day,
        count(*) as playlists,
        sum(playlist.places) as places
    from muse.spotify_playlists as playlist
    where playlist.loaded_at is not null
    group by day
),

days as (
    select searched.day from searched
    union
    select found.day from found
    union
    select loaded.day from loaded
)

select
    days.day,
    coalesce(searched.words, 0) as words_searched,
    coalesce(found.playlists, 0) as playlists_found,
    coalesce(loaded.playlists, 0) as playlists_loaded,
    coalesce(loaded.places, 0)::bigint as places_loaded,
    found.first_ten::real as first_ten_share,
    found.ten_words::real as ten_words_share
from days
left join searched on days.day = searched.day
left join found on days.day = found.day
left join loaded on days.day = loaded.day;

comment on view muse.spotify_crawl is
'One row per day (UTC) of the crawl of Spotify: select * from spotify_crawl order by day desc';
comment on column muse.spotify_crawl.day is 'Day in UTC (key)';
comment on column muse.spotify_crawl.words_searched is
'Number of words whose search ended that day';
comment on column muse.spotify_crawl.playlists_found is
'Number of playlists that searches found for the first time';
comment on column muse.spotify_crawl.playlists_loaded is
'Number of playlists whose tracks were stored that day and not again later';
comment on column muse.spotify_crawl.places_loaded is 'Number of tracks in them, with repetitions';
comment on column muse.spotify_crawl.first_ten_share is
'Share of the found playlists that were among the first ten results, where Spotify lists the most '
'followed: a large share leans to popular playlists; null if none was found';
comment on column muse.spotify_crawl.ten_words_share is
'Share of the found playlists that the ten most fruitful words found: a large share leans to their '
'languages and topics; null if none was found';

create or replace view muse.spotify_waiting as
select
    'playlists'::text as what,
    playlist.origin as subject,
    playlist.state,
    playlist.reason,
    count(*) as number,
    min(playlist.not_before) as not_before
from muse.spotify_playlists as playlist
where playlist.state not in ('loaded', 'empty')
group by playlist.origin, playlist.state, playlist.reason
union all
select
    'words' as what,
    'search' as subject,
    case when word.searched_at is null then 'waiting' else 'failed' end as state,
    word.failure as reason,
    count(*) as number,
    null as not_before
from muse.spotify_words as word
where word.searched_at is null or word.attempts >= 3
group by (word.searched_at is null), word.failure
union all
select
    'requests' as what,
    'all' as subject,
    'waiting' as state,
    state.reason,
    1 as number,
    state.not_before
from muse.spotify_state as state
where state.not_before > now();

comment on view muse.spotify_waiting is
'One row per reason why something of Spotify waits or is not loaded: select * from spotify_waiting';
comment on column muse.spotify_waiting.what is 'playlists, words or requests (part of the key)';
comment on column muse.spotify_waiting.subject is
'Origin of the playlists: search, named or mine (part of the key)';
comment on column muse.spotify_waiting.state is
'waiting, withheld, gone, failed or forgotten (part of the key)';
comment on column muse.spotify_waiting.reason is
'Why: what Spotify answered; null if it is only their turn later (part of the key)';
comment on column muse.spotify_waiting.number is 'Number of them';
comment on column muse.spotify_waiting.not_before is
'Time of the next attempt; null if the next run makes one, or none is made';
