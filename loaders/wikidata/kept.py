"""Which languages and wikis a row was loaded with: the number kept_as, and what it stands for.

A load with fewer of them takes nothing away: a stored item is parsed with the union of its own
languages and wikis and those of the load.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import psycopg

from loaders.wikidata.entities import EntityFilter

VERSION = 1  # of what is kept of an entity: another one loads all of them again

READ = "select kept_as, languages, wikis from muse.wikidata_kept"
WRITE = """
    insert into muse.wikidata_kept (kept_as, languages, wikis) values (%s, %s, %s)
    on conflict (kept_as) do nothing
"""
# Of rows whose number stands for nothing that is known: what they hold.
OF_ROWS = """
    select
        item.wikidata_id,
        array(select jsonb_object_keys(item.labels || item.descriptions || item.aliases)),
        array(select jsonb_object_keys(item.sitelinks))
    from muse.wikidata as item
    where item.wikidata_id = any(%s)
"""
LANGUAGES = """
    select unnest(languages) from muse.wikidata_kept
    union
    select language
    from muse.wikidata as item
    left join muse.wikidata_kept as kept on kept.kept_as = item.kept_as
    cross join unnest(coalesce(kept.languages, array(
        select jsonb_object_keys(item.labels || item.descriptions || item.aliases)
    ))) as language
    where item.wikidata_id = any(%s)
"""


class Kept(NamedTuple):
    """Languages and wikis."""

    languages: frozenset[str]
    wikis: frozenset[str]

    @classmethod
    def of(cls, filter: EntityFilter) -> "Kept":
        """Those that a load asks for."""
        return cls(frozenset(filter.languages), frozenset(filter.wikis))

    def union(self, other: "Kept") -> "Kept":
        """Those of both."""
        return Kept(self.languages | other.languages, self.wikis | other.wikis)

    def covers(self, other: "Kept") -> bool:
        """Whether there is nothing more in the other."""
        return self.languages >= other.languages and self.wikis >= other.wikis

    def filter(self) -> EntityFilter:
        """A filter that keeps them."""
        return EntityFilter(
            sitelinks=tuple(sorted(self.wikis)), languages=tuple(sorted(self.languages))
        )

    @property
    def number(self) -> int:
        """The column kept_as: differs where something else would be kept of the same item."""
        return _number(self)


@lru_cache(1000)
def _number(kept: Kept) -> int:
    text = repr((VERSION, sorted(kept.languages), sorted(kept.wikis)))
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)


def read_all(conn: psycopg.Connection) -> dict[int, Kept]:
    """Every number that rows were loaded with."""
    rows = conn.execute(READ)
    return {
        number: Kept(frozenset(languages), frozenset(wikis)) for number, languages, wikis in rows
    }


def write(conn: psycopg.Connection, several: Iterable[Kept]) -> None:
    """Store what their numbers stand for; in one order, so that two loaders never deadlock."""
    rows = sorted((kept.number, sorted(kept.languages), sorted(kept.wikis)) for kept in several)
    with conn.cursor() as cursor:
        cursor.executemany(WRITE, rows)


def of_rows(conn: psycopg.Connection, ids: Sequence[str]) -> dict[str, Kept]:
    """What the rows of these items hold, where their number does not tell."""
    if not ids:
        return {}
    rows = conn.execute(OF_ROWS, (list(ids),))
    return {
        id: Kept(frozenset(languages), frozenset({"enwiki", *wikis}))
        for id, languages, wikis in rows
    }


def all_languages(conn: psycopg.Connection, ids: Sequence[str]) -> set[str]:
    """The languages that these items, or those that they redirect to, may be stored with."""
    return {language for (language,) in conn.execute(LANGUAGES, (list(ids),))}
