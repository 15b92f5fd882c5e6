-- Queries of the training of the song model.

-- Values for sqlfluff, which takes a parameter without one for a column.
-- sqlfluff:templater:placeholder:held_out:1
-- sqlfluff:templater:placeholder:low:1
-- sqlfluff:templater:placeholder:high:1
-- sqlfluff:templater:placeholder:shrink:1

-- name: create_training
-- A copy, so that concurrent loads do not change the training data. `draw` is a random number that
-- depends on the identity alone: it orders the playlists, and the lowest are held out.
create temporary table training as
select
    playlist_id,
    hashtextextended(identity, 0) as draw,
    track_ids
from muse.playlists
where places between %(shortest)s and %(longest)s;

-- name: delete_single_artist
delete from pg_temp.training using (
    select
        listed.playlist_id,
        track.artist,
        count(*) as places
    from pg_temp.training as listed
    cross join unnest(listed.track_ids) as place (track_id)
    inner join muse.tracks as track on place.track_id = track.track_id
    where track.artist is not null
    group by listed.playlist_id, track.artist
) as share
where
    share.playlist_id = training.playlist_id
    and share.places > %(artist_share)s * cardinality(training.track_ids);

-- name: hide_held_out
with drawn as (
    select
        playlist_id,
        cardinality(track_ids) / 5 as hidden
    from pg_temp.training
    where cardinality(track_ids) >= 10
    order by draw, playlist_id
    limit (
        select least(1000, %(held_out)s * count(counted.draw)) from pg_temp.training as counted
    )
)

update pg_temp.training set hidden = drawn.hidden
from drawn
where drawn.playlist_id = training.playlist_id;

-- name: training_size
select
    count(distinct training.playlist_id) as playlists,
    count(*) as places,
    count(distinct place.track_id) as tracks
from pg_temp.training as training
cross join unnest(
    training.track_ids[1:cardinality(training.track_ids) - training.hidden]
) as place (track_id);

-- name: visible_parts
select track_ids[1:cardinality(track_ids) - hidden] as visible
from pg_temp.training
order by draw, playlist_id;

-- name: held_out_parts
select
    track_ids[1:cardinality(track_ids) - hidden] as visible,
    track_ids[cardinality(track_ids) - hidden + 1:] as hidden
from pg_temp.training
where hidden > 0
order by draw, playlist_id;

-- name: popular_tracks
select place.track_id
from pg_temp.training as training
cross join
    unnest(
        training.track_ids[1:cardinality(training.track_ids) - training.hidden]
    ) as place (track_id)
group by place.track_id
order by count(*) desc, place.track_id
limit 1000;

-- name: create_members
-- Tables for item-kNN: the cosine between the sets of playlists of two tracks, shrunk. A playlist
-- has the weight 1/sqrt of its length, since a short one says more about each pair in it.
create temporary table once as
select distinct
    training.playlist_id,
    place.track_id
from pg_temp.training as training
cross join unnest(training.track_ids) as place (track_id);
create temporary table weighed as
select
    playlist_id,
    1 / sqrt(count(*)) as weight
from pg_temp.once
group by playlist_id;
create temporary table numbered as
select
    once.track_id,
    row_number() over (order by once.track_id)::integer as number,
    sum(weighed.weight) as alone
from pg_temp.once as once
inner join pg_temp.weighed as weighed on once.playlist_id = weighed.playlist_id
group by once.track_id;
create temporary table member as
select
    once.playlist_id,
    numbered.number,
    weighed.weight
from pg_temp.once as once
inner join pg_temp.weighed as weighed on once.playlist_id = weighed.playlist_id
inner join pg_temp.numbered as numbered on once.track_id = numbered.track_id;
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
        one.track_id,
        other.track_id as neighbor_id,
        together.playlists,
        together.weight / (sqrt(one.alone * other.alone) + %(shrink)s) as similarity
    from together
    inner join pg_temp.numbered as one on together.number = one.number
    inner join pg_temp.numbered as other on together.neighbor = other.number
),

ranked as (
    select
        track_id,
        neighbor_id,
        playlists,
        similarity,
        row_number() over (partition by track_id order by similarity desc, neighbor_id asc) as rank
    from pair
)

insert into {part} (model_id, track_id, neighbor_id, playlists, similarity)
select
    %(model_id)s,
    track_id,
    neighbor_id,
    playlists,
    similarity::real
from ranked
where rank <= %(neighbors)s;
