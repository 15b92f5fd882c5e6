"""Addresses of pictures that are wanted: one for every class of Wikidata, or as given."""

from collections.abc import Collection, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

import psycopg

from loaders.core import runs
from loaders.core.console import say
from loaders.core.entries import bad_entry, printable
from loaders.core.errors import Problem
from loaders.core.http.guard import check_host, host_and_port
from loaders.images.fetch import commons
from loaders.images.model import title_of

CLASSES_OF_WIKIDATA = "classes of Wikidata"  # the name of that source

# An item's own image, else the first one of its article.
CLASSES = """
    select class.class_id, class.class, coalesce(own.file, article.image),
        case when own.file is null then article.title end
    from muse.classes as class
    left join muse.wikidata as item on item.wikidata_id = class.class_id
    left join muse.articles as article on article.wikidata_id = class.class_id
    left join lateral (
        select statement.value ->> 'value' as file
        from jsonb_array_elements(item.claims -> 'P18') with ordinality as statement (value, place)
        where statement.value ? 'value' and statement.value ->> 'rank' <> 'deprecated'
        order by statement.value ->> 'rank' <> 'preferred', statement.place
        limit 1
    ) as own on true
    where class.items >= %s and class.class_id ~ '^Q[1-9][0-9]*$'
    order by class.items desc, class.class_id
"""
WANT = """
    insert into muse.image_fetches (
        source_id, address, host, title, class, wikidata_id, article, commons_file, download_url
    )
    values (%s, %s, %s, %s, %s, %s, %s, %s, %s)
    on conflict (source_id, address, wikidata_id) do nothing
"""
# What an earlier call wanted and this one does not: other pictures now, or smaller classes.
NO_LONGER = """
    delete from muse.image_fetches as known
    where known.source_id = %s and known.state <> 'done' and not exists (
        select from unnest(%s::text[], %s::text[]) as wanted (wikidata_id, address)
        where wanted.wikidata_id = known.wikidata_id and wanted.address = known.address
    )
"""


class Wanted(NamedTuple):
    """How many addresses are new, known already, and how many classes have no picture."""

    new: int
    known: int
    without: int = 0


def want_classes(conn: psycopg.Connection, min_count: int) -> Wanted:
    """A picture for every class that has so many items; what is wanted no longer is left out.

    Errors: Problem where no class has a picture; nothing is changed then.
    """
    with runs.run(conn, "images", CLASSES_OF_WIKIDATA, options={"min_count": min_count}) as run:
        assert run is not None
        with conn.transaction():
            rows = list(_of_classes(run, conn.execute(CLASSES, (min_count,))))
            if not rows:
                raise Problem(
                    f"no class of {min_count:,} items or more has a picture, nothing was changed: "
                    "load wikidata first, or lower --min-count"
                )
            addresses = [row["address"] for row in rows]
            ids = [row["wikidata_id"] for row in rows]
            conn.execute(NO_LONGER, (run.source_id, ids, addresses))
            _want(run, rows)
        return Wanted(run.loaded, run.unchanged, run.bad)


def want_addresses(
    conn: psycopg.Connection, addresses: Iterable[str], hosts: Collection[str]
) -> Wanted:
    """Pictures by their addresses. Errors: a Problem where a host is not among those allowed."""
    rows = []
    for given in dict.fromkeys(addresses):
        check_host(given, hosts)
        if len(given) > commons.LONGEST_ADDRESS:
            raise Problem(f"an address has at most {commons.LONGEST_ADDRESS:,} characters")
        name = unquote(urlsplit(given).path.rpartition("/")[2])
        rows.append(_row(given, title_of(printable(name)), download_url=given))
    with runs.run(conn, "images", "addresses") as run:
        assert run is not None
        with conn.transaction():
            _want(run, rows)
        return Wanted(run.loaded, run.unchanged)


def tell(name: str, counts: Wanted) -> None:
    """What there is to fetch."""
    more = f", {counts.known:,} known already" if counts.known else ""
    more += f", {counts.without:,} without a picture" if counts.without else ""
    hint = ": load images --fetch fetches them" if counts.new else ""
    say(f"{name}: {counts.new:,} new addresses{more}{hint}")


def _of_classes(run: runs.Run, found: Iterable[tuple[Any, ...]]) -> Iterator[dict[str, Any]]:
    for class_id, name, image, article in found:
        file = commons.file_name(image) if image else None
        if file is None:
            reason = "no name of a file" if image else "neither the item nor its article has one"
            run.leave_out(bad_entry(class_id, f"no picture: {reason}", image or name))
            continue
        row = _row(commons.address(file), name, commons_file=file, article=article)
        yield row | {"class": name, "wikidata_id": class_id}


def _row(address: str, title: str, **more: str | None) -> dict[str, Any]:
    columns = ("class", "wikidata_id", "article", "commons_file", "download_url")
    row: dict[str, Any] = dict.fromkeys(columns)
    return row | {"address": address, "host": host_and_port(address), "title": title} | more


def _want(run: runs.Run, rows: list[dict[str, Any]]) -> None:
    columns = (
        "address", "host", "title", "class", "wikidata_id", "article", "commons_file",
        "download_url",
    )  # fmt: skip
    with run.conn.cursor() as cursor:
        cursor.executemany(
            WANT, [(run.source_id, *(row[column] for column in columns)) for row in rows]
        )
        run.loaded += max(cursor.rowcount, 0)
    run.unchanged += len(rows) - run.loaded
