-- Queries of the song radio.

-- load ----------------------------------------------------------------------------------------

-- name: create_staging
set client_min_messages = warning;
create temporary table if not exists new_tracks (
    track_id text,
    name text,
    artist text,
    artist_id text,
    album text,
    duration_ms integer
) on commit delete rows;
create temporary table if not exists new_playlists (
    identity text,
    file_key text,
    old_identity text,
    title text,
    owner text,
    modified_at timestamptz,
    content_hash bytea,
    track_ids text[]
) on commit delete rows;
create temporary table if not exists copies (identity text, playlist_id bigint)
on commit delete rows;
create temporary table if not exists changed (track_id text, places bigint)
on commit delete rows;
reset client_min_messages;

-- name: merge_playlists
-- Insert new playlists and replace older versions: by date where both versions have one and they
-- differ, else by content: some formats have only the day. `changed` gets the differences in the
-- number of places of each track. Sources that held copies of a replaced playlist lose their
-- fingerprint: they still hold the old version.
with old as (
    select
        playlist.playlist_id,
        playlist.track_ids,
        playlist.copies
    from muse.playlists as playlist
    inner join pg_temp.new_playlists as new on playlist.identity = new.identity
),

written as (
    insert into muse.playlists as playlist (
        source_id, identity, file_key, title, owner, modified_at, content_hash, track_ids
    )
    select
        %(source)s,
        new.identity,
        new.file_key,
        new.title,
        new.owner,
        new.modified_at,
        new.content_hash,
        new.track_ids
    from pg_temp.new_playlists as new
    on conflict (identity) do update
        set
            source_id = excluded.source_id,
            file_key = excluded.file_key,
            title = excluded.title,
            owner = excluded.owner,
            modified_at = excluded.modified_at,
            content_hash = excluded.content_hash,
            track_ids = excluded.track_ids,
            copies = '{}'
        where case
            when excluded.modified_at <> playlist.modified_at
                then excluded.modified_at > playlist.modified_at
            else excluded.content_hash <> playlist.content_hash
        end
    returning playlist.playlist_id, playlist.track_ids, playlist.places
),

counted as (
    insert into pg_temp.changed (track_id, places)
    select
        place.track_id,
        sum(place.places) as places
    from (
        select
            unnest(written.track_ids) as track_id,
            1 as places
        from written
        union all
        select
            unnest(old.track_ids) as track_id,
            -1 as places
        from written
        inner join old on written.playlist_id = old.playlist_id
    ) as place
    group by place.track_id
    returning places
),

outdated as (
    update muse.sources as source set fingerprint = null
    from written
    inner join old on written.playlist_id = old.playlist_id
    where source.source_id = any(old.copies)
)

select
    count(*) as playlists,
    coalesce(sum(places), 0) as places,
    coalesce((select min(counted.places) from counted), 0) < 0 as has_losses
from written;

-- name: update_track_places
update muse.tracks as track set places = track.places + changed.places
from pg_temp.changed
where changed.track_id = track.track_id;

-- name: fill_track_fields
-- Stored names stay; a later file only fills empty fields.
update muse.tracks as track set
    name = coalesce(track.name, new.name),
    artist = coalesce(track.artist, new.artist),
    artist_id = coalesce(track.artist_id, new.artist_id),
    album = coalesce(track.album, new.album),
    duration_ms = coalesce(track.duration_ms, new.duration_ms)
from pg_temp.new_tracks as new
where
    new.track_id = track.track_id
    and (
        track.name is null and new.name is not null
        or track.artist is null and new.artist is not null
        or track.artist_id is null and new.artist_id is not null
        or track.album is null and new.album is not null
        or track.duration_ms is null and new.duration_ms is not null
    );

-- name: insert_tracks
insert into muse.tracks (track_id, name, artist, artist_id, album, duration_ms, places)
select
    new.track_id,
    new.name,
    new.artist,
    new.artist_id,
    new.album,
    new.duration_ms,
    changed.places
from pg_temp.new_tracks as new
inner join pg_temp.changed as changed on new.track_id = changed.track_id
where not exists (
    select from muse.tracks as track
    where track.track_id = new.track_id
);

-- name: delete_unused_tracks
-- Tracks that lost their last place, unless they have a sound or the live model answers with them:
-- `retrain` deletes those. Stored radios with such a track go too, as in forget.
with gone as (
    delete from muse.tracks as track using pg_temp.changed as changed
    where
        track.track_id = changed.track_id
        and changed.places < 0
        and track.places = 0
        and not exists (
            select from muse.song_vectors as vectors
            where
                vectors.model_id = (
                    select live.model_id from muse.deployments as live
                    where live.name = 'songs'
                )
                and vectors.track_id = track.track_id
        )
        and not exists (
            select from muse.sound_sources as file
            where file.track_id = track.track_id
        )
    returning track.track_id
)

delete from muse.samples
where
    kind = 'radio'
    and exists (select from gone)
    and (
        exists (
            select from jsonb_array_elements(samples.result) as place
            inner join gone on place ->> 'track_id' = gone.track_id
        )
        or parameters -> 'seeds' ?| array(select gone.track_id from gone)
    );

-- name: empty_staging
truncate pg_temp.new_tracks, pg_temp.new_playlists, pg_temp.copies, pg_temp.changed;

-- copies --------------------------------------------------------------------------------------

-- name: rename_archive_members
-- Before version 0.1.1 the identity of a playlist in an archive was its name alone (revision 0012).
update muse.playlists as playlist set identity = new.identity
from pg_temp.new_playlists as new
where
    playlist.source_id = %(source)s
    and playlist.identity = new.old_identity
    and not exists (
        select from muse.playlists as same
        where same.identity = new.identity
    );

-- name: find_copies
insert into pg_temp.copies (identity, playlist_id)
select
    new.identity,
    min(playlist.playlist_id) as playlist_id
from pg_temp.new_playlists as new
inner join muse.playlists as playlist
    on new.content_hash = playlist.content_hash and new.file_key = playlist.file_key
where
    not exists (
        select from muse.playlists as same
        where same.identity = new.identity
    )
group by new.identity;

-- name: other_sources
-- Sources of the stored playlists of which the new ones are copies.
select distinct
    source.source_id,
    source.location
from pg_temp.copies as copy
inner join muse.playlists as playlist on copy.playlist_id = playlist.playlist_id
inner join muse.sources as source on playlist.source_id = source.source_id
where source.source_id <> %(source)s;

-- name: move_playlists
update muse.playlists as playlist set identity = copy.identity, source_id = %(source)s
from pg_temp.copies as copy
where playlist.playlist_id = copy.playlist_id and playlist.source_id = any(%(missing)s);

-- name: reload_missing
-- A missing file may come back when its disk is mounted; it is then loaded again.
update muse.sources set fingerprint = null
where source_id = any(%(missing)s);

-- name: add_copies
update muse.playlists as playlist set copies = array_append(playlist.copies, %(source)s)
from pg_temp.copies as copy
where
    playlist.playlist_id = copy.playlist_id
    and playlist.source_id <> %(source)s
    and %(source)s <> all(playlist.copies);

-- name: unstage_copies
delete from pg_temp.new_playlists as new using pg_temp.copies as copy
where copy.identity = new.identity;

-- histories -----------------------------------------------------------------------------------

-- name: select_sessions
select
    playlist.playlist_id,
    playlist.identity,
    playlist.modified_at,
    playlist.source_id
from muse.playlists as playlist
where starts_with(playlist.identity, %(prefix)s);

-- name: note_session_sources
-- A source whose session is another's copy is loaded again when the other one is forgotten.
with shared as (
    select
        listed.identity,
        array_agg(listed.source_id) || %(source)s::bigint as sources
    from unnest(%(identities)s::text[], %(sources)s::bigint[]) as listed (identity, source_id)
    group by listed.identity
)

update muse.playlists as playlist set
    copies = array(
        select distinct source.source_id
        from unnest(playlist.copies || shared.sources) as source (source_id)
        where source.source_id <> playlist.source_id
    )
from shared
where
    playlist.identity = shared.identity
    and not (playlist.copies || playlist.source_id) @> shared.sources;

-- name: select_track_ids
select
    playlist.playlist_id,
    playlist.track_ids
from muse.playlists as playlist
where playlist.playlist_id = any(%(ids)s);

-- forget --------------------------------------------------------------------------------------

-- name: delete_playlists
-- As in a load, `changed` gets the differences in the number of places of each track.
with gone as (
    delete from muse.playlists as playlist
    where {condition}
    returning playlist.track_ids
),

counted as (
    insert into pg_temp.changed (track_id, places)
    select
        place.track_id,
        -count(*) as places
    from gone
    cross join unnest(gone.track_ids) as place (track_id)
    group by place.track_id
)

select count(*) as playlists from gone;

-- name: reload_copies
-- Other sources may hold copies of the playlists of this one: they are loaded again.
update muse.sources set fingerprint = null
where source_id in (
    select unnest(playlist.copies)
    from muse.playlists as playlist
    where playlist.source_id = %(source)s
);

-- name: keep_used_tracks
delete from pg_temp.changed as gone using muse.tracks as track
where track.track_id = gone.track_id and track.places > 0;

-- name: delete_radio_samples
delete from muse.samples
where
    kind = 'radio' and exists (
        select from jsonb_array_elements(samples.result) as place
        inner join pg_temp.changed as gone on gone.track_id = place ->> 'track_id'
    )
    or kind = 'radio' and parameters -> 'seeds' ?| (
        select coalesce(array_agg(gone.track_id), '{}') from pg_temp.changed as gone
    );

-- name: delete_neighbors
delete from muse.song_neighbors as neighbor using pg_temp.changed as gone
where gone.track_id in (neighbor.track_id, neighbor.neighbor_id);

-- name: delete_vectors
delete from muse.song_vectors as vectors using pg_temp.changed as gone
where gone.track_id = vectors.track_id;

-- name: delete_tracks
delete from muse.tracks as track
where
    track.track_id in (select gone.track_id from pg_temp.changed as gone)
    and not exists (
        select from muse.sound_sources as file
        where file.track_id = track.track_id
    );

-- refresh -------------------------------------------------------------------------------------

-- name: outdated_models
-- The settings of the live models, where playlists were loaded after their training.
select
    live.name,
    model.config
from muse.deployments as live
inner join muse.models as model on live.model_id = model.model_id
where
    live.name in ('songs', 'artists')
    and exists (
        select from muse.load_runs as run
        inner join muse.sources as source on run.source_id = source.source_id
        where source.topic = 'songs' and run.loaded > 0 and run.finished_at > model.made_at
    )
order by live.name desc;

-- name: find_unused_tracks
insert into pg_temp.changed (track_id, places)
select
    track.track_id,
    -1 as places
from muse.tracks as track
where track.places = 0;

-- tracks without places -----------------------------------------------------------------------

-- name: stage_without_places
insert into pg_temp.changed (track_id, places)
select
    new.track_id,
    0 as places
from pg_temp.new_tracks as new;

-- name: find_without_places
insert into pg_temp.changed (track_id, places)
select
    track.track_id,
    -1 as places
from muse.tracks as track
where track.track_id = any(%(ids)s) and track.places = 0;
