-- Comments of the tables of Wikipedia. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.wikipedia',
    'One row per article: select title from wikipedia where categories @> array[''1905 births'']',
    'wiki', 'Wiki of the page: enwiki, dewiki, ... (part of the key)',
    'title', 'Title of the article; at most one in its wiki has it',
    'page_id',
    'Number of the page in its wiki, which stays when the page is renamed (part of the key)',
    'revision_id', 'Number of the revision; a newer one is greater',
    'revised_at', 'Time of the revision; null if unknown',
    'infobox',
    'Kind of the first infobox in lower case: writer for {{Infobox writer}}, taxobox for '
    '{{Taxobox}}; null if none',
    'image',
    'Name of the first image file in Wikimedia Commons, of the infobox or the text, without '
    'icons; null if none',
    'templates', 'Names of all templates in lower case, in their order, each once',
    'categories', 'Categories in lower case, without those that templates add',
    'general', 'The part of each category before in, of or by: novels for novels by Ayn Rand',
    'wikitext', 'The article in wiki markup',
    'kept_as',
    'Version of the parser that read the article; where it changes, the article is loaded '
    'again'
);

select pg_temp.describe(
    'muse.wikipedia_redirects',
    'One row per title that leads to another: select title, article from wikipedia_redirects '
    'limit 9',
    'wiki', 'Wiki of the page (part of the key)',
    'title', 'Title of the redirect; at most one in its wiki has it',
    'page_id', 'Number of the page in its wiki (part of the key)',
    'revision_id', 'Number of the revision; a newer one is greater',
    'target', 'Title that the page names',
    'article', 'Title at the end of the chain of redirects (references wikipedia.title)'
);
