-- Parameters stand for values, which the linter takes for unqualified columns.
-- sqlfluff:exclude_rules:RF01,RF02,RF04,ST05,ST06

-- load ----------------------------------------------------------------------------------------

-- name: select_stored
-- Files of a source whose sounds this version decoded, and this tagger heard.
select
    file.location,
    file.bytes,
    file.modified_at
from muse.sound_sources as file
inner join muse.sounds as sound on file.sound_id = sound.sound_id
where
    file.source_id = %(source_id)s
    and sound.version = %(version)s
    and (
        sound.parked is not null
        or exists (
            select from muse.sound_embeddings as heard
            where heard.sound_id = sound.sound_id and heard.model_id = %(tagger)s
        )
    );

-- name: select_tracks
select track.track_id
from muse.tracks as track
where track.track_id = any(%(ids)s);

-- name: upsert_sound
insert into muse.sounds as sound (sha256, seconds, rate, channels, patches, version, parked)
values (
    %(key)s, %(seconds)s, %(rate)s, %(channels)s, %(patches)s, %(version)s, %(parked)s
)
on conflict (sha256) do update set
    seconds = excluded.seconds,
    patches = excluded.patches,
    version = excluded.version,
    parked = excluded.parked,
    stored_at = now()
where sound.version < excluded.version;

-- name: upsert_embedding
insert into muse.sound_embeddings as heard (model_id, sound_id, embedding, tags)
select
    %(tagger)s,
    sound.sound_id,
    %(embedding)s,
    %(tags)s
from muse.sounds as sound
where sound.sha256 = %(key)s
on conflict (model_id, sound_id) do update set
    embedding = excluded.embedding,
    tags = excluded.tags;

-- name: select_replaced
select file.track_id
from muse.sound_sources as file
where file.source_id = %(source_id)s and file.location = any(%(locations)s);

-- name: upsert_file
insert into muse.sound_sources as file (
    sound_id, source_id, location, track_id, title, artist, album, licence, bytes, modified_at
)
select
    sound.sound_id,
    %(source_id)s,
    %(location)s,
    %(track_id)s,
    %(title)s,
    %(artist)s,
    %(album)s,
    %(licence)s,
    %(bytes)s,
    %(modified_at)s
from muse.sounds as sound
where sound.sha256 = %(key)s
on conflict (source_id, location) do update set
    sound_id = excluded.sound_id,
    track_id = excluded.track_id,
    title = excluded.title,
    artist = excluded.artist,
    album = excluded.album,
    licence = excluded.licence,
    bytes = excluded.bytes,
    modified_at = excluded.modified_at;

-- forget --------------------------------------------------------------------------------------

-- name: delete_source_files
delete from muse.sound_sources as file
where file.source_id = %(source_id)s
returning file.track_id;

-- name: delete_files
delete from muse.sound_sources as file
where file.source_id = %(source_id)s and file.sound_source_id = any(%(keys)s)
returning file.track_id;

-- name: delete_files_of_sound
delete from muse.sound_sources as file
where file.sound_id = %(sound_id)s
returning file.track_id;
