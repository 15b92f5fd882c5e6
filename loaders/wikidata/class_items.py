"""Classes without a stored item: `--class Q146` keeps cats and leaves out Q146 itself."""

from collections.abc import Sequence

import psycopg

from loaders.wikidata import scopes
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.queries import queries_for

ORIGIN = '{"class_items": true}'  # of the filter, for the column loaded_by


def class_filter(
    ids: Sequence[str], languages: Sequence[str], wikis: Sequence[str]
) -> EntityFilter:
    """The filter of items of classes: some ids, with links to these wikis.

    Its number does not depend on the ids, which differ each time.
    """
    return EntityFilter(
        ids=frozenset(ids), languages=tuple(languages or ("en",)), links=tuple(wikis), origin=ORIGIN
    )


def find_missing(conn: psycopg.Connection, filter: EntityFilter, min_count: int) -> list[str]:
    """Classes without a stored item, or with one of an earlier version; most instances first.

    min_count: the smallest number of instances, those not counted that are items of classes.
    """
    own = scopes.Scope.of(filter)
    covering = [
        number
        for number, scope in scopes.read_scopes(conn).items()
        if scope.number == number and scope.covers(own)
    ]
    values = {"min_count": min_count, "filter_number": filter.number, "covering": covering}
    return [row[0] for row in conn.execute(queries_for(conn).find_missing_class_items, values)]
