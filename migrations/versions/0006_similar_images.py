"""what a search for pictures answers with

Revision ID: 0006
Revises: 0005
"""

from alembic import op

revision = "0006"
down_revision = "0005"

TYPES = """
-- A type, because images_like has an argument of the name of its first column.
create type muse.similar_image as (
    image_id bigint, title text, class text, page_url text, licence text, author text,
    similarity real, confidence real, typical real
);
comment on type muse.similar_image is
'One row an answer: select (images_like(image_id, 3)).* from images limit 1';
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TYPES)
