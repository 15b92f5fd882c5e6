-- Queries of the training of the models of songs and of artists.
--
-- An item is a track, or an artist.

-- Values for sqlfluff, which takes a parameter without one for a column.
-- sqlfluff:templater:placeholder:held_out:1
-- sqlfluff:templater:placeholder:low:1
-- sqlfluff:templater:placeholder:high:1
-- sqlfluff:templater:placeholder:shrink:1

-- name: drop_temporary
drop table if exists pg_temp.training, pg_temp.numbered, pg_temp.member, pg_temp.artist_of;

-- name: create_training
-- A copy, so that concurrent loads do not change the training data. `draw` is a random number that
-- depends on the identity alone: it orders the playlists, and the lowest are held out.
create temporary table training as
select
    playlist_id,
    hashtextextended(identity, 0) as draw,
    track_ids as items
from muse.playlists
where places between %(shortest)s and %(longest)s;

-- name: delete_single_artist
delete from pg_temp.training using (
    select
        listed.playlist_id,
        track.artist,
        count(*) as places
    from pg_temp.training as listed
    cross join unnest(listed.items) as place (track_id)
    inner join muse.tracks as track on place.track_id = track.track_id
    where track.artist is not null
    group by listed.playlist_id, track.artist
) as share
where
    share.playlist_id = training.playlist_id
    and share.places > %(artist_share)s * cardinality(training.items);

-- name: hide_held_out
with drawn as (
    select
        playlist_id,
        cardinality(items) / 5 as hidden
    from pg_temp.training
    where cardinality(items) >= 10
    order by draw, playlist_id
    limit (
        select least(1000, %(held_out)s * count(counted.draw)) from pg_temp.training as counted
    )
)

update pg_temp.training set hidden = drawn.hidden
from drawn
where drawn.playlist_id = training.playlist_id;

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
        listed.playlist_id,
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
    group by listed.playlist_id, listed.items, listed.hidden
) as parts
where parts.playlist_id = training.playlist_id;

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
    count(distinct place.item) as items
from pg_temp.training as training
cross join unnest(
    training.items[1:cardinality(training.items) - training.hidden]
) as place (item);

-- name: visible_parts
select items[1:cardinality(items) - hidden] as visible
from pg_temp.training
order by draw, playlist_id;

-- name: held_out_parts
select
    items[1:cardinality(items) - hidden] as visible,
    items[cardinality(items) - hidden + 1:] as hidden
from pg_temp.training
where hidden > 0
order by draw, playlist_id;

-- name: popular_items
select place.item
from pg_temp.training as training
cross join
    unnest(
        training.items[1:cardinality(training.items) - training.hidden]
    ) as place (item)
group by place.item
order by count(*) desc, place.item
limit 1000;

-- name: create_members
-- Tables for item-kNN: the cosine between the sets of playlists of two items, shrunk. A playlist
-- has the weight 1/sqrt of its length, since a short one says more about each pair in it.
create temporary table once as
select distinct
    training.playlist_id,
    place.item
from pg_temp.training as training
cross join unnest(training.items) as place (item);
create temporary table weighed as
select
    playlist_id,
    1 / sqrt(count(*)) as weight
from pg_temp.once
group by playlist_id;
create temporary table numbered as
select
    once.item,
    row_number() over (order by once.item)::integer as number,
    sum(weighed.weight) as alone
from pg_temp.once as once
inner join pg_temp.weighed as weighed on once.playlist_id = weighed.playlist_id
group by once.item;
create temporary table member as
select
    once.playlist_id,
    numbered.number,
    weighed.weight
from pg_temp.once as once
inner join pg_temp.weighed as weighed on once.playlist_id = weighed.playlist_id
inner join pg_temp.numbered as numbered on once.item = numbered.item;
drop table pg_temp.once, pg_temp.weighed;
create index on pg_temp.member (number);
create index on pg_temp.member (playlist_id);
create unique index on pg_temp.numbered (number);
analyze pg_temp.numbered;
analyze pg_temp.member;

-- name: fill_neighbors
with together as (
    select
        one.number,
        other.number as neighbor,
        count(*)::integer as playlists,
        sum(one.weight) as weight
    from pg_temp.member as one
    inner join pg_temp.member as other
        on one.playlist_id = other.playlist_id and one.number <> other.number
    where one.number between %(low)s and %(high)s
    group by one.number, other.number
),

pair as (
    select
        one.item,
        other.item as neighbor_id,
        together.playlists,
        together.weight / (sqrt(one.alone * other.alone) + %(shrink)s) as similarity
    from together
    inner join pg_temp.numbered as one on together.number = one.number
    inner join pg_temp.numbered as other on together.neighbor = other.number
),

ranked as (
    select
        item,
        neighbor_id,
        playlists,
        similarity,
        row_number() over (partition by item order by similarity desc, neighbor_id asc) as rank
    from pair
)

insert into {part} (model_id, {key}, neighbor_id, playlists, similarity)
select
    %(model_id)s,
    item,
    neighbor_id,
    playlists,
    similarity::real
from ranked
where rank <= %(neighbors)s;
