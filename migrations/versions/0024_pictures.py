"""the version of a picture's decoder; image_matches gets another argument

Revision ID: 0024
Revises: 0023
"""

from alembic import op

revision = "0024"
down_revision = "0023"

# Pictures that an earlier version decoded are decoded again when their source is loaded again.
VERSIONS = "alter table muse.images add column version integer not null default 1"
# sql/ creates it again.
MATCHES = """
drop function if exists muse.image_matches(
    bigint, public.halfvec, integer, integer, real, bigint
)
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (VERSIONS, MATCHES):
        raw.execute(statements)
