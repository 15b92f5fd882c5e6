"""Load pages of Wikipedia: articles in batches, then redirects, and where those lead in the end."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from loaders.core.console import progress
from loaders.core.db import analyze
from loaders.core.dumps import indexes, merging
from loaders.core.dumps import load as dumps
from loaders.core.dumps.load import DumpOptions
from loaders.core.dumps.sources import DumpSource, open_dump
from loaders.core.dumps.workers import MakeStager
from loaders.core.errors import Problem
from loaders.core.runs import LoadResult
from loaders.core.sources import Source
from loaders.wikipedia.dump import chunks
from loaders.wikipedia.staging import ARTICLE, VERSION, PageStager

# A genuine piece of the English Wikipedia of 2016, among the test data of gensim.
SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
NOUN = "articles and redirects"
NAMES = [name for name in ARTICLE if name != "chunk_id"]
PARTS = {
    "columns": ", ".join(NAMES),
    "new_columns": ", ".join(f"page.{name}" for name in NAMES),
    "of_batch": "from {pages} as page where page.ctid >= %s and page.ctid < %s",
}
# Of a page that is there twice the newest revision counts, else the last.
NEWEST = "revision_id desc, chunk_id desc, ctid desc"
ADD = "insert into muse.wikipedia ({columns}) select {new_columns} {of_batch}"
CHANGE = """
    insert into muse.wikipedia as old ({columns}) select {new_columns} {of_batch}
    on conflict (title) do update set ({columns}) = row({excluded})
    where old.revision_id < excluded.revision_id
        or old.revision_id = excluded.revision_id and old.kept_as <> excluded.kept_as
"""
PARTS["excluded"] = ", ".join(f"excluded.{name}" for name in NAMES)
REDIRECTS = """
    insert into muse.wikipedia_redirects as old (title, page_id, revision_id, target, article)
    select page.title, page.page_id, page.revision_id, page.target, page.target
    from {seen} as page
    where page.kind = 'redirect' and page.ctid >= %s and page.ctid < %s
    on conflict (title) do update set
        page_id = excluded.page_id, revision_id = excluded.revision_id,
        target = excluded.target, article = excluded.target
    where old.revision_id < excluded.revision_id
        or old.revision_id = excluded.revision_id and old.target <> excluded.target
"""
# A page that became a redirect, or is one no more, or has another title now; not where its old
# title is that of a page that failed to parse.
GONE = (
    """
    delete from muse.wikipedia as old using {seen} as new
    where new.title = old.title and new.kind = 'redirect' and old.revision_id <= new.revision_id
    """,
    """
    delete from muse.wikipedia_redirects as old using {seen} as new
    where new.title = old.title and new.kind = 'article' and old.revision_id <= new.revision_id
    """,
    """
    delete from muse.wikipedia as old using {seen} as new
    where new.page_id = old.page_id and new.title <> old.title
        and old.revision_id <= new.revision_id
        and not exists (select from {failed} as failed where failed.key = old.title)
    """,
    """
    delete from muse.wikipedia_redirects as old using {seen} as new
    where new.page_id = old.page_id and new.title <> old.title
        and old.revision_id <= new.revision_id
        and not exists (select from {failed} as failed where failed.key = old.title)
    """,
)
# Redirects to redirects, followed to their end; those that only lead in a circle stay as they are.
FOLLOW = """
    with recursive way (title, at, steps) as (
        select one.title, next.target, 1
        from muse.wikipedia_redirects as one
        join muse.wikipedia_redirects as next on next.title = one.target
        union all
        select way.title, next.target, way.steps + 1
        from way join muse.wikipedia_redirects as next on next.title = way.at
        where way.steps < 10
    ),
    last as (
        select distinct on (title) title, at from way order by title, steps desc
    ),
    known as (
        select one.title, coalesce(last.at, one.target) as article
        from muse.wikipedia_redirects as one left join last using (title)
    )
    update muse.wikipedia_redirects as old set article = known.article
    from known where known.title = old.title and known.article <> old.article
"""
# What failed to parse stays.
PRUNED = """
    from muse.{table} as old where not exists (
        select from {seen} as new where new.title = old.title and new.kind = {kind}
    ) and not exists (
        select from {failed} as failed where failed.key = old.title
    )
"""
STORED = "select count(*) from muse.{table}"
KINDS = {"wikipedia": "'article'", "wikipedia_redirects": "'redirect'"}
GONE_ROWS = "select count(*) {pruned}"
# Staged in an earlier run as unchanged, against a row that another load has removed since.
OUTDATED = """
    select distinct new.chunk_id
    from {seen} as new
    left join muse.wikipedia as old on old.title = new.title
    left join {pages} as page on page.title = new.title
    where new.kind = 'article' and page.title is null
      and (old.title is null or old.revision_id < new.revision_id)
"""


@dataclass(frozen=True)
class WikipediaOptions(DumpOptions):
    """source: a dump of pages-articles, an address, or `-`. sample: load the sample too."""

    source: str | None = None
    sample: bool = False


def load_all(conn: psycopg.Connection, options: WikipediaOptions) -> list[LoadResult]:
    """Load the sample and the dump, and report each; `conn` is in autocommit mode."""
    source = options.source
    if source is None and not options.sample:
        raise Problem("nothing to load: name a dump of pages-articles, or --sample")
    if options.prune and (source is None or options.limit):
        raise Problem("--prune removes what a dump does not hold: give one, and no --limit")
    results = []
    if options.sample:
        sample = WikipediaOptions(
            source=str(sample_path()), again=options.again, workers=options.workers
        )
        results.append(load_dump(conn, sample, request={"sample": True}))
    if source is not None:
        results.append(load_dump(conn, replace(options, sample=False)))
    return results


def load_dump(
    conn: psycopg.Connection,
    options: WikipediaOptions,
    request: dict[str, Any] | None = None,
) -> LoadResult:
    """Load the dump of the options, and report it. request: what a refresh repeats."""
    assert options.source is not None
    source = Source(options.source, contact=options.contact)
    request = request or options.to_json()
    with open_dump(source, chunks, threads=options.workers, noun=NOUN, request=request) as dump:
        result = load(conn, dump, options)
    result.report()
    return result


def load(conn: psycopg.Connection, source: DumpSource, options: DumpOptions) -> LoadResult:
    """Load the chunks of a source; `conn` is in autocommit mode."""
    kept = {"limit": options.limit} if options.limit is not None else {}
    return dumps.load(
        conn, source, PageLoad, options, topic=PageLoad.topic, noun=NOUN, version=VERSION, kept=kept
    )


def sample_path() -> Path:
    """The sample's file: a hundred articles of 2016, and as many redirects."""
    gensim = find_spec("gensim")  # importing it takes a second
    assert gensim is not None
    assert gensim.origin is not None
    return Path(gensim.origin).parent / "test" / "test_data" / SAMPLE


class PageLoad(dumps.Load):
    """Merges staged pages."""

    topic = "wikipedia"
    tables = ("pages", "seen")
    outdated = OUTDATED
    nothing = "no page is in it that can be used, give a dump of pages-articles"

    def stager(self) -> MakeStager:
        return partial(PageStager, staging=self.staging, run_id=self.run.run_id, fresh=self.fresh)

    def duplicates(self) -> Iterator[tuple[str, list[str]]]:
        ranks = {"seen": NEWEST, "pages": NEWEST}
        yield from merging.duplicates(self.conn, self.staging, "title", ranks)
        for page_id, places in merging.duplicates(self.conn, self.staging, "page_id", ranks):
            yield f"the page with id {page_id}", places

    def count_stored(self) -> dict[str, int]:
        return {name: self._count(STORED, table=name) for name in KINDS}

    def _count(self, query: str, **parts: str) -> int:
        (rows,) = self.conn.execute(self.staging.sql(query, **parts)).fetchone() or (0,)
        return int(rows)

    def merge(self) -> None:
        """Articles, then redirects, then what is gone."""
        conn, staging, workers = self.conn, self.staging, max(self.options.workers, 1)
        on_step = self.options.on_step
        on_step("pages")
        if self.fresh:
            indexes.drop(conn, self.topic)
        with closing(progress("pages", self.counts.kept, "merging")) as bar:
            for table, query in (("pages", ADD if self.fresh else CHANGE), ("seen", REDIRECTS)):
                merging.in_batches(
                    conn, staging, table, query, parts=PARTS, workers=workers, on_rows=bar.update
                )
        on_step("indexes")
        indexes.create(conn, self.topic, workers)
        on_step("what is gone, and redirects")
        staging.analyze(conn, "seen")
        for step in GONE:
            conn.execute(staging.sql(step))
        if self.options.prune:
            self.run.details["pruned"] = self._prune()
        conn.execute(FOLLOW)
        analyze(conn, "wikipedia", "wikipedia_redirects")

    def _prune(self) -> int:
        """Articles and redirects that the dump does not hold; how many rows went.

        Neither goes where too many of either, or of both together, would go.
        """
        parts = [{"table": name, "kind": kind, "pruned": PRUNED} for name, kind in KINDS.items()]
        gone = {each["table"]: self._count(GONE_ROWS, **each) for each in parts}
        tallies = [(name, self.stored[name], gone[name]) for name in KINDS]
        tallies.append(("both", sum(self.stored.values()), sum(gone.values())))
        if not all(self.may_prune(*tally) for tally in tallies):
            return 0
        deletes = [self.staging.sql("delete {pruned}", **each) for each in parts]
        with self.conn.transaction():
            return sum(self.conn.execute(delete).rowcount for delete in deletes)
