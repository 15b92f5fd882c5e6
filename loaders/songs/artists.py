"""The artist model: Word2Vec over the artists of playlists, trained as the song model is."""

from collections.abc import Mapping

import psycopg

from loaders.songs.corpus import QUERIES
from loaders.songs.neighbors import Neighbors
from loaders.songs.train import Subject

COLUMNS = {
    "model_id": "int8",
    "artist_id": "text",
    "artist": "text",
    "input_vector": "vector",
    "context_vector": "vector",
}


def replace_by_artists(conn: psycopg.Connection) -> list[str]:
    """Replace the tracks of the training playlists by their artists; others have no place."""
    for step in (
        QUERIES.create_artists,
        QUERIES.delete_without_artists,
        QUERIES.replace_by_artists,
    ):
        conn.execute(step)
    return []


def no_versions(conn: psycopg.Connection) -> Mapping[str, list[str]]:
    """Each artist stands for itself."""
    return {}


def names(conn: psycopg.Connection) -> Mapping[str, str]:
    """The most used name of each artist that has one."""
    return dict(conn.execute(QUERIES.artist_names).fetchall())


ARTISTS = Subject(
    "artists", "artist_id", "artist_vectors", "artist_neighbors", COLUMNS, "artists",
    kind=Neighbors("counts", 3, 200), convert=replace_by_artists, names=names, versions=no_versions,
)  # fmt: skip
