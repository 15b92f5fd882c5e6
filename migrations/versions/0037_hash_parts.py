"""Indexes of the parts of perceptual hashes, for near copies without a scan.

The expressions are those of muse.pictures_by_hash.
"""

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

INDEXES = """
drop index if exists muse.images_hashes;
create index images_hash_1 on muse.images (
    (cast(substring(perceptual_hash from 1 for 22) as integer))
) include (image_id, perceptual_hash);
create index images_hash_2 on muse.images (
    (cast(substring(perceptual_hash from 23 for 21) as integer))
) include (image_id, perceptual_hash);
create index images_hash_3 on muse.images (
    (cast(substring(perceptual_hash from 44 for 21) as integer))
) include (image_id, perceptual_hash);
analyze muse.images;
"""


def upgrade() -> None:
    op.execute(INDEXES)
