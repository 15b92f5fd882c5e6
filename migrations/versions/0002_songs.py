"""playlists, their tracks, and what a song model makes of them

Revision ID: 0002
Revises: 0001
"""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
create extension if not exists pg_trgm schema public;

create table muse.tracks (
    track_id text primary key check (track_id <> '' and length(track_id) <= 300),
    name text,
    artist text,
    artist_id text,
    album text,
    duration_ms integer check (duration_ms >= 0),
    places bigint not null default 0 check (places >= 0),
    -- What find_songs looks into: lower case, no accents (NFKD sets them apart), no apostrophes.
    search text not null generated always as (
        regexp_replace(
            lower(normalize(coalesce(name, '') || ' ' || coalesce(artist, ''), nfkd)),
            '[\\u0300-\\u036f''\\u2018\\u2019`]', '', 'g'
        )
    ) stored
) with (fillfactor = 85);  -- places is counted up in place
create index tracks_words on muse.tracks using gin (search public.gin_trgm_ops);
comment on table muse.tracks is
'One row a track: select track_id, name, artist, places from tracks order by places desc limit 9';
comment on column muse.tracks.track_id is
'Its Spotify id, else its recording''s address, else artist - title; never a path';
comment on column muse.tracks.places is 'In how many places of playlists it stands';

-- A playlist is an ordered list and is kept as one: a row a place would take four times the room
-- and most of a load's time. The view playlist_tracks has a row a place.
create table muse.playlists (
    playlist_id bigint generated always as identity primary key,
    source_id bigint not null references muse.sources,
    identity text not null unique check (length(identity) <= 2000),
    title text not null,
    owner text,
    modified_at timestamptz,
    content_hash bytea not null check (octet_length(content_hash) = 16),
    track_ids text[] not null check (
        cardinality(track_ids) > 0 and array_ndims(track_ids) = 1
        and array_position(track_ids, null) is null
    ),
    places integer not null generated always as (cardinality(track_ids)) stored
);
create index on muse.playlists (source_id);
create index on muse.playlists (owner) where owner is not null;
comment on table muse.playlists is
'One row a playlist: select title, owner, places from playlists order by places desc limit 9';
comment on column muse.playlists.identity is
'Its address where it has one, else its file''s name with its number or title there';
comment on column muse.playlists.track_ids is 'Its tracks in order, repeated ones too';

create table muse.song_vectors (
    model_id bigint not null,
    track_id text not null,
    input_vector public.vector(64) not null,
    context_vector public.vector(64) not null,
    primary key (model_id, track_id)
) partition by list (model_id);
comment on table muse.song_vectors is
'One row a track of the live model, unit length: select track_id, input_vector from song_vectors';
comment on column muse.song_vectors.input_vector is 'Where the track itself stands';
comment on column muse.song_vectors.context_vector is
'Where a track must stand for this one to be near it in playlists';

create table muse.song_neighbors (
    model_id bigint not null,
    track_id text not null,
    neighbor_id text not null,
    playlists integer not null check (playlists > 0),
    similarity real not null check (similarity between 0 and 1),
    primary key (model_id, track_id, neighbor_id)
) partition by list (model_id);
comment on table muse.song_neighbors is
'One row a pair found by co-occurrence: select neighbor_id, similarity from song_neighbors limit 9';
comment on column muse.song_neighbors.playlists is 'How many playlists hold both';

-- A type, because similar_songs has an argument of the name of its first column.
create type muse.similar_song as (track_id text, name text, artist text, similarity real);
comment on type muse.similar_song is
'One row an answer: select (similar_songs(track_id, 3)).* from tracks limit 1';


grant insert, update, delete on muse.tracks, muse.playlists to muse_loader;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    raw.execute(TABLES)  # as it stands: alembic's own ways trip over : and %
