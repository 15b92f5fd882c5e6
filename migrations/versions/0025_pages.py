"""drawings that the pages request; the start of a drawn icon

Revision ID: 0025
Revises: 0024
"""

from alembic import op

revision = "0025"
down_revision = "0024"

REQUESTS = """
create table muse.drawing_requests (
    request_id bigint generated always as identity primary key,
    drawing text not null check (length(drawing) <= 60),
    n integer not null check (n between 1 and 12),
    seed bigint not null,
    status text not null default 'waiting'
    check (status in ('waiting', 'running', 'done', 'failed')),
    requested_at timestamptz not null default now(),
    started_at timestamptz,
    finished_at timestamptz,
    sample_ids bigint[] not null default '{}',
    message text
);
create index drawing_requests_open on muse.drawing_requests (request_id)
where status in ('waiting', 'running');
"""
# They get another argument; sql/ creates them again.
FUNCTIONS = """
drop function if exists muse.generate_icons(text, integer, double precision, bigint);
drop function if exists muse.drawn_bitmaps(muse.short_text, integer, double precision, bigint);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (REQUESTS, FUNCTIONS):
        raw.execute(statements)
