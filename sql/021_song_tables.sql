-- Comments of the tables of songs. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.tracks',
    'One row per track: select track_id, name, artist, places from tracks order by places desc '
    'limit 9',
    'track_id',
    'Id of the track: its Spotify id, address of its recording, or artist and title (key)',
    'name', 'Title of the track; null if unknown',
    'artist', 'Name of the artist; null if unknown',
    'artist_id', 'Id of the artist in the source; null if unknown',
    'album', 'Name of the album; null if unknown',
    'duration_ms', 'Duration in milliseconds; null if unknown',
    'places', 'Number of places in playlists at which the track stands',
    'search', 'Title and artist as search_text() writes them, which find_songs compares',
    'work', 'Key that all versions of a song share: main artist and title, else the id'
);

select pg_temp.describe(
    'muse.playlists',
    'One row per playlist: select title, owner, places from playlists order by places desc limit 9',
    'playlist_id', 'Id of the playlist (key)',
    'source_id', 'Id of the source (references sources.source_id)',
    'identity',
    'Address of the playlist; else the path of its file, with its number or title there',
    'title', 'Title of the playlist',
    'owner', 'Owner of the playlist; null if unknown',
    'modified_at', 'Time of the last change in the source; null if unknown',
    'content_hash', 'BLAKE2b hash of the content, 16 bytes',
    'track_ids', 'Ids of the tracks in order, with repetitions (references tracks.track_id)',
    'places', 'Number of tracks, with repetitions',
    'file_key',
    'Key that copies of the playlist in files of the same name share; null if it has an '
    'address',
    'copies', 'Ids of sources that contain a copy; they are read again when it changes'
);

select pg_temp.describe(
    'muse.song_vectors',
    'One row per model and track: select * from song_vectors where model_id = '
    'live_model(''songs'')',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'track_id', 'Id of the track (part of the key, references tracks.track_id)',
    'input_vector', 'Word2Vec input vector of the track, 64 numbers, unit length',
    'context_vector', 'Word2Vec context vector of the track, 64 numbers, unit length'
);

select pg_temp.describe(
    'muse.song_neighbors',
    'One row per model and pair of tracks: select neighbor_id, similarity from song_neighbors '
    'limit 9',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'track_id', 'Id of the track (part of the key, references tracks.track_id)',
    'neighbor_id', 'Id of the other track (part of the key, references tracks.track_id)',
    'playlists', 'Number of playlists that contain both, an estimate for tracks in over 1,000',
    'similarity', 'Similarity by co-occurrence, 0 to 1'
);

select pg_temp.describe(
    'muse.artist_vectors',
    'One row per model and artist: select artist_id, artist from artist_vectors limit 9',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'artist_id',
    'Id of the artist in the source; else spelling() of its name (part of the key)',
    'artist', 'Name of the artist, as most places spell it; null if unknown',
    'input_vector', 'Word2Vec input vector of the artist, 64 numbers, unit length',
    'context_vector', 'Word2Vec context vector of the artist, 64 numbers, unit length'
);

select pg_temp.describe(
    'muse.artist_neighbors',
    'One row per model and pair of artists: select neighbor_id, similarity from artist_neighbors '
    'limit 9',
    'model_id', 'Id of the model (part of the key, references models.model_id)',
    'artist_id', 'Id of the artist (part of the key, references artist_vectors.artist_id)',
    'neighbor_id', 'Id of the other artist (part of the key, references artist_vectors.artist_id)',
    'playlists', 'Number of playlists that contain both',
    'similarity', 'Similarity by co-occurrence, 0 to 1'
);
