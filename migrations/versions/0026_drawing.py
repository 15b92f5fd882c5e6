"""words, styles and a judge for drawn icons

Revision ID: 0026
Revises: 0025
"""

from alembic import op

revision = "0026"
down_revision = "0025"

# They get other arguments or columns; sql/ creates them again.
FUNCTIONS = """
drop function if exists muse.generate_icons(text, integer, double precision, bigint, bit varying);
drop function if exists muse.drawn_bitmaps(
    muse.short_text, integer, double precision, bigint, muse.bitmap
);
drop function if exists muse.save_icons(text, text, integer, double precision, bigint);
drop function if exists muse.similar_icons(bit varying, integer, text);
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(FUNCTIONS)
