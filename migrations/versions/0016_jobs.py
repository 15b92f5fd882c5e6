"""jobs that a scheduler runs, their outcomes, and stored measurements of recall

Revision ID: 0016
Revises: 0015
"""

from alembic import op

revision = "0016"
down_revision = "0015"

# One lock for all refreshes becomes one per topic; `migrate` adds those of further topics.
LOCKS = """
drop table if exists muse_locks.refresh;
create table if not exists muse_locks.refresh_songs ();
create table if not exists muse_locks.refresh_wikidata ();
create table if not exists muse_locks.refresh_wikipedia ();
create table if not exists muse_locks.refresh_images ();
create table if not exists muse_locks.refresh_icons ();
create table if not exists muse_locks.refresh_ink ();
create table if not exists muse_locks.maintenance ();
"""
JOBS = """
create table muse.jobs (
    job text collate "C" primary key,
    every interval not null check (every between '1 minute' and '1 year'),
    scheduler text not null,
    command text not null,
    scheduled_at timestamptz not null default now()
);
create table muse.job_runs (
    run_id bigint generated always as identity primary key,
    job text collate "C" not null,
    started_at timestamptz not null default clock_timestamp()
    check (started_at between '2000-01-01' and '2200-01-01'),
    finished_at timestamptz,
    status text not null default 'running' check (status in ('running', 'done', 'failed')),
    message text,
    backend_pid integer not null default pg_backend_pid()
);
-- A type, because draw_samples() has an argument of the name of a column of its answer.
create type muse.drawn_samples as (drawing text, samples integer);
comment on type muse.drawn_samples is
'What draw_samples() answers: select drawing, samples from draw_samples(1)';
create index job_runs_job on muse.job_runs (job, started_at);
"""
RECALL = """
create table muse.recall_checks (
    check_id bigint generated always as identity primary key,
    checked_at timestamptz not null default now(),
    table_name text collate "C" not null,
    model_id bigint not null,
    n integer not null,
    sample integer not null,
    recall real not null
);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (LOCKS, JOBS, RECALL):
        raw.execute(statements)
