-- Comments of the tables of Wikidata. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.wikidata',
    'One row per item: select title, properties ->> ''instance of'' as thing from wikidata limit 9',
    'wikidata_id', 'Id of the item, such as Q42 (key)',
    'wikipedia_id', 'Title of its article in the English Wikipedia; null if none',
    'title',
    'Label in English, else mul (the same in all languages), else in a language of the load, '
    'else in any; else the id',
    'title_language', 'Language of the title; null if it is the id',
    'description', 'English description; null if none',
    'properties',
    'Values of the best rank by English property name, a JSON object; several values are a '
    'sorted array',
    'claims',
    'All statements by property id, a JSON object: value, type, rank and qualifiers, without '
    'references',
    'statement_ids', 'Ids of the statements and hashes of their qualifiers, in the order of claims',
    'class_ids',
    'Ids of the classes that the item is an instance of, best rank, each once (references '
    'wikidata_classes.class_id)',
    'labels', 'Labels by language, a JSON object',
    'descriptions', 'Descriptions by language, a JSON object',
    'aliases', 'Arrays of other names by language, a JSON object',
    'sitelinks', 'Titles of articles by wiki, a JSON object',
    'badges',
    'Ids of the badges of articles by wiki, a JSON object: {"enwiki": ["Q17437796"]} for a '
    'featured article',
    'modified', 'Time of the revision; null where the source has none',
    'lastrevid', 'Number of the revision in Wikidata; null where the source has none',
    'kept_as', 'Languages and wikis that were loaded (references wikidata_kept.kept_as)',
    'run_id',
    'Run that wrote the row; null if an earlier version did (references load_runs.run_id)',
    'loaded_by',
    'Numbers of the filters that keep the item, 0 for none; --prune deletes what only its '
    'own filter keeps'
);

select pg_temp.describe(
    'muse.wikidata_labels',
    'One row per item or property that is named or mentioned: select label from wikidata_labels '
    'where wikidata_id = ''P31''',
    'wikidata_id', 'Id of the item or property (key)',
    'label', 'English label; null if none',
    'wikipedia_id', 'Title of its article in the English Wikipedia; null if none',
    'datatype', 'Type of a property''s values; null for items'
);

select pg_temp.describe(
    'muse.wikidata_property_labels',
    'One row per property and language other than English: select * from wikidata_property_labels '
    'limit 9',
    'property_id', 'Id of the property (part of the key, references wikidata_labels.wikidata_id)',
    'language', 'Language that was loaded (part of the key)',
    'label', 'Label of the property in that language'
);

select pg_temp.describe(
    'muse.wikidata_redirects',
    'One row per id that was merged into another: select target_id from wikidata_redirects limit 9',
    'wikidata_id', 'Id that was merged (key)',
    'target_id', 'Id that it was merged into'
);

select pg_temp.describe(
    'muse.wikidata_classes',
    'One row per class: select class, superclass_ids from wikidata_classes limit 9',
    'class_id', 'Id of the class (key)',
    'class', 'Name of the class: its label, else its id; several classes may have the same',
    'article', 'Title of its article in English Wikipedia; null if none',
    'superclass_ids',
    'Ids of the classes that it is a subclass of, best rank (references '
    'wikidata_classes.class_id)',
    'items', 'Number of instances at the last count; wikidata_class_changes has the changes since',
    'items_with_subclasses',
    'Number of items of the class and of its direct and indirect subclasses, at the last count',
    'depth',
    'Number of steps to the nearest class without superclasses; null where there is only a cycle'
);

select pg_temp.describe(
    'muse.wikidata_class_sets',
    'One row per set of classes that items have: select * from wikidata_class_sets limit 9',
    'class_ids', 'Ids of the classes, in the order of the items (key)',
    'items', 'Number of items with exactly these classes, at the last count'
);

select pg_temp.describe(
    'muse.wikidata_class_changes',
    'One row per change of the number of items of a set of classes: select * from '
    'wikidata_class_changes limit 9',
    'class_ids',
    'Ids of the classes; an empty array where superclasses changed and counts with subclasses are '
    'older (references wikidata_class_sets.class_ids)',
    'items', 'Number of items to add; negative to subtract'
);

select pg_temp.describe(
    'muse.wikidata_sitelinks',
    'One row per item and article in a wiki other than enwiki: select * from wikidata_sitelinks '
    'limit 9',
    'wikidata_id', 'Id of the item (part of the key, references wikidata.wikidata_id)',
    'wiki', 'Wiki, such as dewiki (part of the key)',
    'title', 'Title of the article'
);

select pg_temp.describe(
    'muse.wikidata_kept',
    'One row per set of languages and wikis that were loaded: select * from wikidata_kept',
    'kept_as', 'Hash of the other columns (key)',
    'languages', 'Languages of labels, descriptions and aliases',
    'wikis', 'Wikis of sitelinks'
);

select pg_temp.describe(
    'muse.wikidata_renamed',
    'One row per id whose new name is not in all properties yet: select * from wikidata_renamed',
    'wikidata_id', 'Id of the item or property (key)'
);
