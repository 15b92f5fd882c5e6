"""The languages and wikis that rows were loaded with: the table wikidata_kept.

A load with fewer of them removes nothing: a stored item is parsed with the union of its own
languages and wikis and those of the load.
"""

import hashlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

import psycopg

from loaders.wikidata import VERSION
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.queries import QUERIES


class Scope(NamedTuple):
    """Languages and wikis."""

    languages: frozenset[str]
    wikis: frozenset[str]

    @classmethod
    def of(cls, filter: EntityFilter) -> "Scope":
        """The languages and wikis of a load."""
        return cls(frozenset(filter.languages), frozenset(filter.wikis))

    def union(self, other: "Scope") -> "Scope":
        """The languages and wikis of both."""
        return Scope(self.languages | other.languages, self.wikis | other.wikis)

    def covers(self, other: "Scope") -> bool:
        """Whether the other is a subset."""
        return self.languages >= other.languages and self.wikis >= other.wikis

    def filter(self) -> EntityFilter:
        """A filter with these languages and wikis."""
        return EntityFilter(
            sitelinks=tuple(sorted(self.wikis)), languages=tuple(sorted(self.languages))
        )

    @property
    def number(self) -> int:
        """A 32-bit hash of the languages, wikis and VERSION, for the column kept_as."""
        return _number(self)


@lru_cache(1000)
def _number(scope: Scope) -> int:
    text = repr((VERSION, sorted(scope.languages), sorted(scope.wikis)))
    digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
    return int.from_bytes(digest, signed=True)


def read_scopes(conn: psycopg.Connection) -> dict[int, Scope]:
    """Every stored scope by its number."""
    rows = conn.execute("select kept_as, languages, wikis from muse.wikidata_kept")
    return {
        number: Scope(frozenset(languages), frozenset(wikis)) for number, languages, wikis in rows
    }


def write_scopes(conn: psycopg.Connection, scopes: Iterable[Scope]) -> None:
    """Store scopes by their numbers; sorted, so that parallel loaders never deadlock."""
    rows = [
        {"number": scope.number, "languages": sorted(scope.languages), "wikis": sorted(scope.wikis)}
        for scope in sorted(scopes, key=lambda one: one.number)
    ]
    with conn.cursor() as cursor:
        cursor.executemany(QUERIES.insert_scope, rows)


def read_item_scopes(conn: psycopg.Connection, ids: Sequence[str]) -> dict[str, Scope]:
    """The scopes of items by id, from their content; for rows whose number is not stored."""
    if not ids:
        return {}
    rows = conn.execute(QUERIES.read_item_scopes, {"ids": list(ids)})
    return {
        id: Scope(frozenset(languages), frozenset({"enwiki", *wikis}))
        for id, languages, wikis in rows
    }


def all_languages(conn: psycopg.Connection, ids: Sequence[str]) -> set[str]:
    """All languages that these items, or those that they redirect to, may be stored with."""
    rows = conn.execute(QUERIES.find_languages, {"ids": list(ids)})
    return {language for (language,) in rows}
