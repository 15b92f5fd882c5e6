-- Queries of exports.

-- name: export_radio
with song as (
    select
        radio.place,
        radio.track_id,
        radio.name,
        radio.artist
    from
        muse.song_radio(
            seeds => %(seeds)s,
            n => %(n)s,
            per_artist => %(per_artist)s,
            sound => %(sound)s
        ) as radio
)

select
    song.track_id,
    song.name,
    song.artist,
    track.artist_id,
    track.album,
    track.duration_ms
from song
left join muse.tracks as track on song.track_id = track.track_id
order by song.place;

-- name: export_title
select coalesce(track.name, track.track_id) as name
from muse.tracks as track
where track.track_id = %(track)s;

-- name: export_samples
select
    sample.sample_id,
    coalesce(seed.name, sample.seeds ->> 0) as name,
    jsonb_array_length(sample.seeds) as seeds,
    sample.track_id,
    sample.name as track_name,
    sample.artist,
    track.artist_id,
    track.album,
    track.duration_ms
from muse.radio_samples as sample
left join muse.tracks as track on sample.track_id = track.track_id
left join muse.tracks as seed on sample.seeds ->> 0 = seed.track_id
where %(sample)s::bigint is null or sample.sample_id = %(sample)s
order by sample.sample_id, sample.place;

-- name: export_playlist
select
    playlist.title,
    playlist.owner,
    playlist.modified_at
from muse.playlists as playlist
where playlist.identity = %(identity)s;

-- name: export_places
with playlist as (
    select listed.track_ids
    from muse.playlists as listed
    where listed.identity = %(identity)s
)

select
    place.track_id,
    track.name,
    track.artist,
    track.artist_id,
    track.album,
    track.duration_ms
from playlist
cross join lateral unnest(playlist.track_ids) with ordinality as place (track_id, number)
left join muse.tracks as track on place.track_id = track.track_id
order by place.number;
