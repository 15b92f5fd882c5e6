-- Queries of the song radio. Visitors see a query with its values, to copy.
-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- name: find_songs
select
    song.track_id,
    song.name,
    song.artist,
    song.places
from muse.find_songs(%(query)s, n => 8) as song;

-- name: popular_songs
select
    song.track_id,
    song.name,
    song.artist,
    song.places
from muse.songs as song
order by song.places desc, song.track_id
limit 12;

-- name: tracks
select
    one.track_id,
    track.name,
    track.artist
from unnest(%(tracks)s::text[]) with ordinality as one (track_id, place)
left join muse.tracks as track on one.track_id = track.track_id
order by one.place;

-- name: radio
select
    radio.place,
    radio.track_id,
    radio.name,
    radio.artist,
    radio.score
from
    muse.song_radio(
        %(seeds)s, n => %(n)s, per_artist => %(per_artist)s, unlike => %(unlike)s
    ) as radio
order by radio.place;

-- name: radio_tracks
select
    radio.track_id,
    radio.name,
    radio.artist,
    track.artist_id,
    track.album,
    track.duration_ms
from
    muse.song_radio(
        %(seeds)s, n => %(n)s, per_artist => %(per_artist)s, unlike => %(unlike)s
    ) as radio
left join muse.tracks as track on radio.track_id = track.track_id
order by radio.place;

-- name: neighbors
select
    song.track_id,
    song.name,
    song.artist,
    song.similarity,
    song.lift
from muse.similar_songs(%(track)s, n => %(n)s) as song;

-- name: similar_sounds
-- No row before the first training of sounds.
select
    alike.track_id,
    alike.name,
    alike.artist,
    alike.similarity
from muse.deployments as live
cross join lateral muse.similar_sounds(%(track)s, n => 8) as alike
where live.name = 'sounds'
order by alike.similarity desc;

-- name: song_tags
select
    one.tag,
    one.score
from muse.deployments as live
cross join lateral muse.song_tags(%(track)s, n => 6) as one
where live.name = 'sounds'
order by one.score desc;
