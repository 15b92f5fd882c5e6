"""Items of classes, by the query service of a Wikibase.

The service takes SPARQL: https://www.mediawiki.org/wiki/Wikidata_Query_Service/User_Manual. It ends
a query after a minute.
"""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import msgspec
import psycopg

from loaders.core.errors import Problem
from loaders.core.http.client import Client, Response, undecodable
from loaders.wikidata import scopes
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.ids import entity_id, parse_ids
from loaders.wikidata.options import WikidataOptions
from loaders.wikidata.queries import queries_for

SERVICE = "https://query.wikidata.org/sparql"
BACKOFF = (60.0,)  # seconds; a query that is too slow is not sent five times
PORTION = 1000  # items that are merged together
QUERY = """
SELECT DISTINCT ?item ?revision WHERE {{
  ?item p:P31 ?statement; schema:version ?revision.
  ?statement {path} wd:{class_id}; wikibase:rank ?rank.
  FILTER(?rank != wikibase:DeprecatedRank)
}}{limit}
"""


class ItemRevision(NamedTuple):
    """The id of an item, and the number of its newest revision."""

    id: str
    revision: int


def find_items(options: WikidataOptions, client: Client) -> list[ItemRevision]:
    """Items of options.query_classes, each once, at most options.limit of them.

    Errors: Problem where the service cannot be reached, or does not answer.
    """
    items: dict[str, ItemRevision] = {}
    for class_id in class_ids(options):
        left = None if options.limit is None else options.limit - len(items)
        if left is None or left > 0:
            items |= {item.id: item for item in _items_of(class_id, left, options, client)}
    return list(items.values())[: options.limit]


def class_ids(options: WikidataOptions) -> list[str]:
    """The ids of options.query_classes. Errors: Problem for others than those of items."""
    ids = parse_ids(",".join(options.query_classes))
    for id in ids:
        if not id.startswith("Q"):
            raise Problem(f"--query-class takes ids of classes like Q146, not {id}")
    return ids


def query_filter(options: WikidataOptions, ids: Sequence[str]) -> EntityFilter:
    """The filter of some items. Its number depends on the classes, not on the ids."""
    origin = {"query_classes": sorted(class_ids(options)), "subclasses": options.subclasses}
    return EntityFilter(
        ids=frozenset(ids),
        languages=options.languages or ("en",),
        links=tuple(options.sitelinks),
        origin=msgspec.json.encode(origin).decode(),
    )


def find_outdated(
    conn: psycopg.Connection, options: WikidataOptions, items: Sequence[ItemRevision]
) -> list[str]:
    """The ids of items that this query did not load yet, or whose stored revision is older."""
    filter = query_filter(options, ())
    own = scopes.Scope.of(filter)
    covering = [number for number, scope in scopes.read_scopes(conn).items() if scope.covers(own)]
    values = {
        "ids": [item.id for item in items],
        "revisions": [item.revision for item in items],
        "filter_number": filter.number,
        "covering": covering,
    }
    return [row[0] for row in conn.execute(queries_for(conn).find_outdated_items, values)]


def _items_of(
    class_id: str, limit: int | None, options: WikidataOptions, client: Client
) -> Iterator[ItemRevision]:
    query = QUERY.format(
        class_id=class_id,
        path="ps:P31/wdt:P279*" if options.subclasses else "ps:P31",
        limit="" if limit is None else f" LIMIT {limit}",
    )
    fields = {"query": query, "format": "json"}
    try:
        rows = client.get(options.query_service or SERVICE, fields, read=_bindings)
    except Problem as error:
        more = "the class may be too large for it: give --limit"
        more += ", or fewer classes without --subclasses" if options.subclasses else ""
        raise Problem(f"{class_id}: {error} ({more})") from error
    for row in rows:
        id = entity_id(_value(row, "item"))
        revision = _value(row, "revision")
        if id is not None and id.startswith("Q"):
            yield ItemRevision(id, int(revision) if revision.isdecimal() else 0)


def _bindings(response: Response) -> list[dict[str, Any]]:
    """The rows of a result. Errors: TryAgain for a result that is cut off, Problem for no result.

    A query that ran out of time may end with an error after the first rows.
    """
    try:
        decoded = msgspec.json.decode(response.content)
        bindings: list[dict[str, Any]] = decoded["results"]["bindings"]
    except (msgspec.DecodeError, RecursionError, KeyError, TypeError) as error:
        raise undecodable(response) from error
    return bindings


def _value(row: dict[str, Any], name: str) -> str:
    cell = row.get(name)
    return str(cell.get("value", "")) if isinstance(cell, dict) else ""
