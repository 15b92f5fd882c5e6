-- Queries of the training of the models of songs and of artists.
--
-- An item is a track, or an artist.

-- Values for sqlfluff, which takes a parameter without one for a column.
-- sqlfluff:templater:placeholder:shortest:1
-- sqlfluff:templater:placeholder:longest:1
-- sqlfluff:templater:placeholder:artist_share:1
-- sqlfluff:templater:placeholder:held_out:1

-- name: drop_temporary
drop table if exists pg_temp.training, pg_temp.artist_of, pg_temp.version_of;

-- name: usual_length
-- Nearly all playlists are as short as this; at least the 119 of the first song radio. The pairs of
-- a playlist grow with the square of its length.
select greatest(119, least(500, percentile_disc(0.99) within group (order by places)))::integer
from muse.playlists
where places >= %(shortest)s;

-- name: create_training
-- A copy, so that concurrent loads do not change the training data. Long playlists are cut into
-- parts of equal length. `draw` is a random number that depends on the identity alone: it orders
-- the playlists, and the lowest are held out.
create temporary table training as
select
    row_number() over (order by playlist.playlist_id, part.number) as part_id,
    playlist.playlist_id,
    hashtextextended(playlist.identity, part.number) as draw,
    playlist.track_ids[
        (part.number * playlist.places / part.parts) + 1:
        ((part.number + 1) * playlist.places / part.parts)
    ] as items,
    0 as hidden,
    false as single
from muse.playlists as playlist
cross join
    lateral (
        select
            number,
            ceil(playlist.places::numeric / %(longest)s)::bigint as parts
        from generate_series(0, ceil(playlist.places::numeric / %(longest)s)::bigint - 1) as number
    ) as part
where playlist.places >= %(shortest)s and playlist.places > 0;

-- name: count_playlists
select
    count(*) filter (where places < %(shortest)s) as short,
    count(*) filter (where places >= %(shortest)s and places > %(longest)s) as long
from muse.playlists
where places > 0;

-- name: mark_single_artist
update pg_temp.training set single = true
from (
    select
        listed.part_id,
        track.artist,
        count(*) as places
    from pg_temp.training as listed
    cross join unnest(listed.items) as place (track_id)
    inner join muse.tracks as track on place.track_id = track.track_id
    where track.artist is not null
    group by listed.part_id, track.artist
) as share
where
    share.part_id = training.part_id
    and share.places > %(artist_share)s * cardinality(training.items);

-- name: count_single_artist
select
    count(*) filter (where single) as single,
    count(*) as playlists
from pg_temp.training;

-- name: delete_single_artist
delete from pg_temp.training
where single;

-- name: hide_held_out
with drawn as (
    select
        part_id,
        cardinality(items) / 5 as hidden
    from pg_temp.training
    where cardinality(items) >= 10
    order by draw, part_id
    limit (
        select least(1000, %(held_out)s * count(counted.draw)) from pg_temp.training as counted
    )
)

update pg_temp.training set hidden = drawn.hidden
from drawn
where drawn.part_id = training.part_id;

-- name: show_held_out
update pg_temp.training set hidden = 0
where hidden > 0;

-- name: create_versions
-- Tracks that have other versions, with the most played version, which stands for all.
create temporary table version_of as
select
    version.track_id,
    version.item
from (
    select
        track_id,
        first_value(track_id) over works as item,
        count(*) over (partition by work) as versions
    from muse.tracks
    window works as (partition by work order by places desc, track_id asc)
) as version
where version.versions > 1;

-- name: replace_by_works
update pg_temp.training set items = array(
    select coalesce(version.item, place.item)
    from unnest(training.items) with ordinality as place (item, number)
    left join pg_temp.version_of as version on place.item = version.track_id
    order by place.number
);

-- name: select_versions
select
    item,
    array_agg(track_id) as track_ids
from pg_temp.version_of
group by item;

-- name: create_artists
-- The artist of each track. An artist is its id in the source; a name without an id stands for the
-- id that most places of tracks of that spelling have, else for itself.
create temporary table artist_of as
with spelled as (
    select
        track.track_id,
        track.artist,
        track.artist_id,
        track.places,
        muse.spelling(track.artist) as spelling
    from muse.tracks as track
    where
        track.artist_id is not null or muse.spelling(track.artist) <> ''
),

owner as (
    select distinct on (known.spelling)
        known.spelling,
        known.artist_id
    from (
        select
            spelling,
            artist_id,
            sum(places) as places
        from spelled
        where artist_id is not null and spelling <> ''
        group by spelling, artist_id
    ) as known
    order by known.spelling asc, known.places desc, known.artist_id asc
)

select
    spelled.track_id,
    spelled.artist,
    spelled.places,
    coalesce(spelled.artist_id, owner.artist_id, 'name:' || spelled.spelling) as item
from spelled
left join owner on spelled.artist_id is null and spelled.spelling = owner.spelling;
create index on pg_temp.artist_of (track_id);
analyze pg_temp.artist_of;

-- name: replace_by_artists
-- The hidden part of a playlist has the artists that are not in its visible part.
update pg_temp.training as training set
    items = parts.visible || parts.unseen, hidden = cardinality(parts.unseen)
from (
    select
        listed.part_id,
        coalesce(
            array_agg(artist.item order by place.number) filter (
                where place.number <= cardinality(listed.items) - listed.hidden
            ), '{}'
        ) as visible,
        array(
            select unseen.item
            from
                unnest(
                    listed.items[cardinality(listed.items) - listed.hidden + 1:]
                ) with ordinality as track (track_id, number)
            inner join pg_temp.artist_of as unseen on track.track_id = unseen.track_id
            where
                unseen.item not in (
                    select visible.item
                    from
                        unnest(
                            listed.items[1:cardinality(listed.items) - listed.hidden]
                        ) as shown (track_id)
                    inner join pg_temp.artist_of as visible on shown.track_id = visible.track_id
                )
            group by unseen.item
            order by min(track.number)
        ) as unseen
    from pg_temp.training as listed
    cross join unnest(listed.items) with ordinality as place (track_id, number)
    inner join pg_temp.artist_of as artist on place.track_id = artist.track_id
    group by listed.part_id, listed.items, listed.hidden
) as parts
where parts.part_id = training.part_id;

-- name: delete_without_artists
delete from pg_temp.training
where not exists (
    select from pg_temp.artist_of as known
    where known.track_id = any(training.items)
);

-- name: artist_names
-- The name that most places of an artist have.
select distinct on (named.item)
    named.item,
    named.artist
from (
    select
        item,
        artist,
        sum(places) as places
    from pg_temp.artist_of
    where artist is not null
    group by item, artist
) as named
order by named.item asc, named.places desc, named.artist asc;

-- name: training_size
select
    count(distinct training.playlist_id) as playlists,
    count(*) as places,
    count(distinct place.item) as items,
    (select coalesce(sum(counted.hidden), 0)::bigint from pg_temp.training as counted) as hidden
from pg_temp.training as training
cross join unnest(
    training.items[1:cardinality(training.items) - training.hidden]
) as place (item);

-- name: count_held_out
select
    count(distinct playlist_id) filter (where hidden > 0) as held_out,
    coalesce(max(cardinality(items) - hidden), 0) as longest
from pg_temp.training;

-- name: count_items
select count(distinct place.item) as items
from pg_temp.training as training
cross join unnest(training.items[1:cardinality(training.items) - training.hidden]) as place (item);

-- name: visible_parts
select items[1:cardinality(items) - hidden] as visible
from pg_temp.training
order by draw, part_id;

-- name: held_out_parts
select
    items[1:cardinality(items) - hidden] as visible,
    items[cardinality(items) - hidden + 1:] as hidden
from pg_temp.training
where hidden > 0
order by draw, part_id;
