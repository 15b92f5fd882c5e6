"""Load Wikidata: a dump, entities from the API, labels from a file, or the sample."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress
from loaders.core.db import analyze
from loaders.core.dumps import indexes
from loaders.core.dumps import load as dumps
from loaders.core.dumps.load import DumpOptions
from loaders.core.dumps.sources import DumpSource, open_dump
from loaders.core.dumps.staging import Staging
from loaders.core.dumps.workers import MakeStager
from loaders.core.http.client import Client
from loaders.core.runs import LoadResult
from loaders.core.sources import Source
from loaders.wikidata import classes, kept, merge, names
from loaders.wikidata.dump import chunks
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.kept import VERSION, Kept
from loaders.wikidata.options import WikidataOptions, build_filter, check_options, read_ids
from loaders.wikidata.prune import count_stored, prune
from loaders.wikidata.sources import ids_source, labels_source, sample_source
from loaders.wikidata.staging import EntityStager

NOUN = "items"


def load_all(conn: psycopg.Connection, options: WikidataOptions) -> list[LoadResult]:
    """Load labels, the sample, then the dump or the entities of the ids; report each.

    `conn` is in autocommit mode. Errors: Problem.
    """
    check_options(options)
    ids = read_ids(options)
    results: list[LoadResult] = []
    alone = WikidataOptions(again=options.again, workers=options.workers, max_bad=options.max_bad)
    if options.labels is not None:
        labels = replace(alone, labels=options.labels)
        results.append(load_labels(conn, Path(options.labels), labels))
    if options.sample and (sample := load_sample(conn, replace(alone, sample=True))) is not None:
        results.append(sample)
    filter = build_filter(conn, options, ids)
    options = replace(options, labels=None, sample=False)
    if options.source is not None:
        results.append(load_dump(conn, filter, options))
    elif ids is not None:
        client = Client(options.contact)
        results.append(load_ids(conn, ids, filter, options, client))
    return results


def load_dump(
    conn: psycopg.Connection, filter: EntityFilter, options: WikidataOptions
) -> LoadResult:
    """Load a JSON dump: a file, an http address, or `-` for standard input; packed or not."""
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
    """Load entities from the wbgetentities API, and the labels of all that they name."""
    options = replace(options, workers=0, again=True)
    source = ids_source(conn, ids, filter, options, client)
    return load(conn, source, filter, options)


def load_labels(conn: psycopg.Connection, path: Path, options: WikidataOptions) -> LoadResult:
    """Load English labels from a table of id and label."""
    return load(conn, labels_source(path, options), EntityFilter(), replace(options, workers=0))


def load_sample(conn: psycopg.Connection, options: WikidataOptions) -> LoadResult | None:
    """Load brands, operators, networks and flags; None where the package is not installed."""
    source = sample_source(options)
    if source is None:
        return None
    options = replace(options, workers=0)
    return load(conn, source, EntityFilter(), options, only_missing_labels=True)


def load(
    conn: psycopg.Connection,
    source: DumpSource,
    filter: EntityFilter,
    options: DumpOptions,
    *,
    only_missing_labels: bool = False,
) -> LoadResult:
    """Load the chunks of a source, and report it; `conn` is in autocommit mode.

    only_missing_labels: labels that are stored already stay as they are.
    """
    kind = partial(EntityLoad, filter=filter, only_missing_labels=only_missing_labels)
    kept = _described(filter, options)
    result = dumps.load(
        conn, source, kind, options, topic=EntityLoad.topic, noun=NOUN, version=VERSION, kept=kept
    )
    result.report()
    return result


class EntityLoad(dumps.Load):
    """Merges staged entities."""

    topic = "wikidata"
    tables = ("items", "seen")
    outdated = merge.OUTDATED
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
    ) -> None:
        super().__init__(run, staging, source, options)
        self.filter, own = filter, Kept.of(filter)
        self.only_missing_labels = only_missing_labels
        self.parts = {"number": str(own.number), "filter": str(filter.number)}
        kept.write(self.conn, [own])

    def stager(self) -> MakeStager:
        return partial(
            EntityStager,
            staging=self.staging,
            filter=self.filter,
            run_id=self.run.run_id,
            fresh=self.fresh,
        )

    def duplicates(self) -> Iterator[tuple[str, list[str]]]:
        return merge.duplicates(self.conn, self.staging)

    def count_stored(self) -> dict[str, int]:
        return {"wikidata": count_stored(self, self.filter.number)}

    def merge(self) -> None:
        """Labels first, since properties hold names; then items, and what follows from both."""
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
            indexes.drop(conn, self.topic)
        with closing(progress("items", self.counts.kept, "merging")) as bar:
            merge.merge_items(conn, staging, fresh=self.fresh, workers=workers, on_items=bar.update)
        if not self.fresh:
            merge.mark_items(conn, staging, self.filter.number, workers)
        conn.execute(staging.sql(merge.GONE))
        if self.options.prune:
            self.run.details["pruned"] = prune(self, self.filter.number)
        on_step("names that changed")
        self.run.details["renamed"] = names.rename(conn, staging)
        on_step("classes")
        classes.settle(conn, staging)
        on_step("indexes")
        indexes.create(conn, self.topic, workers)
        analyze(conn, "wikidata", "wikidata_labels", "wikidata_classes")


def _described(filter: EntityFilter, options: DumpOptions) -> dict[str, Any]:
    """What was asked of a source, for the table sources; sets are told by their hash."""
    told: dict[str, Any] = {"languages": filter.languages, "sitelinks": filter.sitelinks}
    for name in ("class_ids", "ids"):
        ids = getattr(filter, name)
        if ids is not None and len(ids) > 50:
            text = ",".join(sorted(ids)).encode()
            told[name] = f"{len(ids)} ids, {hashlib.blake2b(text, digest_size=8).hexdigest()}"
        elif ids is not None:
            told[name] = sorted(ids)
    if options.limit is not None:
        told["limit"] = options.limit
    told["filter"] = filter.number
    return {key: value for key, value in told.items() if value}
