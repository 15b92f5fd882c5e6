"""Store pictures and their locations; delete pictures that have no location left."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import psycopg

from loaders.core.db import take_turns
from loaders.core.queries import Queries
from loaders.images import VERSION
from loaders.images.decoding import PreparedPicture
from loaders.images.model import PictureMetadata

QUERIES = Queries(Path(__file__).with_name("queries.sql"))
STORED = "select sha256 from muse.images where sha256 = any(%s) and version = %s"


class PictureLocation(NamedTuple):
    """A place in a source where a picture is stored. sha256: of the picture's file."""

    sha256: bytes
    location: str
    metadata: PictureMetadata


class StoreCounts(NamedTuple):
    """Locations that are new or changed, and pictures deleted because they have none left."""

    locations: int
    deleted: int


class PictureRemoved(Exception):
    """A picture that was stored, and therefore not decoded, was deleted before the store."""


def select_stored(conn: psycopg.Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """The hashes whose pictures are stored, and were decoded by this version."""
    return {sha256 for (sha256,) in conn.execute(STORED, (list(hashes), VERSION))}


def store(
    conn: psycopg.Connection,
    source_id: int,
    locations: Sequence[PictureLocation],
    pictures: Mapping[bytes, PreparedPicture],
) -> StoreCounts:
    """Store new pictures and all locations in one transaction.

    pictures: by hash, those that were not stored before. Errors: PictureRemoved; nothing is stored.
    """
    values = {
        "source_id": source_id,
        "locations": [one.location for one in locations],
        "items": [one.metadata.wikidata_id for one in locations if one.metadata.wikidata_id],
    }
    hashes = [one.sha256 for one in locations]
    with conn.transaction(), conn.cursor() as cursor:
        # Two loads of one picture insert one row, and cannot deadlock.
        take_turns(conn, "pictures")
        replaced = [image_id for (image_id,) in cursor.execute(QUERIES.select_replaced, values)]
        rows = [
            {"key": key, "version": VERSION} | picture._asdict()
            for key, picture in pictures.items()
        ]
        _delete_derived(cursor, rows)
        cursor.executemany(QUERIES.upsert_image, rows)
        if set(hashes) - select_stored(conn, hashes):
            raise PictureRemoved("it was removed from the tables meanwhile: load it again")
        cursor.executemany(QUERIES.upsert_location, [_row(source_id, one) for one in locations])
        written = max(cursor.rowcount, 0)
        cursor.execute(QUERIES.delete_outdated, values)
        return StoreCounts(written, delete_without_source(conn, replaced))


def _delete_derived(cursor: psycopg.Cursor, rows: Sequence[Mapping[str, Any]]) -> None:
    """Delete vectors and neighbourhoods of pictures that are decoded otherwise than before."""
    changed = [
        image_id
        for row in rows
        for (image_id,) in cursor.execute(QUERIES.select_changed, row)
    ]  # fmt: skip
    if changed:
        cursor.execute(QUERIES.delete_changed_vectors, {"ids": changed})
        cursor.execute(QUERIES.delete_changed_neighborhoods, {"ids": changed})


def find_by_address(conn: psycopg.Connection, address: str) -> bytes | None:
    """The hash of the picture that was downloaded from an address; None where there is none."""
    row = conn.execute(QUERIES.find_by_address, {"address": address}).fetchone()
    return row[0] if row else None


def store_fetched(
    conn: psycopg.Connection, address: str, sha256: bytes, pictures: Mapping[bytes, PreparedPicture]
) -> list[int]:
    """Store a downloaded picture for all sources that queued its address; return their ids."""
    with conn.transaction():
        take_turns(conn, "pictures")
        queued = conn.execute(QUERIES.finish_fetches, {"address": address}).fetchall()
        for source_id, *metadata in queued:
            location = PictureLocation(sha256, address, PictureMetadata(*metadata))
            store(conn, source_id, [location], pictures)
    return [source_id for source_id, *_ in queued]


def delete_without_source(conn: psycopg.Connection, image_ids: Iterable[int]) -> int:
    """Delete those of the pictures that have no location left; return their number.

    A trigger deletes what is derived from them. A worker that embeds a picture locks its row, so
    that the trigger runs after the vector is stored.
    """
    return conn.execute(QUERIES.delete_without_source, {"ids": list(image_ids)}).rowcount


def _row(source_id: int, location: PictureLocation) -> dict[str, Any]:
    values = {"source_id": source_id, "location": location.location, "key": location.sha256}
    return values | location.metadata._asdict()
