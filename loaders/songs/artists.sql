-- Queries that delete what is derived from artists of whom no track is left.

-- name: find_artists
-- The artists of tracks that go, by every way in which artist_vectors has them.
create temporary table gone_artists on commit drop as
select distinct unnest(array[track.artist_id, 'name:' || muse.spelling(track.artist)]) as artist_id
from pg_temp.changed as gone
inner join muse.tracks as track on gone.track_id = track.track_id;

-- name: keep_used_artists
-- An artist with an id also stands for the names that have none.
delete from pg_temp.gone_artists as gone
where
    gone.artist_id is null
    or exists (
        select from muse.tracks as track
        where track.artist_id = gone.artist_id
    )
    or exists (
        select from muse.tracks as track
        where
            muse.spelling(coalesce(track.artist, '')) = substr(gone.artist_id, 6)
            and starts_with(gone.artist_id, 'name:')
            and track.artist_id is null
    );

-- name: delete_artist_neighbors
delete from muse.artist_neighbors as neighbor using pg_temp.gone_artists as gone
where gone.artist_id in (neighbor.artist_id, neighbor.neighbor_id);

-- name: delete_artist_vectors
delete from muse.artist_vectors as vectors using pg_temp.gone_artists as gone
where gone.artist_id = vectors.artist_id;
