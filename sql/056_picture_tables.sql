-- Comments of the tables of pictures. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.images',
    'One row per picture, whatever its sources: select image_id, width, height from images limit 9',
    'image_id', 'Id of the picture (key)',
    'sha256', 'SHA-256 of the original file',
    'thumbnail', 'JPEG or WebP file, short side 320 pixels at most; vectors are computed from it',
    'perceptual_hash', 'Hash of 64 bits; near copies differ in few bits: see near_duplicates',
    'width', 'Width of the original in pixels, after rotation',
    'height', 'Height of the original in pixels, after rotation',
    'stored_at', 'Time at which the picture was stored',
    'attempts', 'Number of embeddings that were begun and not finished; 3 at most',
    'version', 'Version of the code that decoded it; an earlier one''s pictures are decoded again',
    'parked', 'Why the picture has no vector and will get none; null otherwise'
);

select pg_temp.describe(
    'muse.image_sources',
    'One row per location of a picture: select title, class, page_url from image_sources limit 9',
    'image_source_id', 'Id of the location (key)',
    'image_id', 'Id of the picture (references images.image_id)',
    'source_id', 'Id of the source (references sources.source_id)',
    'location', 'Path in the folder or archive, or the address that it was fetched from',
    'title', 'Title of the picture; null if unknown',
    'class', 'What the picture shows: its folder, or a class of Wikidata; null if unknown',
    'wikidata_id',
    'Id of the item that the picture belongs to; null if none (references '
    'wikidata.wikidata_id)',
    'article',
    'Title of the article that the picture is from; null if none (references wikipedia.title)',
    'wiki', 'Wiki of the article, such as enwiki; null if none (references wikipedia.wiki)',
    'page_url', 'Address of the page that describes the picture',
    'licence', 'Licence, as the source names it; null if unknown',
    'licence_url', 'Address of the text of the licence',
    'author', 'Author of the picture; null if unknown'
);

select pg_temp.describe(
    'muse.image_fetches',
    'One row per download in the queue: select state, count(*) from image_fetches group by state',
    'fetch_id', 'Id of the download (key)',
    'source_id', 'Id of the source (references sources.source_id)',
    'address', 'Address of the page or file',
    'host', 'Host whose limits apply (references image_hosts.host)',
    'title', 'Title for the picture; null if unknown',
    'class', 'What the picture shows: a class of Wikidata; null if unknown',
    'wikidata_id',
    'Id of the item that the picture belongs to; null if none (references '
    'wikidata.wikidata_id)',
    'article',
    'Title of the article that the picture is from; null if none (references wikipedia.title)',
    'wiki', 'Wiki of the article, such as enwiki; null if none (references wikipedia.wiki)',
    'commons_file',
    'Name of the file in Wikimedia Commons, whose web service has licence, author and sizes; '
    'null if none',
    'download_url', 'Address of the bytes; null until it is known',
    'page_url', 'Address of the page that describes the picture',
    'licence', 'Licence, as the source names it; null if unknown',
    'licence_url', 'Address of the text of the licence',
    'author', 'Author of the picture; null if unknown',
    'state', 'waiting, done or failed',
    'attempts', 'Number of attempts, counted at their beginning',
    'not_before', 'Time before which no worker takes the download',
    'lease', 'Token of the worker that has the download; null if none',
    'leased_until', 'Time at which the lease ends if it is not extended; null without a lease',
    'error', 'Error of the last attempt; null if none',
    'finished_at', 'Time at which it was done or failed; null while it waits'
);

select pg_temp.describe(
    'muse.image_hosts',
    'One row per host that pictures are fetched from, with its limits: select * from image_hosts',
    'host', 'Name of the host in lower case (key)',
    'at_once', 'Limit of concurrent downloads, of all workers together',
    'bits_per_second', 'Limit of bits a second, of all workers together',
    'requests_per_minute', 'Limit of requests a minute, of all workers together',
    'not_before', 'Time before which no worker sends the next request',
    'failures', 'Number of failures in a row; each doubles the pause'
);

select pg_temp.describe(
    'muse.image_vectors',
    'One row per classifier and picture: select image_id, embedding from image_vectors limit 9',
    'model_id', 'Id of the classifier (part of the key, references models.model_id)',
    'image_id', 'Id of the picture (part of the key, references images.image_id)',
    'embedding', 'Embedding of the picture, 1,280 numbers, unit length',
    'label', 'Number of the classifier''s likeliest label, from 0',
    'probability', 'Probability of that label, 0 to 1'
);

select pg_temp.describe(
    'muse.image_neighborhoods',
    'One row per model and picture, of 100,000 at most: '
    'select image_id, distances[1] from image_neighborhoods limit 9',
    'model_id', 'Id of the classifier (part of the key, references models.model_id)',
    'image_id', 'Id of the picture (part of the key, references images.image_id)',
    'distances', 'Cosine distances to its nearest other pictures, ascending'
);
