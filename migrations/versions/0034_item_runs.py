"""the run that wrote an item

Revision ID: 0034
Revises: 0033
"""

from alembic import op

revision = "0034"
down_revision = "0033"

RUNS = """
alter table muse.wikidata add column run_id bigint;
create index wikidata_run_id on muse.wikidata (run_id);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(RUNS)
