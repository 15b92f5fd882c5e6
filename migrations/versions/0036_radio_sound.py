"""the radio listens: song_radio has an argument `sound`

Revision ID: 0036
Revises: 0035
"""

from alembic import op

revision = "0036"
down_revision = "0035"

# sql/ creates it again, with more arguments.
FUNCTIONS = """
drop function if exists muse.song_radio(
    text[], integer, integer, text[], text[], text[], text[]
);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(FUNCTIONS)
