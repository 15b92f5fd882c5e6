"""labels of songs, and classifiers of songs by their vectors

Revision ID: 0038
Revises: 0037
"""

from alembic import op

revision = "0038"
down_revision = "0037"

TABLES = """
create table muse.song_labels (
    kind text not null check (kind ~ '^[a-z][a-z0-9_]{0,30}$'),
    track_id text not null references muse.tracks on delete cascade,
    label text not null check (label <> '' and length(label) <= 300),
    source_id bigint not null references muse.sources on delete cascade,
    primary key (kind, track_id)
);
create index on muse.song_labels (track_id);
create index on muse.song_labels (source_id);

create table muse.label_weights (
    model_id bigint not null,
    evidence text not null check (evidence in ('playlists', 'sound', 'both')),
    label text not null,
    songs integer not null check (songs > 0),
    bias real not null,
    song_weights public.vector(128),
    sound_weights public.vector(200),
    check ((song_weights is not null) = (evidence in ('playlists', 'both'))),
    check ((sound_weights is not null) = (evidence in ('sound', 'both'))),
    primary key (model_id, evidence, label)
) partition by list (model_id);
-- A scan reads no second table.
alter table muse.label_weights alter column song_weights set storage plain;
alter table muse.label_weights alter column sound_weights set storage plain;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
