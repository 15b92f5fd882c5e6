"""settings of the radio by model, the lift of similar songs, neighbours by EASE

Revision ID: 0020
Revises: 0019
"""

from alembic import op

revision = "0020"
down_revision = "0019"

# EASE links tracks that no playlist has both of, and its weights have no upper bound.
NEIGHBORS = """
alter table muse.song_neighbors drop constraint song_neighbors_playlists_check;
alter table muse.song_neighbors drop constraint song_neighbors_similarity_check;
alter table muse.song_neighbors add check (playlists >= 0), add check (similarity >= 0);
"""
# Up to here a scan takes 8 ms in similar_songs, less than the index in song_radio, and is exact.
INDEX = "update muse.vector_indexes set from_rows = 10000 where table_name = 'song_vectors'"
# sql/ creates the functions again, with more columns and arguments.
FUNCTIONS = """
drop function if exists muse.radio_seeds(bigint, text[], text[], text[]);
alter type muse.similar_song add attribute lift real;
"""


def upgrade() -> None:
    raw = op.get_bind().connection.driver_connection
    assert raw is not None
    for statements in (NEIGHBORS, INDEX, FUNCTIONS):
        raw.execute(statements)
