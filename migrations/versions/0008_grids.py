"""which brute-force grids were looked at

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = """
create table muse.grid_blocks (
    grid integer not null check (grid in (4, 5)),
    block integer not null check (block >= 0),
    model_id bigint not null references muse.models,
    done_at timestamptz,
    primary key (grid, block)
);
comment on table muse.grid_blocks is
'One row a block of grids to look at: select grid, count(done_at) from grid_blocks group by grid';
comment on column muse.grid_blocks.block is 'Its grids are those from 1,024 times this number on';

grant insert, update, delete on muse.grid_blocks to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
