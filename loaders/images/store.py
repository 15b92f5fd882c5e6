"""Where pictures go into the tables and out of them: a picture without a source is gone."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

import psycopg

from loaders.core.db import take_turns
from loaders.images.decoding import Decoded
from loaders.images.model import About

KNOWN = "select sha256 from muse.images where sha256 = any(%s)"
NEW = """
    insert into muse.images (sha256, thumbnail, perceptual_hash, width, height)
    values (%s, %s, %s::bigint::bit(64), %s, %s)
    on conflict (sha256) do nothing
"""
PLACE = """
    insert into muse.image_sources as source (
        image_id, source_id, location, title, class, wikidata_id, article, page_url, licence,
        licence_url, author
    )
    select image_id, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s from muse.images where sha256 = %s
    on conflict (source_id, location, wikidata_id) do update set
        image_id = excluded.image_id, title = excluded.title, class = excluded.class,
        article = excluded.article, page_url = excluded.page_url, licence = excluded.licence,
        licence_url = excluded.licence_url, author = excluded.author
    where (
        source.image_id, source.title, source.class, source.article, source.page_url,
        source.licence, source.licence_url, source.author
    ) is distinct from (
        excluded.image_id, excluded.title, excluded.class, excluded.article, excluded.page_url,
        excluded.licence, excluded.licence_url, excluded.author
    )
"""
# What stood in a place before, and an item's picture from the same source that it had before.
REPLACED = """
    select image_id from muse.image_sources where source_id = %s and location = any(%s)
    union
    select image_id from muse.image_sources where source_id = %s and wikidata_id = any(%s)
"""
OUTDATED = """
    delete from muse.image_sources
    where source_id = %s and wikidata_id = any(%s) and location <> all(%s)
"""
# What was fetched: a file of an archive may be called like an address too.
BY_ADDRESS = """
    select image.sha256
    from muse.image_sources as source
    join muse.images as image using (image_id)
    join muse.image_fetches as fetched
        on fetched.source_id = source.source_id and fetched.address = source.location
    where source.location = %s and fetched.state = 'done'
    limit 1
"""
# All that wanted this very address have it now.
FETCHED = """
    update muse.image_fetches set
        state = 'done', finished_at = clock_timestamp(), error = null,
        lease = null, leased_until = null
    where address = %s and state = 'waiting'
    returning source_id, title, class, wikidata_id, article, page_url, licence, licence_url, author
"""
WITHOUT_SOURCE = """
    delete from muse.images as image
    where image.image_id = any(%s) and not exists (
        select from muse.image_sources as source where source.image_id = image.image_id
    )
"""


class Place(NamedTuple):
    """A picture, by its hash, in a place of a source."""

    sha256: bytes
    location: str
    about: About


class Written(NamedTuple):
    """Places that are new or changed, and pictures that no place holds any more."""

    places: int
    gone: int


class Forgotten(Exception):
    """A picture that was known, and therefore not decoded, was removed meanwhile."""


def known(conn: psycopg.Connection, hashes: Sequence[bytes]) -> set[bytes]:
    """Which of these pictures are stored."""
    return {sha256 for (sha256,) in conn.execute(KNOWN, (list(hashes),))}


def store(
    conn: psycopg.Connection,
    source_id: int,
    places: Sequence[Place],
    decoded: Mapping[bytes, Decoded],
) -> Written:
    """Store pictures that are new, and where all of them were found, in one transaction.

    Errors: Forgotten, and nothing is stored.
    """
    locations = [place.location for place in places]
    items = [place.about.wikidata_id for place in places if place.about.wikidata_id]
    with conn.transaction(), conn.cursor() as cursor:
        take_turns(conn, "pictures")  # the same picture of two loads is one row; no deadlocks
        before = [
            image_id
            for (image_id,) in cursor.execute(REPLACED, (source_id, locations, source_id, items))
        ]
        cursor.executemany(NEW, [(sha256, *made) for sha256, made in decoded.items()])
        if {place.sha256 for place in places} - known(conn, [place.sha256 for place in places]):
            raise Forgotten("it was removed from the tables meanwhile: load it again")
        cursor.executemany(PLACE, [_row(source_id, place) for place in places])
        written = max(cursor.rowcount, 0)
        cursor.execute(OUTDATED, (source_id, items, locations))
        return Written(written, drop_without_source(conn, before))


def known_by_address(conn: psycopg.Connection, address: str) -> bytes | None:
    """The hash of the picture that was fetched for an address before."""
    row = conn.execute(BY_ADDRESS, (address,)).fetchone()
    return row[0] if row else None


def store_fetched(
    conn: psycopg.Connection, address: str, sha256: bytes, decoded: Mapping[bytes, Decoded]
) -> list[int]:
    """Store what was fetched for an address, for all that wanted it; their sources."""
    with conn.transaction():
        take_turns(conn, "pictures")
        wanted = conn.execute(FETCHED, (address,)).fetchall()
        for source_id, *about in wanted:
            place = Place(sha256, address, About(*about))
            store(conn, source_id, [place], decoded)
    return [source_id for source_id, *_ in wanted]


def drop_without_source(conn: psycopg.Connection, image_ids: Iterable[int]) -> int:
    """Remove those of these pictures that were found nowhere else; how many there were.

    A trigger removes what was made of them. A worker that embeds one holds its row until it is
    done, and the trigger sees its vector.
    """
    return conn.execute(WITHOUT_SOURCE, (list(image_ids),)).rowcount


def _row(source_id: int, place: Place) -> tuple[object, ...]:
    return (source_id, place.location, *place.about, place.sha256)
