"""labels of a track by several files

Revision ID: 0039
Revises: 0038
"""

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

KEY = """
alter table muse.song_labels drop constraint song_labels_pkey;
alter table muse.song_labels add primary key (kind, track_id, source_id);
update muse.sources set options = jsonb_set(
    options, '{labels}', jsonb_build_array(options -> 'labels')
)
where topic = 'sounds' and jsonb_typeof(options -> 'labels') = 'string';
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(KEY)
