-- Comments of the tables of the crawl of Spotify. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.spotify_state',
    'One row per database, for requests to Spotify: select not_before, reason from spotify_state',
    'only_row', 'Always true: there is one row (key)',
    'not_before', 'Time before which Spotify wants no request; null if it never said so',
    'reason', 'Why: what Spotify answered',
    'search_size', 'Results per page of a search that Spotify accepts',
    'page_size', 'Tracks per page of a playlist that Spotify accepts',
    'requests', 'Number of requests that were sent',
    'updated_at', 'Time of the last change of this row'
);

select pg_temp.describe(
    'muse.spotify_words',
    'One row per word in titles of playlists: select word, titles, searched_at from spotify_words '
    'order by titles desc limit 9',
    'word', 'The word in lower case without accents (key)',
    'titles', 'Number of found playlists with the word in their title',
    'next_place', 'Result at which the search goes on, from 0',
    'results', 'Number of results that Spotify named; null if unknown',
    'found', 'Number of playlists that the search by this word found first',
    'attempts', 'Number of failed attempts',
    'searched_at', 'Time at which the search ended; null if the word waits',
    'failure', 'Reason of the last failed attempt; null if there was none'
);

select pg_temp.describe(
    'muse.spotify_playlists',
    'One row per playlist that was found on Spotify: select state, count(*) from spotify_playlists '
    'group by state',
    'number', 'Number of the playlist in the order of finding (key)',
    'spotify_id', 'Id of the playlist on Spotify; the URI of the liked songs of a user',
    'origin', 'search, named (by load spotify --playlist) or mine (load spotify --mine)',
    'state',
    'waiting (for its tracks), loaded, withheld (Spotify does not send the tracks), gone, empty, '
    'failed or forgotten (never loaded again)',
    'reason', 'Reason of the state; null if there is none',
    'title', 'Title of the playlist; null if forgotten',
    'owner', 'Id of the owner on Spotify; null if unknown or forgotten',
    'snapshot', 'Version of the playlist on Spotify; null if unknown',
    'size', 'Number of entries that Spotify named; null if unknown',
    'word', 'Word whose search found it first (references spotify_words.word); null if none did',
    'place', 'Position in the results of that search, from 0; null if none found it',
    'next_place', 'Entry at which reading goes on, from 0',
    'attempts', 'Number of failed attempts',
    'not_before', 'Time of the next attempt after a failed one; null if there is none',
    'found_at', 'Time at which it was found',
    'checked_at', 'Time at which it was last compared with Spotify',
    'loaded_at', 'Time at which its tracks were stored last; null if never',
    'places', 'Number of its stored tracks, with repetitions; null if never loaded'
);

select pg_temp.describe(
    'muse.spotify_pages',
    'One row per page of a playlist of which further pages are missing: select number, place from '
    'spotify_pages',
    'number', 'Number of the playlist (part of the key, references spotify_playlists.number)',
    'place', 'Entry at which the page begins, from 0 (part of the key)',
    'tracks',
    'The tracks, a JSON array of arrays: id, name, artist, artist id, album, duration in ms',
    'page_hash', 'BLAKE2b hash of the page, 16 bytes: Spotify must not send it twice'
);
