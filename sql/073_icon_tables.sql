-- Comments of the tables of icons, hieroglyphs and grids. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.icons',
    'One row per bitmap of a set and size: select icon_set, name, icon_text(bitmap) from icons '
    'limit 3',
    'icon_id', 'Id of the icon (key)',
    'source_id', 'Id of the source (references sources.source_id)',
    'kind', 'icon or hieroglyph',
    'icon_set', 'Name of the set, or of the hand of hieroglyphs',
    'licence', 'Licence, as the source names it; null if unknown',
    'family',
    'What variants of the icon share: the name up to its first hyphen; of a sign its number',
    'name', 'Name of the icon in its set',
    'also', 'Other names of the same bitmap in the set',
    'codepoints', 'Unicode code points of the characters that look so; empty if none',
    'size', 'Width and height in pixels, 8 or 32',
    'bitmap', 'The bitmap, size x size bits, row by row from the top left, 1 is ink'
);

select pg_temp.describe(
    'muse.hieroglyph_signs',
    'One row per sign that has a code: select chr(codepoint), code, meaning from hieroglyph_signs '
    'limit 9',
    'codepoint', 'Unicode code point of the sign (key)',
    'code', 'Code in Gardiner''s list or its extensions',
    'meaning', 'What the sign stands for; null if unknown',
    'keywords', 'English words for what the sign shows'
);

select pg_temp.describe(
    'muse.grid_icons',
    'One row per network, size and label, with the best grid: select label, probability from '
    'grid_icons limit 9',
    'network', 'Network of the classifier, such as EfficientNet-Lite0 (part of the key)',
    'grid', 'Width and height of the grid in pixels, 4 or 5 (part of the key)',
    'label', 'Label of the classifier (part of the key)',
    'probability', 'Probability of the label for the grid, 0 to 1',
    'bitmap', 'The bitmap, grid x grid bits, row by row from the top left, 1 is ink'
);

select pg_temp.describe(
    'muse.grid_blocks',
    'One row per block of grids to classify: select grid, count(done_at) from grid_blocks group '
    'by grid',
    'network', 'Network of the classifier, such as EfficientNet-Lite0 (part of the key)',
    'grid', 'Width and height of the grids in pixels, 4 or 5 (part of the key)',
    'block',
    'Number of the block: the digits of the rows between the first and the last (part of the '
    'key)',
    'done_at', 'Time at which all grids of the block were classified; null until then'
);
