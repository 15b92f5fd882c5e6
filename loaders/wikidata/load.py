"""Load Wikidata: a dump, entities from the API, labels from a file, or the sample."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress
from loaders.core.db import analyze
from loaders.core.dumps import indexes
from loaders.core.dumps import load as dumps
from loaders.core.dumps.load import Loaded, OnChunk, Source
from loaders.core.dumps.staging import Staging
from loaders.core.dumps.workers import MakeStager
from loaders.wikidata import classes, kept, merge, names
from loaders.wikidata.entities import Filter
from loaders.wikidata.kept import VERSION, Kept
from loaders.wikidata.prune import count_stored, prune
from loaders.wikidata.staging import EntityStager


@dataclass(frozen=True)
class Options(dumps.Options):
    """only_missing: labels that are known stay."""

    only_missing: bool = False


def load(
    conn: psycopg.Connection,
    where: str,
    source: Source,
    filter: Filter,
    options: Options,
    *,
    fingerprint: str | None = None,
    on_chunk: OnChunk = lambda counts: None,
) -> Loaded:
    """Load the chunks of a source under a name for it; `conn` is in autocommit mode."""

    def kind(run: runs.Run, staging: Staging) -> dumps.Load:
        return _Load(run, staging, filter, options)

    return dumps.load(
        conn, where, source, kind, topic="wikidata", version=VERSION,
        kept=_described(filter, options), request=options.request, fingerprint=fingerprint,
        again=options.again, prune=options.prune, on_chunk=on_chunk,
    )  # fmt: skip


class _Load(dumps.Load):
    """What Wikidata does with a run."""

    topic = "wikidata"
    tables = ("items", "seen")
    outdated = merge.OUTDATED
    nothing = "nothing in it can be used as an item or property"
    options: Options

    def __init__(self, run: runs.Run, staging: Staging, filter: Filter, options: Options) -> None:
        super().__init__(run, staging, options)
        self.filter, own = filter, Kept.of(filter)
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
                conn, staging, fresh=self.fresh, only_missing=self.options.only_missing
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
            self.loaded.pruned = prune(self, self.filter.number)
        on_step("names that changed")
        self.loaded.renamed = names.rename(conn, staging)
        on_step("classes")
        classes.settle(conn, staging)
        on_step("indexes")
        indexes.create(conn, self.topic, workers)
        analyze(conn, "wikidata", "wikidata_labels", "wikidata_classes")


def _described(filter: Filter, options: Options) -> dict[str, Any]:
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
