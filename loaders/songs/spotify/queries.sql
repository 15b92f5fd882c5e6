-- Queries of the crawl of Spotify.

-- waits ---------------------------------------------------------------------------------------

-- name: begin
insert into muse.spotify_state (only_row) values (true) on conflict do nothing;
insert into muse.spotify_words (word) values ('a') on conflict do nothing;

-- name: select_state
select
    extract(epoch from state.not_before - clock_timestamp())::float8 as seconds,
    state.not_before,
    state.reason,
    state.search_size,
    state.page_size
from muse.spotify_state as state;

-- name: store_wait
update muse.spotify_state set
    not_before = clock_timestamp() + make_interval(secs => %(seconds)s),
    reason = %(reason)s,
    updated_at = now()
returning not_before;

-- name: store_requests
update muse.spotify_state set
    requests = requests + %(requests)s,
    search_size = %(search_size)s,
    page_size = %(page_size)s,
    updated_at = now();

-- words ---------------------------------------------------------------------------------------

-- name: next_word
-- The word whose search has begun, else the commonest one.
select
    word.word,
    word.next_place
from muse.spotify_words as word
where word.searched_at is null
order by word.next_place > 0 desc, word.titles desc, word.word asc
limit 1;

-- name: insert_found
-- New playlists; known ones that changed wait for their tracks again. Answers the new ones' titles.
insert into muse.spotify_playlists as known (
    spotify_id, origin, title, owner, snapshot, size, word, place
)
select
    found.spotify_id,
    'search' as origin,
    found.title,
    found.owner,
    found.snapshot,
    found.size,
    %(word)s,
    found.place
from
    unnest(
        %(ids)s::text[], %(titles)s::text[], %(owners)s::text[], %(snapshots)s::text[],
        %(sizes)s::integer[], %(places)s::integer[]
    ) as found (spotify_id, title, owner, snapshot, size, place)
order by found.place
on conflict (spotify_id) do update
    set
        title = excluded.title,
        owner = excluded.owner,
        snapshot = excluded.snapshot,
        size = excluded.size,
        state = 'waiting',
        reason = null,
        attempts = 0,
        not_before = null,
        next_place = 0
    where
    known.state in ('loaded', 'empty', 'gone', 'failed')
    and excluded.snapshot is not null
    and excluded.snapshot is distinct from known.snapshot
returning spotify_id, xmax = 0 as is_new;

-- name: delete_old_pages
-- Pages of playlists that are read from their start again.
delete from muse.spotify_pages as page using muse.spotify_playlists as playlist
where page.number = playlist.number and playlist.next_place = 0;

-- name: count_words
insert into muse.spotify_words as known (word, titles)
select
    word,
    count
from unnest(%(words)s::text[], %(counts)s::bigint[]) as new (word, count)
order by word
on conflict (word) do update set titles = known.titles + excluded.titles;

-- name: advance_word
update muse.spotify_words set
    next_place = coalesce(%(next_place)s, next_place),
    results = coalesce(%(results)s, results),
    found = found + %(found)s,
    attempts = 0,
    searched_at = case when %(next_place)s::integer is null then now() end
where word = %(word)s;

-- name: fail_word
update muse.spotify_words set
    attempts = attempts + 1,
    failure = %(reason)s,
    searched_at = case when attempts + 1 >= %(attempts)s then now() end
where word = %(word)s;

-- name: retry_words
-- Words whose search failed are searched again a day later, or now with `again`.
update muse.spotify_words set attempts = 0, searched_at = null
where
    attempts >= %(attempts)s
    and (searched_at < now() - interval '1 day' or %(again)s);

-- tracks --------------------------------------------------------------------------------------

-- name: next_playlist
select
    playlist.number,
    playlist.spotify_id,
    playlist.title,
    playlist.owner,
    playlist.next_place
from muse.spotify_playlists as playlist
where
    playlist.state = 'waiting'
    and playlist.origin = %(origin)s
    and (playlist.not_before is null or playlist.not_before <= clock_timestamp())
order by playlist.number
limit 1;

-- name: upsert_playlist
-- A playlist that somebody asks for. It waits for its tracks where it has changed, or with `again`;
-- no row where it was forgotten.
insert into muse.spotify_playlists as known (spotify_id, origin, title, owner, snapshot, size)
values (%(spotify_id)s, %(origin)s, %(title)s, %(owner)s, %(snapshot)s, %(size)s)
on conflict (spotify_id) do update
    set
        origin = excluded.origin,
        title = excluded.title,
        owner = excluded.owner,
        snapshot = excluded.snapshot,
        size = excluded.size,
        state = case
            when
                known.state in ('loaded', 'withheld', 'empty') and known.origin = excluded.origin
                and known.snapshot = excluded.snapshot and not %(again)s
                then known.state
            else 'waiting'
        end,
        next_place = case
            when
                known.state = 'waiting' and known.snapshot = excluded.snapshot
                then known.next_place
            else 0
        end,
        attempts = 0,
        not_before = null,
        checked_at = now()
    where known.state <> 'forgotten' or %(again)s
returning number, spotify_id, title, owner, next_place, state;

-- name: refuse_playlist
insert into muse.spotify_playlists as known (spotify_id, origin, state, reason)
values (%(spotify_id)s, %(origin)s, %(state)s, %(reason)s)
on conflict (spotify_id) do update
    set state = excluded.state, reason = excluded.reason, checked_at = now()
    where known.state <> 'forgotten';

-- name: store_page
insert into muse.spotify_pages (number, place, tracks, page_hash)
values (%(number)s, %(place)s, %(tracks)s, %(page_hash)s)
on conflict (number, place) do update
    set tracks = excluded.tracks, page_hash = excluded.page_hash;

-- name: advance_playlist
update muse.spotify_playlists set next_place = %(next_place)s
where number = %(number)s;

-- name: last_page_hash
select page.page_hash
from muse.spotify_pages as page
where page.number = %(number)s
order by page.place desc
limit 1;

-- name: select_pages
select page.tracks
from muse.spotify_pages as page
where page.number = %(number)s
order by page.place;

-- name: finish_playlist
update muse.spotify_playlists set
    state = %(state)s,
    reason = %(reason)s,
    places = %(places)s,
    loaded_at = case when %(state)s = 'loaded' then now() else loaded_at end,
    checked_at = now(),
    next_place = 0,
    attempts = 0,
    not_before = null
where number = %(number)s;

-- name: own_playlist
-- A playlist belongs to the source that asked for it last, also where its content is the same.
update muse.playlists set source_id = %(source)s
where identity = %(identity)s and source_id <> %(source)s;

-- name: delete_pages
delete from muse.spotify_pages
where number = %(number)s;

-- name: fail_playlist
-- Read again from its start an hour later; given up after some attempts.
update muse.spotify_playlists set
    attempts = attempts + 1,
    reason = %(reason)s,
    next_place = 0,
    not_before = now() + interval '1 hour',
    state = case when attempts + 1 >= %(attempts)s then 'failed' else 'waiting' end
where number = %(number)s
returning state;

-- name: count_waiting
select
    count(*) filter (where playlist.state = 'waiting') as playlists,
    (
        select count(*) from muse.spotify_words as word
        where word.searched_at is null
    ) as words
from muse.spotify_playlists as playlist
where playlist.origin = %(origin)s;

-- name: retry_refused
update muse.spotify_playlists set
    state = 'waiting',
    reason = null,
    attempts = 0,
    next_place = 0,
    not_before = null
where state in ('withheld', 'gone', 'failed') and origin = %(origin)s;

-- refresh -------------------------------------------------------------------------------------

-- name: oldest_checked
-- Playlists whose snapshot was compared longest ago.
select playlist.spotify_id
from muse.spotify_playlists as playlist
where
    playlist.state = 'loaded' and playlist.origin = %(origin)s
    and playlist.checked_at < now() - interval '12 hours'
order by playlist.checked_at
limit %(checks)s;

-- name: postpone_check
update muse.spotify_playlists set checked_at = now()
where spotify_id = %(spotify_id)s;

-- forget --------------------------------------------------------------------------------------

-- name: forget_playlists
-- Only the id stays, so that the crawl does not load the playlist again.
update muse.spotify_playlists set
    state = 'forgotten',
    reason = null,
    title = null,
    owner = null,
    snapshot = null,
    size = null,
    word = null,
    place = null,
    places = null,
    loaded_at = null,
    next_place = 0
where {condition};

-- name: delete_forgotten_likes
-- Their id names the user; they are loaded again only where that user logs in.
delete from muse.spotify_playlists
where state = 'forgotten' and spotify_id like 'spotify:user:%';

-- name: delete_forgotten_pages
delete from muse.spotify_pages as page using muse.spotify_playlists as playlist
where page.number = playlist.number and playlist.state = 'forgotten';

-- name: delete_crawl
-- Ids of forgotten playlists stay.
delete from muse.spotify_playlists
where origin = %(origin)s and state <> 'forgotten';

-- name: wait_again
-- Playlists that another source also asked for, and that were deleted with this one.
update muse.spotify_playlists as known set state = 'waiting', next_place = 0
where
    known.state = 'loaded'
    and not exists (
        select from muse.playlists as playlist
        where
            playlist.identity in (
                known.spotify_id, 'https://open.spotify.com/playlist/' || known.spotify_id
            )
    );

-- name: delete_words
delete from muse.spotify_words;
