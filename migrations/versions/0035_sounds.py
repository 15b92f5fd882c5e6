"""sounds, the files that hold them, and the tagger's output for each

Revision ID: 0035
Revises: 0034
"""

from alembic import op

revision = "0035"
down_revision = "0034"

TABLES = """
create table muse.sounds (
    sound_id bigint generated always as identity primary key,
    sha256 bytea not null unique check (octet_length(sha256) = 32),
    seconds real not null check (seconds > 0),
    rate integer not null check (rate > 0),
    channels smallint not null check (channels > 0),
    patches smallint not null check (patches between 0 and 10),
    version integer not null default 1,
    stored_at timestamptz not null default now(),
    parked text,
    check ((patches = 0) = (parked is not null))
);

create table muse.sound_sources (
    sound_source_id bigint generated always as identity primary key,
    sound_id bigint not null references muse.sounds,
    source_id bigint not null references muse.sources,
    location text not null check (location <> '' and length(location) <= 4000),
    track_id text not null references muse.tracks,
    title text,
    artist text,
    album text,
    licence text,
    bytes bigint not null check (bytes >= 0),
    modified_at timestamptz not null,
    unique (source_id, location)
);
create index on muse.sound_sources (sound_id);
create index on muse.sound_sources (track_id);

create table muse.sound_embeddings (
    model_id bigint not null references muse.models on delete cascade,
    sound_id bigint not null references muse.sounds on delete cascade,
    embedding public.vector(200) not null,
    tags real[] not null check (cardinality(tags) = 50 and array_ndims(tags) = 1),
    primary key (model_id, sound_id)
);
create index on muse.sound_embeddings (sound_id);

create table muse.sound_vectors (
    model_id bigint not null,
    track_id text not null,
    embedding public.vector(200) not null check (
        public.vector_norm(embedding) between 0.99 and 1.01
    ),
    primary key (model_id, track_id)
) partition by list (model_id);
-- A scan reads no second table.
alter table muse.sound_vectors alter column embedding set storage plain;
insert into muse.vector_indexes values
('sound_vectors', 'using hnsw (embedding public.vector_ip_ops)', 10000);

create table if not exists muse_locks.sounds ();

-- sql/ has what they do; here they are only there for the triggers.
create function muse.delete_made_of_sounds() returns trigger language plpgsql
as 'begin return null; end';
create function muse.delete_sounds_of_tracks() returns trigger language plpgsql
as 'begin return null; end';
create trigger delete_gone after delete on muse.sound_sources
referencing old table as gone
for each statement execute function muse.delete_made_of_sounds();
create trigger delete_replaced after update on muse.sound_sources
referencing old table as gone
for each statement execute function muse.delete_made_of_sounds();
create trigger delete_sound_vectors after delete on muse.tracks
referencing old table as gone
for each statement execute function muse.delete_sounds_of_tracks();

-- A type, because similar_sounds has an argument of the name of its first column.
create type muse.similar_sound as (track_id text, name text, artist text, similarity real);
comment on type muse.similar_sound is
'One row per answer of similar_sounds: select (similar_sounds(track_id)).name from sound_files';

create domain muse.wav as bytea
constraint at_most_32_mb check (octet_length(value) <= 33554432);
comment on domain muse.wav is 'A WAV file of up to 32 MB';
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)
