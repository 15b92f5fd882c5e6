"""an index of the bitmaps of icons, by which copies among drawn ones are looked up

The unique key begins with the source, so a copy was found by a scan of it for each drawn bitmap.

Revision ID: 0032
Revises: 0031
"""

from alembic import op

revision = "0032"
down_revision = "0031"

BITMAPS = "create index icons_bitmap_icon_id on muse.icons (bitmap, icon_id);"


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(BITMAPS)
