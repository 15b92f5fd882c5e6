"""Load Wikidata: a dump, entities from the API, labels from a file, or the sample."""

import hashlib
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import note, progress, say
from loaders.core.db import analyze, take_turns
from loaders.core.dumps import indexes
from loaders.core.dumps import load as dumps
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.load import DumpOptions
from loaders.core.dumps.sources import DumpSource, open_dump
from loaders.core.dumps.staging import Staging
from loaders.core.dumps.workers import MakeStager
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.runs import LoadResult
from loaders.core.sources import Source, without_secrets
from loaders.wikidata import VERSION, api, classes, merge, names, query_service, scopes
from loaders.wikidata.class_items import class_filter, find_missing
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.options import WikidataOptions, build_filter, check_options, read_ids
from loaders.wikidata.prune import count_stored, prune
from loaders.wikidata.queries import QUERIES, queries_for
from loaders.wikidata.scopes import Scope
from loaders.wikidata.sources import ids_source, labels_source, sample_sources
from loaders.wikidata.staging import EntityStager

NOUN = "items"
TABLES = ("wikidata", "wikidata_numbers")  # those whose indexes a first load builds at its end
PORTION = 200  # items of classes that are merged together
SAMPLED = EntityFilter(languages=("en", "de"), links=("dewiki",))


def load_all(conn: psycopg.Connection, options: WikidataOptions) -> list[LoadResult]:
    """Load labels, the sample, then the dump or the entities of the ids; print a report of each.

    `conn` is in autocommit mode. Errors: Problem.
    """
    check_options(options)
    ids = read_ids(options)
    results: list[LoadResult] = []
    alone = WikidataOptions(again=options.again, workers=options.workers, max_bad=options.max_bad)
    if options.labels is not None:
        labels = replace(alone, labels=options.labels)
        results.append(load_labels(conn, Path(options.labels), labels))
    if options.sample:
        results += load_samples(conn, replace(alone, sample=True))
    filter = build_filter(conn, options, ids)
    class_items, options = options.class_items, replace(options, labels=None, sample=False)
    options = replace(options, class_items=False)
    if options.source is not None:
        results.append(load_dump(conn, filter, options))
    elif ids is not None:
        client = Client(options.contact)
        results.append(load_ids(conn, ids, filter, options, client))
    if options.query_classes:
        results.append(load_query(conn, options))
    if class_items or options.query_classes:
        own = replace(alone, class_items=True, languages=options.languages, api=options.api)
        own = replace(own, sitelinks=options.sitelinks)
        own = replace(own, min_count=options.min_count, contact=options.contact)
        results.append(load_class_items(conn, own))
    return results


def load_dump(
    conn: psycopg.Connection, filter: EntityFilter, options: WikidataOptions
) -> LoadResult:
    """Load a JSON dump: a file, an http address, or `-` (standard input); maybe compressed."""
    assert options.source is not None
    source = Source(options.source, contact=options.contact)
    request = options.to_json() if options.is_repeatable else None
    with open_dump(source, chunks, threads=options.workers, noun=NOUN, request=request) as dump:
        return load(conn, dump, filter, options)


def load_ids(
    conn: psycopg.Connection,
    ids: list[str],
    filter: EntityFilter,
    options: WikidataOptions,
    client: Client,
) -> LoadResult:
    """Load entities from the wbgetentities API, and the labels of all entities they mention."""
    source = ids_source(conn, ids, filter, options, client)
    return load_source_of_ids(conn, source, filter, options)


def load_class_items(
    conn: psycopg.Connection, options: WikidataOptions, client: Client | None = None
) -> LoadResult:
    """Load missing items of the classes of other items that have options.min_count items.

    They are merged in portions: a load that was interrupted continues with the missing ones.
    Errors: Problem.
    """
    url = options.api or api.API
    scope = options.languages, options.sitelinks
    ids = find_missing(conn, class_filter((), *scope), options.min_count)
    name = f"{without_secrets(url)}#items of classes"
    if not ids:
        note("the items of all classes are stored")
    portions = [ids[start : start + PORTION] for start in range(0, len(ids), PORTION)]
    filters = ((portion, class_filter(portion, *scope)) for portion in portions)
    return _load_portions(conn, name, filters, options, client)


def load_query(
    conn: psycopg.Connection, options: WikidataOptions, client: Client | None = None
) -> LoadResult:
    """Load the instances of options.query_classes that are new or have a newer revision.

    The query service lists them with their revisions. They are merged in portions: a load that was
    interrupted continues with the others, and a refresh requests what has changed. Errors: Problem.
    """
    asking = client or Client(options.contact, backoff=query_service.BACKOFF)
    items = query_service.find_items(options, asking)
    ids = query_service.find_outdated(conn, options, items)
    service = without_secrets(options.query_service or query_service.SERVICE)
    classes = ", ".join(query_service.class_ids(options))
    name = f"{service}#instances of {classes}" + (" and subclasses" if options.subclasses else "")
    say(f"{name}: {len(items):,} items, {len(ids):,} of them new or changed")
    size = query_service.PORTION
    portions = [ids[start : start + size] for start in range(0, len(ids), size)]
    filters = ((portion, query_service.query_filter(options, portion)) for portion in portions)
    return _load_portions(conn, name, filters, options, client)


def _load_portions(
    conn: psycopg.Connection,
    name: str,
    portions: Iterable[tuple[list[str], EntityFilter]],
    options: WikidataOptions,
    client: Client | None,
) -> LoadResult:
    """Load entities of the API, each portion of ids with its filter in a run of its own."""
    total = LoadResult(name, NOUN, is_unchanged=True)
    for ids, filter in portions:
        client, total.is_unchanged = client or Client(options.contact), False
        source = ids_source(conn, ids, filter, options, client, name=name, all_labels=False)
        pieces = list(source.chunks)
        if not any(isinstance(piece, Chunk) for piece in pieces):
            say(f"{name}: there is no entity {', '.join(ids[:9])}")
            total.bad += len(ids)
            continue
        source = replace(source, chunks=pieces)
        total.add(load_source_of_ids(conn, source, filter, options, recount=False))
    if not total.is_unchanged:
        with conn.transaction():
            take_turns(conn, "wikidata")
            classes.update_classes(conn)
    return total


def load_missing_class_items(
    conn: psycopg.Connection, *, min_count: int, contact: str | None, api: str | None
) -> None:
    """The same for another topic, which goes on without them if they cannot be loaded."""
    options = WikidataOptions(class_items=True, min_count=min_count, contact=contact, api=api)
    try:
        load_class_items(conn, options)
    except Problem as error:
        say(f"items of classes are missing and were not loaded: {error}")


def load_source_of_ids(
    conn: psycopg.Connection,
    source: DumpSource,
    filter: EntityFilter,
    options: WikidataOptions,
    *,
    recount: bool = True,
) -> LoadResult:
    """Load entities of the API: in this process, because the service is slower than the parser."""
    return load(conn, source, filter, replace(options, workers=0, again=True), recount=recount)


def load_labels(conn: psycopg.Connection, path: Path, options: WikidataOptions) -> LoadResult:
    """Load English labels from a table of id and label."""
    return load(conn, labels_source(path, options), EntityFilter(), replace(options, workers=0))


def load_samples(
    conn: psycopg.Connection, options: WikidataOptions, location: str | None = None
) -> list[LoadResult]:
    """Load brands, operators, networks and flags, and 67 other items. Stored names stay.

    location: of one of the two samples; default: both.
    """
    options = replace(options, workers=0)
    return [
        load(conn, source, SAMPLED, options, only_missing_labels=True)
        for source in sample_sources(options)
        if location in (None, source.name)
    ]


def load(
    conn: psycopg.Connection,
    source: DumpSource,
    filter: EntityFilter,
    options: DumpOptions,
    *,
    only_missing_labels: bool = False,
    recount: bool = True,
) -> LoadResult:
    """Load a source and print a report; `conn` is in autocommit mode.

    only_missing_labels: stored labels do not change. recount: False if the caller counts the items
    of classes with subclasses. Errors: Problem.
    """
    kind = partial(
        EntityLoad, filter=filter, only_missing_labels=only_missing_labels, recount=recount
    )
    kept = _describe_filter(filter, options)
    result = dumps.load(
        conn, source, kind, options, topic=EntityLoad.topic, noun=NOUN, version=VERSION, kept=kept
    )
    result.report()
    return result


class EntityLoad(dumps.DumpLoad):
    """A load of Wikidata."""

    topic = "wikidata"
    tables = ("items", "seen")
    nothing = "nothing in it can be used as an item or property"

    def __init__(
        self,
        run: runs.Run,
        staging: Staging,
        source: DumpSource,
        options: DumpOptions,
        *,
        filter: EntityFilter,
        only_missing_labels: bool,
        recount: bool,
    ) -> None:
        super().__init__(run, staging, source, options)
        self.filter, own = filter, Scope.of(filter)
        self.only_missing_labels, self.recount = only_missing_labels, recount
        self.outdated = queries_for(self.conn).find_outdated_chunks
        self.values = {"kept_as": own.number, "filter_number": filter.number}
        scopes.write_scopes(self.conn, [own])

    def stager(self) -> MakeStager:
        return partial(
            EntityStager,
            staging=self.staging,
            filter=self.filter,
            run_id=self.run.run_id,
            fresh=self.fresh,
        )

    def delete_duplicates(self) -> Iterator[tuple[str, list[str]]]:
        return merge.delete_duplicates(self.conn, self.staging)

    def count_stored(self) -> dict[str, int]:
        return {"wikidata": count_stored(self, self.filter.number)}

    def merge(self) -> None:
        """Merge labels before items, because properties contain labels; then update the rest."""
        conn, staging, workers = self.conn, self.staging, max(self.options.workers, 1)
        on_step = self.options.on_step
        on_step("labels")
        staging.analyze(conn, "seen")
        with conn.transaction():
            names.merge_labels(
                conn, staging, fresh=self.fresh, only_missing=self.only_missing_labels
            )
        on_step("items")
        if self.fresh:
            for table in TABLES:
                indexes.drop(conn, table)
        with closing(progress("items", self.counts.kept, "merging")) as bar:
            merge.merge_items(
                conn, staging, run_id=self.run.run_id, fresh=self.fresh, workers=workers,
                on_items=bar.update,
            )  # fmt: skip
        if not self.fresh:
            merge.mark_items(conn, staging, self.filter.number, workers)
        conn.execute(staging.sql(QUERIES.delete_redirected))
        if self.options.prune:
            self.run.details["pruned"] = prune(self, self.filter.number)
        on_step("changed labels")
        self.run.details["renamed"] = names.rename(conn, staging)
        if self.filter.options:
            (left_out,) = conn.execute(staging.sql(QUERIES.count_left_out)).fetchone() or (0,)
            self.run.details[f"left out by {self.filter.options}"] = left_out
        on_step("classes")
        classes.update_classes(conn, staging, recount=self.recount)
        on_step("indexes")
        indexes.create(conn, TABLES, workers, slowest="wikidata_claims")
        analyze(conn, "wikidata", "wikidata_numbers", "wikidata_labels", "wikidata_classes")


def _describe_filter(filter: EntityFilter, options: DumpOptions) -> dict[str, Any]:
    """The filter for the table sources; of sets with more than 50 ids only a hash."""
    described: dict[str, Any] = {
        "languages": filter.languages,
        "sitelinks": filter.sitelinks,
        "english_only": filter.english_only,
    }
    for name in ("class_ids", "ids"):
        ids = getattr(filter, name)
        if ids is not None and len(ids) > 50:
            text = ",".join(sorted(ids)).encode()
            described[name] = f"{len(ids)} ids, {hashlib.blake2b(text, digest_size=8).hexdigest()}"
        elif ids is not None:
            described[name] = sorted(ids)
    if options.limit is not None:
        described["limit"] = options.limit
    described["filter"] = filter.number
    return {key: value for key, value in described.items() if value}
