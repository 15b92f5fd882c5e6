"""roles, models, loads and samples

Revision ID: 0001
Revises:
"""

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
create extension if not exists vector schema public;

do $$
begin
    create role muse_reader nologin;
exception when duplicate_object then null;  -- roles are the cluster's: another database has it
end
$$;
do $$
begin
    create role muse_loader nologin;
exception when duplicate_object then null;
end
$$;
grant usage on schema muse to muse_reader, muse_loader;

create schema muse_partitions;
comment on schema muse_partitions is 'The partitions of muse''s vector tables, one a model';

create table muse.models (
    model_id bigint generated always as identity primary key,
    name text not null check (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    config jsonb not null check (jsonb_typeof(config) = 'object'),
    content bytea check (
        octet_length(content) between 16 and 67108864
        and substring(content from 5 for 4) = 'TFL3'::bytea
    ),
    metrics jsonb not null default '{}' check (jsonb_typeof(metrics) = 'object'),
    made_at timestamptz not null default now(),
    unique (name, model_id)
);
alter table muse.models alter column content set storage external;  -- weights do not compress
comment on table muse.models is
'One row a trained or ported model: select model_id, name, made_at, metrics from models';
comment on column muse.models.config is 'Every hyperparameter it was made with';
comment on column muse.models.content is
'A LiteRT flatbuffer, 64 MB at most; null where the model is its vectors alone';
comment on column muse.models.metrics is 'What was measured on held-out data';

create table muse.deployments (
    name text primary key,
    model_id bigint not null,
    deployed_at timestamptz not null default now(),
    foreign key (name, model_id) references muse.models (name, model_id)
);
comment on table muse.deployments is
'One row a model name, with the model that is live: select name, model_id from deployments';

create table muse.sources (
    source_id bigint generated always as identity primary key,
    topic text not null,
    location text not null,
    options jsonb not null default '{}',
    fingerprint text,
    loaded_at timestamptz,
    unique (topic, location)
);
comment on table muse.sources is
'One row a file or address that was loaded: select topic, location, loaded_at from sources';
comment on column muse.sources.fingerprint is
'What tells that the source changed, the SHA-256 of a file; null until it was loaded whole';

create table muse.load_runs (
    run_id bigint generated always as identity primary key,
    source_id bigint not null references muse.sources on delete cascade,
    started_at timestamptz not null default now(),
    finished_at timestamptz,
    status text not null default 'running' check (status in ('running', 'done', 'failed')),
    loaded bigint not null default 0 check (loaded >= 0),
    unchanged bigint not null default 0 check (unchanged >= 0),
    bad bigint not null default 0 check (bad >= 0),
    message text,
    check ((status = 'running') = (finished_at is null))
);
create index on muse.load_runs (source_id);
comment on table muse.load_runs is
'One row a run of a loader over a source: select run_id, status, loaded, bad from load_runs';

create table muse.load_errors (
    run_id bigint not null references muse.load_runs on delete cascade,
    number bigint not null check (number > 0),
    place text not null,
    reason text not null,
    start text not null,
    primary key (run_id, number)
);
comment on table muse.load_errors is
'One row a line or entry that was left out: select place, reason, start from load_errors';
comment on column muse.load_errors.start is 'How the entry starts, 200 characters at most';

create table muse.samples (
    sample_id bigint generated always as identity primary key,
    kind text not null,
    model_id bigint references muse.models,
    seed bigint not null default 0,
    parameters jsonb not null,
    result jsonb not null,
    made_at timestamptz not null default now()
);
comment on table muse.samples is
'One row a generated thing of any kind: select kind, parameters, made_at from samples';

-- A type, because recall() has an argument of the name of a column of its answer.
create type muse.measured_recall as (recall real, sample integer);
comment on type muse.measured_recall is
'What recall() answers: select (recall(''song_vectors'', 10, 5)).recall';

grant insert, update, delete on muse.models, muse.deployments, muse.sources, muse.load_runs,
muse.load_errors, muse.samples to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
