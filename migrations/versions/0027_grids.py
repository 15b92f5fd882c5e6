"""the best grids by network, which may ship without a model

Revision ID: 0027
Revises: 0026
"""

from alembic import op

revision = "0027"
down_revision = "0026"

# Views and functions that sql/ creates again.
OBJECTS = """
drop view if exists muse.grid_pictures;
drop function if exists muse.labelled_sheet(text, integer, double precision);
"""
TABLES = """
alter table muse.grid_icons add column network text;
update muse.grid_icons as best
set network = coalesce(model.config ->> 'network', model.name)
from muse.models as model where model.model_id = best.model_id;
alter table muse.grid_icons
    alter column network set not null,
    drop constraint grid_icons_pkey,
    drop column model_id,
    add primary key (network, grid, label);

alter table muse.grid_blocks add column network text;
update muse.grid_blocks as block
set network = coalesce(model.config ->> 'network', model.name)
from muse.models as model where model.model_id = block.model_id;
alter table muse.grid_blocks
    alter column network set not null,
    drop constraint grid_blocks_pkey,
    drop column model_id,
    add primary key (network, grid, block);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(OBJECTS)
    raw.execute(TABLES)
