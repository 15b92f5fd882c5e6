-- Comments of the tables of sounds. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.sounds',
    'One row per sound, whatever its files: select sound_id, seconds, patches from sounds limit 9',
    'sound_id', 'Id of the sound (key)',
    'sha256', 'SHA-256 of its file',
    'seconds', 'Duration in seconds',
    'rate', 'Samples a second and channel',
    'channels', 'Number of channels',
    'patches',
    'Number of pieces of 3 s that the tagger heard, 10 at most; silent ones are left out',
    'version', 'Version of the code that decoded it; an earlier one''s sounds are decoded again',
    'stored_at', 'Time at which the sound was stored',
    'parked', 'Why the sound has no vector and will get none; null otherwise'
);

select pg_temp.describe(
    'muse.sound_sources',
    'One row per file of a sound: select location, title, artist from sound_sources limit 9',
    'sound_source_id', 'Id of the file (key)',
    'sound_id', 'Id of the sound (references sounds.sound_id)',
    'source_id', 'Id of the source (references sources.source_id)',
    'location', 'Path in the folder',
    'track_id', 'Id of the track that it is a recording of (references tracks.track_id)',
    'title', 'Title in the tags of the file, else in its path',
    'artist', 'Artist in the tags of the file, else in its path; null if unknown',
    'album', 'Album in the tags of the file, else in its path; null if unknown',
    'licence', 'Licence in the tags of the file; null if unknown',
    'bytes', 'Size of the file',
    'modified_at', 'Time of the last change of the file; a changed one is read again'
);

select pg_temp.describe(
    'muse.sound_embeddings',
    'One row per tagger and sound: select sound_id, embedding from sound_embeddings limit 9',
    'model_id', 'Id of the tagger (part of the key, references models.model_id)',
    'sound_id', 'Id of the sound (part of the key, references sounds.sound_id)',
    'embedding', 'Penultimate layer of the tagger, 200 numbers, mean over the patches',
    'tags', 'Scores of the tagger''s 50 tags, 0 to 1, mean over the patches; no probabilities'
);

select pg_temp.describe(
    'muse.sound_vectors',
    'One row per model and track: select * from sound_vectors where model_id = '
    'live_model(''sounds'')',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'track_id', 'Id of the track (part of the key, references tracks.track_id)',
    'embedding',
    'Mean embedding of the track''s sounds minus that of the library, 200 numbers, unit length'
);
