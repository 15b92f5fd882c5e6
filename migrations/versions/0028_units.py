"""units of Wikidata's quantities, with their factors to base units

Revision ID: 0028
Revises: 0027
"""

from alembic import op

revision = "0028"
down_revision = "0027"

# sql/038_wikidata_units.sql fills it.
UNITS = """
create table muse.wikidata_units (
    unit_id text collate "C" primary key,
    unit text not null,
    base_id text collate "C" not null references muse.wikidata_units,
    base text not null,
    factor numeric not null default 1 check (factor > 0),
    divisor numeric not null default 1 check (divisor > 0),
    shift numeric not null default 0
);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(UNITS)
