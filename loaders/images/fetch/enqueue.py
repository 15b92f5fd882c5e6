"""Queue addresses of pictures: one for each class of Wikidata, or those that the user lists."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import psycopg

from loaders.core import runs
from loaders.core.console import counted, say
from loaders.core.entries import bad_entry, printable
from loaders.core.errors import Problem
from loaders.core.http.guard import check_host, host_and_port
from loaders.images.fetch import commons
from loaders.images.fetch.queue import QUERIES
from loaders.images.model import title_of

CLASSES_OF_WIKIDATA = "classes of Wikidata"  # the name of that source


class QueueCounts(NamedTuple):
    """Addresses that are new, addresses that were queued before, and classes without a picture."""

    new: int
    existing: int
    without_picture: int = 0


def enqueue_classes(conn: psycopg.Connection, min_count: int) -> QueueCounts:
    """Queue a picture for each class with at least `min_count` items, and remove outdated ones.

    Errors: Problem where no class has a picture; nothing is changed then.
    """
    with runs.run(conn, "images", CLASSES_OF_WIKIDATA, options={"min_count": min_count}) as run:
        assert run is not None
        with conn.transaction():
            classes = conn.execute(QUERIES.select_classes, {"min_count": min_count})
            rows = list(_class_rows(run, classes))
            if not rows:
                lower = ", or lower --min-count" if min_count > 1 else ""
                raise Problem(
                    f"no class of {counted(min_count, 'items')} or more has a picture, nothing was "
                    f"changed: load wikidata with items that have images (P18){lower}"
                )
            current = {
                "source_id": run.source_id,
                "ids": [row["wikidata_id"] for row in rows],
                "addresses": [row["address"] for row in rows],
            }
            conn.execute(QUERIES.delete_outdated, current)
            _enqueue(run, rows)
        return QueueCounts(run.loaded, run.unchanged, run.bad)


def enqueue_addresses(
    conn: psycopg.Connection, addresses: Iterable[str], hosts: Collection[str]
) -> QueueCounts:
    """Queue pictures by their addresses. Errors: Problem where a host is not in `hosts`."""
    rows = []
    for address in dict.fromkeys(addresses):
        check_host(address, hosts)
        if len(address) > commons.LONGEST_ADDRESS:
            raise Problem(f"an address has at most {commons.LONGEST_ADDRESS:,} characters")
        name = unquote(urlsplit(address).path.rpartition("/")[2])
        rows.append(_row(address, title_of(printable(name)), download_url=address))
    with runs.run(conn, "images", "addresses") as run:
        assert run is not None
        with conn.transaction():
            _enqueue(run, rows)
        return QueueCounts(run.loaded, run.unchanged)


def report(name: str, counts: QueueCounts) -> None:
    """Print the counts of a source, and the command that downloads its pictures."""
    more = f", {counts.existing:,} queued before" if counts.existing else ""
    more += f", {counts.without_picture:,} without a picture" if counts.without_picture else ""
    hint = ": load images --fetch downloads them" if counts.new else ""
    say(f"{name}: {counts.new:,} new addresses{more}{hint}")


def _class_rows(run: runs.Run, classes: Iterable[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    """Queue rows of classes; classes without a usable file name are left out."""
    for class_id, name, image, article, wiki in classes:
        file = commons.file_name(image) if image else None
        if file is None:
            reason = "no name of a file" if image else "neither the item nor its article has one"
            run.leave_out(bad_entry(class_id, f"no picture: {reason}", image or name))
            continue
        row = _row(commons.address(file), name, commons_file=file, article=article, wiki=wiki)
        yield row | {"class": name, "wikidata_id": class_id}


def _row(address: str, title: str, **more: str | None) -> dict[str, Any]:
    columns = ("class", "wikidata_id", "article", "wiki", "commons_file", "download_url")
    row: dict[str, Any] = dict.fromkeys(columns)
    return row | {"address": address, "host": host_and_port(address), "title": title} | more


def _enqueue(run: runs.Run, rows: list[dict[str, Any]]) -> None:
    with run.conn.cursor() as cursor:
        cursor.executemany(QUERIES.enqueue, [row | {"source_id": run.source_id} for row in rows])
        run.loaded += max(cursor.rowcount, 0)
    run.unchanged += len(rows) - run.loaded
