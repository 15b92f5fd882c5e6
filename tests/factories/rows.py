"""Rows for tests, with defaults for what a test does not care about."""

from collections.abc import Iterable, Sequence

import numpy as np
import psycopg
from psycopg.types.json import Jsonb

from loaders.core.models import Part, publish


def add_track(conn: psycopg.Connection, track_id: str, **values: object) -> str:
    """A track, named after its id."""
    row = {"name": track_id.title(), "artist": "Nobody", "places": 1} | values
    conn.execute(
        "insert into muse.tracks (track_id, name, artist, places) values (%s, %s, %s, %s)",
        (track_id, row["name"], row["artist"], row["places"]),
    )
    return track_id


def add_model(
    conn: psycopg.Connection, name: str = "songs", content: bytes | None = None, **config: object
) -> int:
    """A live model without anything in its partitions."""
    (model_id,) = conn.execute(
        "insert into muse.models (name, config, content) values (%s, %s, %s) returning model_id",
        (name, Jsonb(config), content),
    ).fetchone()
    conn.execute(
        "insert into muse.deployments values (%s, %s) "
        "on conflict (name) do update set model_id = excluded.model_id",
        (name, model_id),
    )
    return model_id


def add_icon(
    conn: psycopg.Connection, name: str, lit: Iterable[int], size: int = 8, **values: object
) -> int:
    """An icon with these pixels of ink."""
    row = {"kind": "icon", "icon_set": "set", "codepoints": [], "location": "test"} | values
    inked = set(lit)
    bits = "".join("01"[place in inked] for place in range(size * size))
    (icon_id,) = conn.execute(
        """
        with source as (
            insert into muse.sources (topic, location) values ('icons', %s)
            on conflict (topic, location) do update set options = '{}' returning source_id
        )
        insert into muse.icons
            (source_id, kind, icon_set, family, name, codepoints, size, bitmap)
        select source_id, %s, %s, split_part(%s, '-', 1), %s, %s, %s, %s::text::bit varying
        from source returning icon_id
        """,
        (f"{row['location']} {row['icon_set']}", row["kind"], row["icon_set"], name, name,
         row["codepoints"], size, bits),
    ).fetchone()  # fmt: skip
    return icon_id


def vector(values: Sequence[float]) -> np.ndarray:
    """A unit vector of 64 that starts like this."""
    padded = np.zeros(64, dtype=np.float32)
    padded[: len(values)] = values
    return padded / np.linalg.norm(padded)


def publish_songs(
    conn: psycopg.Connection,
    vectors: dict[str, tuple[Sequence[float], Sequence[float]]],
    neighbors: Sequence[tuple[str, str, float]] = (),
) -> int:
    """Make these (input, context) vectors and neighbours the live song model."""

    def fill_vectors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        for track_id, (one, other) in vectors.items():
            conn.execute(
                f"insert into {part} values (%s, %s, %s, %s)",
                (model_id, track_id, vector(one), vector(other)),
            )

    def fill_neighbors(conn: psycopg.Connection, part: str, model_id: int) -> None:
        for track_id, neighbor_id, similarity in neighbors:
            conn.execute(
                f"insert into {part} values (%s, %s, %s, 1, %s)",
                (model_id, track_id, neighbor_id, similarity),
            )

    parts = Part("song_vectors", fill_vectors), Part("song_neighbors", fill_neighbors)
    return publish(conn, "songs", {}, {}, parts=parts)


def index_any_size(conn: psycopg.Connection) -> None:
    """Build the index of songs from the first row, so that few of them are searched by index."""
    conn.execute("update muse.vector_indexes set from_rows = 0 where table_name = 'song_vectors'")


def plan(conn: psycopg.Connection, query: str) -> str:
    """How Postgres runs the query."""
    return "\n".join(row[0] for row in conn.execute("explain " + query))


def is_superuser(conn: psycopg.Connection, role: str) -> bool:
    return conn.execute("select rolsuper from pg_roles where rolname = %s", (role,)).fetchone()[0]
