"""Tables of the items of a class, in schema muse_tables: make, refresh and delete them."""

from collections.abc import Iterable
from dataclasses import dataclass

import psycopg

from loaders.core.console import counted, say
from loaders.wikidata.queries import QUERIES

AUTO = "auto"
BATCH = 5000  # items that are refreshed in one transaction
REFRESH = "select muse.refresh_class_table(%s, %s::text[], %s)"


@dataclass(frozen=True)
class TableOptions:
    """A class table. columns: names and ids of properties, with commas between them, or auto.

    recreate: replace a table of that name.
    """

    name: str
    class_: str
    subclasses: bool = False
    columns: tuple[str, ...] = (AUTO,)
    language: str = "en"
    recreate: bool = False


def make(conn: psycopg.Connection, options: TableOptions) -> int:
    """Make a class table in one transaction; return its number of items.

    `conn` is in autocommit mode. Errors: psycopg.Error with a hint.
    """
    values = {
        "name": options.name,
        "class": options.class_,
        "subclasses": options.subclasses,
        "columns": _split(conn, options.columns),
        "language": options.language,
        "recreate": options.recreate,
    }
    (items,) = conn.execute(QUERIES.make_class_table, values).fetchone() or (0,)
    return int(items)


def _split(conn: psycopg.Connection, columns: Iterable[str]) -> list[str] | None:
    """The properties one by one, None for auto. A name with commas is kept."""
    names: list[str] = []
    for column in columns:
        if conn.execute("select from muse.property_ids(%s)", (column,)).rowcount:
            names.append(column)
        else:
            names += filter(None, map(str.strip, column.split(",")))
    return None if names == [AUTO] else names


def refresh(conn: psycopg.Connection, name: str) -> int:
    """Write what differs, 5,000 items in a transaction; return the number of changed rows.

    `conn` is in autocommit mode. Readers are not blocked.
    """
    (changes,) = conn.execute("select muse.wikidata_changes()").fetchone() or (0,)
    ids = [row[0] for row in conn.execute("select muse.class_table_ids(%s)", (name,))]
    written = 0
    for start in range(0, max(len(ids), 1), BATCH):
        is_last = start + BATCH >= len(ids)
        values = (name, ids[start : start + BATCH], changes if is_last else None)
        (rows,) = conn.execute(REFRESH, values).fetchone() or (0,)
        written += rows
    return written


def _report(notice: psycopg.errors.Diagnostic) -> None:
    say(f"{notice.message_primary}: {notice.message_hint}")


def find_outdated(conn: psycopg.Connection) -> list[str]:
    """The names of class tables that are older than the items."""
    return [row[0] for row in conn.execute(QUERIES.find_outdated_tables)]


def refresh_outdated(conn: psycopg.Connection) -> None:
    """Refresh the class tables that are older than the items, and report."""
    conn.add_notice_handler(_report)
    for name in find_outdated(conn):
        say(f"muse_tables.{name}: {counted(refresh(conn, name), 'rows')} changed")


def outdated(conn: psycopg.Connection) -> str | None:
    """Whether class tables are older than the items, for `refresh`."""
    names = find_outdated(conn)
    return f"refreshing the class tables {', '.join(names)}" if names else None


def forget(conn: psycopg.Connection, name: str) -> None:
    """Delete a class table. Errors: psycopg.Error where there is none, or views need it."""
    conn.execute("select muse.drop_class_table(%s)", (name,))
