-- Sounds: their files, and the deletion of derived rows.

create or replace view muse.sound_files as
select
    file.sound_source_id,
    file.sound_id,
    file.track_id,
    file.title,
    file.artist,
    file.album,
    file.licence,
    sound.seconds,
    sound.patches,
    sound.parked,
    file.location,
    source.location as source
from muse.sound_sources as file
inner join muse.sounds as sound on file.sound_id = sound.sound_id
inner join muse.sources as source on file.source_id = source.source_id;

comment on view muse.sound_files is
'One row per sound file: select title, artist, seconds, licence from sound_files limit 9';
comment on column muse.sound_files.sound_source_id is
'Id of the file (key, references sound_sources.sound_source_id)';
comment on column muse.sound_files.sound_id is
'Id of the sound; copies of a file have the same (references sounds.sound_id)';
comment on column muse.sound_files.track_id is
'Id of the track that it is a recording of (references tracks.track_id)';
comment on column muse.sound_files.title is 'Title in the tags of the file, else in its path';
comment on column muse.sound_files.artist is
'Artist in the tags of the file, else in its path; null if unknown';
comment on column muse.sound_files.album is
'Album in the tags of the file, else in its path; null if unknown';
comment on column muse.sound_files.licence is 'Licence in the tags of the file; null if unknown';
comment on column muse.sound_files.seconds is 'Duration in seconds';
comment on column muse.sound_files.patches is
'Number of pieces of 3 s that the tagger heard, 10 at most';
comment on column muse.sound_files.parked is
'Why the sound has no vector and will get none; null otherwise';
comment on column muse.sound_files.location is 'Path in the folder';
comment on column muse.sound_files.source is
'Folder, file or package that was loaded (references sources.location)';

-- Revision 0035 has the triggers.

-- Deletes sounds that no file has any more, and vectors of songs that have no other sound.
-- sound_vectors has no foreign key, because its partitions are filled before they are attached.
-- Runs with the rights of the role that deletes.
create or replace function muse.delete_made_of_sounds()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    delete from muse.sounds as sound using gone
    where
        sound.sound_id = gone.sound_id
        and not exists (
            select from muse.sound_sources as file
            where file.sound_id = sound.sound_id
        );
    delete from muse.sound_vectors as vector
    using
        gone, muse.tracks as track, muse.tracks as version, muse.models as model
    where
        gone.track_id = track.track_id
        and track.work = version.work
        and vector.track_id = version.track_id
        and vector.model_id = model.model_id
        and not exists (
            select from muse.sound_sources as file
            inner join muse.sounds as sound on file.sound_id = sound.sound_id
            inner join muse.tracks as other on file.track_id = other.track_id
            where other.work = track.work and sound.parked is null
        );
    return null;
end
$$;

comment on function muse.delete_made_of_sounds() is
'Trigger of sound_sources, deletes sounds and vectors of deleted files: '
'select tgname from pg_trigger where tgrelid = ''muse.sound_sources''::regclass';

create or replace function muse.delete_sounds_of_tracks()
returns trigger
language plpgsql volatile parallel unsafe
set search_path = pg_catalog, muse, pg_temp
as $$
begin
    delete from muse.sound_vectors as vector using gone, muse.models as model
    where vector.model_id = model.model_id and vector.track_id = gone.track_id;
    return null;
end
$$;

comment on function muse.delete_sounds_of_tracks() is
'Trigger of tracks, deletes the vectors of deleted tracks: '
'select tgname from pg_trigger where tgrelid = ''muse.tracks''::regclass';
