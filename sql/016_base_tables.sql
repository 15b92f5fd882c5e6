-- Comments of the tables that all topics use. describe() is in 002_describe.sql.

select pg_temp.describe(
    'muse.models',
    'One row per trained or ported model: select model_id, name, made_at, metrics from models',
    'model_id', 'Id of the model (key)',
    'name', 'Name that models are deployed under',
    'config', 'Hyperparameters of the training, a JSON object',
    'content',
    'The network as a LiteRT flatbuffer, 64 MB at most; null where vectors are the model, or '
    'the model is old',
    'metrics', 'Measurements on held-out data, a JSON object',
    'made_at', 'Time at which the model was stored'
);

select pg_temp.describe(
    'muse.deployments',
    'One row per model name, with the model that is live: select name, model_id from deployments',
    'name', 'Name of the model (key)',
    'model_id', 'Id of the live model (references models.model_id)',
    'deployed_at', 'Time at which the model went live',
    'previous_id',
    'Id of the model that was live before; its vectors are kept until the next training, 24 '
    'hours at most'
);

select pg_temp.describe(
    'muse.model_names',
    'One row per name that models are deployed under: select name, hint from model_names',
    'name', 'Name of the model (key)',
    'topic', 'Topic that uses the model',
    'is_shipped', 'Whether a trained network ships with the project',
    'hint', 'What to do where no model of the name is live'
);

select pg_temp.describe(
    'muse.sources',
    'One row per file or address that was loaded: select topic, location, loaded_at from sources',
    'source_id', 'Id of the source (key)',
    'topic', 'songs, sounds, wikidata, wikipedia, images or icons',
    'location', 'Path, address or package',
    'options', 'Options of the last successful load, which refresh repeats, a JSON object',
    'fingerprint',
    'Text that differs when the source or the options of its load change; null until a load '
    'was complete',
    'loaded_at', 'Time of the last successful load; null until there was one',
    'added_by', 'Login that loaded the source; refresh repeats the loads of its own login only',
    'version', 'Version of the loader that loaded it last; an older one than in topics is stale'
);

select pg_temp.describe(
    'muse.topics',
    'One row per topic, with what its loader stores: select topic, version from topics',
    'topic', 'Name of the topic (key)',
    'version',
    'Version of what the loader stores; sources of an earlier one are loaded again by refresh'
);

select pg_temp.describe(
    'muse.load_runs',
    'One row per run of a loader over a source: select run_id, status, loaded, bad from load_runs',
    'run_id', 'Id of the run (key)',
    'source_id', 'Id of the source (references sources.source_id)',
    'started_at', 'Time at which the run began',
    'finished_at', 'Time at which the run ended; null while it runs',
    'status', 'running, done or failed',
    'loaded', 'Number of entries that were written',
    'unchanged', 'Number of entries that were stored already and had not changed',
    'bad', 'Number of entries that could not be used',
    'message', 'Error of a failed run; null otherwise',
    'backend_pid', 'Process id of the server process that the run uses'
);

select pg_temp.describe(
    'muse.load_errors',
    'One row per entry that could not be used: select place, reason, start from load_errors limit '
    '9',
    'run_id', 'Id of the run (part of the key, references load_runs.run_id)',
    'number', 'Number of the error in its run, from 1 (part of the key)',
    'place', 'Position of the entry in the source: a line, a file or a name',
    'reason', 'Why the entry could not be used',
    'start', 'Beginning of the entry, 200 characters at most'
);

select pg_temp.describe(
    'muse.samples',
    'One row per generated object of any kind: select kind, parameters, made_at from samples '
    'limit 9',
    'sample_id', 'Id of the sample (key)',
    'kind', 'radio, icons, hieroglyphs or ink',
    'model_id', 'Id of the model that generated it; null if none (references models.model_id)',
    'seed', 'Seed of the random numbers; the same seed gives the same result',
    'parameters', 'Parameters of the generator, a JSON object',
    'result', 'The result as JSON; the views of samples show it in columns',
    'made_at', 'Time at which the sample was stored'
);

select pg_temp.describe(
    'muse.vector_indexes',
    'One row per table of vectors, with the index of its partitions: select * from vector_indexes',
    'table_name', 'Name of the table (key)',
    'definition', 'The part of create index that follows the name of the partition',
    'from_rows', 'Number of rows from which a partition has an index; below it, a scan is as fast'
);

select pg_temp.describe(
    'muse.index_builds',
    'One row per partition whose vector index was rebuilt: select * from index_builds',
    'partition_name', 'Name of the partition (key)',
    'rows_deleted', 'Value of n_tup_del in pg_stat_all_tables at the rebuild',
    'built_at', 'Time of the rebuild'
);

select pg_temp.describe(
    'muse.dropped_indexes',
    'One row per index that a first load dropped and will build again: select * from '
    'dropped_indexes',
    'index_name', 'Name of the index (key)',
    'table_name', 'Name of its table',
    'definition', 'Statement that builds the index'
);

select pg_temp.describe(
    'muse.alembic_version',
    'One row per database, with the revision of its schema: select version_num from '
    'alembic_version',
    'version_num', 'Revision, a name of a file in migrations/versions (key)'
);
