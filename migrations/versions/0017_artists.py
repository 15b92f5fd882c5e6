"""vectors and neighbours of artists, and tracks by any spelling of artist and title

Revision ID: 0017
Revises: 0016
"""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = """
create table muse.artist_vectors (
    model_id bigint not null,
    artist_id text not null,
    artist text,
    input_vector public.vector(64) not null,
    context_vector public.vector(64) not null,
    primary key (model_id, artist_id)
) partition by list (model_id);

create table muse.artist_neighbors (
    model_id bigint not null,
    artist_id text not null,
    neighbor_id text not null,
    playlists integer not null check (playlists > 0),
    similarity real not null check (similarity between 0 and 1),
    primary key (model_id, artist_id, neighbor_id)
) partition by list (model_id);

-- Below 2,000 artists a scan is as fast, and exact.
insert into muse.vector_indexes values
('artist_vectors', 'using hnsw (context_vector public.vector_ip_ops)', 2000);

-- A type, because similar_artists has an argument of the name of its first column.
create type muse.similar_artist as (artist text, similarity real, artist_id text);
comment on type muse.similar_artist is
'One row per answer of similar_artists: select (similar_artists(artist, 3)).* from artists limit 1';
"""

# What the index is built with. sql/ has it too.
SPELLINGS = """
create function muse.spelling(words text)
returns text
language sql immutable parallel safe
begin atomic
    select left(coalesce(
        nullif(regexp_replace(
            replace(muse.search_text(spelling.words), '&', 'and'),
            '[\\u0001-\\u002f\\u003a-\\u0040\\u005b-\\u0060\\u007b-\\u00bf\\u00d7\\u00f7'
            '\\u02b0-\\u036f\\u2000-\\u2bff\\u3000-\\u3004\\u3008-\\u303f\\ufe00-\\ufe0f]+',
            '', 'g'
        ), ''),
        btrim(muse.search_text(spelling.words))
    ), 200);
end;

create index tracks_spelling on muse.tracks (
    muse.spelling(coalesce(artist, '')), muse.spelling(coalesce(name, ''))
);
create index tracks_artist on muse.tracks (artist_id) where artist_id is not null;
"""

# Functions with more arguments from now on. sql/ creates them again.
REPLACED = """
do $$
declare
    statement text;
    detail text;
    dependents text := '';
begin
    foreach statement in array array[
        'function if exists muse.similar_songs(text, integer)',
        'function if exists muse.song_radio(text[], integer, integer)',
        'function if exists muse.nearest_songs(bigint, public.vector, integer, text)'
    ]
    loop
        begin
            execute 'drop ' || statement;
        exception when dependent_objects_still_exist then
            get stacked diagnostics detail = pg_exception_detail;
            dependents := dependents || detail || E'\\n';
        end;
    end loop;
    if dependents <> '' then
        raise exception 'objects of yours depend on functions that get more arguments: drop '
            'them, migrate, and create them again'
        using errcode = '2BP01', detail = dependents;
    end if;
end
$$;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (TABLES, SPELLINGS, REPLACED):  # alembic trips over : and %
        raw.execute(statements)
