"""Load Wikipedia: articles and redirects of a dump, or the sample."""

import re
import shlex
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psycopg

from loaders.core import runs
from loaders.core.console import progress, say
from loaders.core.db import analyze
from loaders.core.dumps import indexes, merging
from loaders.core.dumps import load as dumps
from loaders.core.dumps.chunks import PeekableStream, Readable
from loaders.core.dumps.load import DumpOptions
from loaders.core.dumps.sources import DumpSource, Pieces, open_dump
from loaders.core.dumps.staging import Staging
from loaders.core.dumps.workers import MakeStager
from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.runs import LoadResult
from loaders.core.sources import STANDARD_INPUT, Source, without_secrets
from loaders.wikipedia import VERSION, api
from loaders.wikipedia.dump import HEAD, chunks
from loaders.wikipedia.queries import QUERIES
from loaders.wikipedia.single import class_titles, portions, read_titles
from loaders.wikipedia.sites import Site, choose, host_of
from loaders.wikipedia.staging import ARTICLE_COLUMNS, PageStager

# A part of the English Wikipedia of 2016, from the test data of gensim.
SAMPLE = "enwiki-latest-pages-articles1.xml-p000000010p000030302-shortened.bz2"
NOUN = "pages"
COLUMNS = [name for name in ARTICLE_COLUMNS if name != "chunk_id"]
PARTS = {
    "columns": ", ".join(COLUMNS),
    "page_columns": ", ".join(f"page.{name}" for name in COLUMNS),
    "excluded_columns": ", ".join(f"excluded.{name}" for name in COLUMNS),
}
KINDS = {"wikipedia": "article", "wikipedia_redirects": "redirect"}  # by table
STORED = "select count(*) from muse.{table} where wiki = %(wiki)s"
NO_SITE = Site("")  # of a source without a page; no row can have it
# Of several copies the newest revision counts, else the last.
NEWEST = "revision_id desc, chunk_id desc, ctid desc"


@dataclass(frozen=True)
class WikipediaOptions(DumpOptions):
    """source: a dump of pages-articles, an address, or `-`. sample: load the sample too.

    wiki: of a source that does not name its wiki, such as enwiki; of single pages, default enwiki;
    another name for a wiki that is none of Wikimedia's.
    titles: a file with titles of pages to fetch. for_classes: fetch the articles of classes of
    Wikidata. api: the address of the wiki's API, if it is no Wikipedia.
    """

    source: str | None = None
    sample: bool = False
    wiki: str | None = None
    titles: str | None = None
    for_classes: bool = False
    api: str | None = None


def load_all(conn: psycopg.Connection, options: WikipediaOptions) -> list[LoadResult]:
    """Load the sample and the dump, and print a report of each.

    `conn` is in autocommit mode. Errors: Problem.
    """
    source = options.source
    if options.wiki is not None and re.fullmatch(r"[a-z]{2,3}", options.wiki):
        raise Problem(f"--wiki {options.wiki} is a language: say {options.wiki}wiki")
    single = options.titles is not None or options.for_classes
    if source is None and not options.sample and not single:
        raise Problem(
            "nothing to load: name a dump of pages-articles, --titles, --for-classes or --sample"
        )
    if options.prune and (source is None or options.limit):
        raise Problem("--prune deletes pages that are not in a dump: give a dump, and no --limit")
    results: list[LoadResult] = []
    if options.sample:
        sample = WikipediaOptions(
            source=str(sample_path()), again=options.again, workers=options.workers
        )
        results.append(load_dump(conn, sample, request={"sample": True}))
    if source is not None:
        dump = replace(options, sample=False, titles=None, for_classes=False)
        results.append(load_dump(conn, dump))
    if options.titles is not None:
        own = replace(options, source=None, sample=False, for_classes=False, prune=False)
        results.append(load_titles(conn, own))
    if options.for_classes:
        own = replace(options, source=None, sample=False, titles=None, prune=False)
        results.append(load_titles(conn, own))
    return results


def load_titles(
    conn: psycopg.Connection, options: WikipediaOptions, client: Client | None = None
) -> LoadResult:
    """Fetch single pages from the API: those of a file of titles, or of classes of Wikidata.

    They are merged in portions, and revisions that are stored are not fetched again: a load that
    was interrupted continues with the others. Errors: Problem.
    """
    url = options.api or api.address_of(options.wiki or "enwiki")
    service = api.PageService(client or Client(options.contact), url)
    site = service.site().named(options.wiki)
    if options.titles is not None:
        titles, about = read_titles(options.titles, site.wiki), f"titles of {options.titles}"
    else:
        titles, about = class_titles(conn, site.wiki), "articles of classes"
    total = LoadResult(f"{without_secrets(url)}#{about}", NOUN)
    repeatable = options.titles is None or Source(options.titles).is_repeatable
    request = options.to_json() if repeatable else None
    one_by_one = replace(options, workers=0, again=True)
    for portion in portions(conn, service, site, titles, again=options.again):
        total.unchanged += portion.unchanged
        if not portion.has_pages:
            for piece in portion.pieces[:9]:
                say(f"{total.source}: {piece[0]!s}: {piece[1]!s}")
            total.bad += len(portion.pieces)
            continue
        source = DumpSource(total.source, portion.pieces, request=request)
        total.add(load(conn, source, one_by_one, site))
    total.is_unchanged = not (total.has_changed or total.failures)
    total.report()
    return total


def load_dump(
    conn: psycopg.Connection,
    options: WikipediaOptions,
    request: dict[str, Any] | None = None,
) -> LoadResult:
    """Load the dump of the options, and print a report.

    request: the options with which a refresh repeats the load; default: these.
    """
    assert options.source is not None
    source = Source(options.source, contact=options.contact)
    request = request or options.to_json()
    sites: list[Site] = []

    def cut(stream: Readable) -> Pieces:
        head = PeekableStream(stream)
        try:
            site = choose(head.peek(HEAD), options.wiki)
        except Problem as error:
            raise Problem(f"{source.name}: {error}") from error
        sites.append(site or NO_SITE)
        return chunks(head)

    with open_dump(source, cut, threads=options.workers, noun=NOUN, request=request) as dump:
        result = load(conn, dump, options, sites[0])
    result.report()
    return result


def load(
    conn: psycopg.Connection, source: DumpSource, options: DumpOptions, site: Site
) -> LoadResult:
    """Load a source; `conn` is in autocommit mode. Errors: Problem."""
    check_name(conn, source.name, site)
    kept: dict[str, Any] = {"wiki": site.wiki}
    if site.base is not None:
        kept["base"] = site.base
    if options.limit is not None:
        kept["limit"] = options.limit
    kind = partial(PageLoad, site=site)
    return dumps.load(
        conn, source, kind, options, topic=PageLoad.topic, noun=NOUN, version=VERSION, kept=kept
    )


def check_name(conn: psycopg.Connection, location: str, site: Site) -> None:
    """Check that no source is of another wiki with the same name, whose pages it would replace.

    Errors: Problem.
    """
    own = None if location == STANDARD_INPUT else location
    values = {"wiki": site.wiki, "location": own}
    for other, base in conn.execute(QUERIES.find_sources_of_wiki, values).fetchall():
        hosts = host_of(site.wiki, base), site.host
        if "" in hosts or hosts[0] == hosts[1]:
            continue
        renamed = hosts[0] if site.base is None else hosts[1]
        name = re.sub("[^A-Za-z0-9]+", "_", renamed)[:60]
        forget = shlex.join(["./pgmuse", "forget", "source", other])
        advice = (
            f"--wiki {name} gives it another name ({forget} if it is the same wiki)"
            if site.base is not None
            else f"{forget}, and load that again with --wiki {name}"
        )
        raise Problem(
            f"{location}: it is {site.wiki} of {hosts[1]}, and {other} is {site.wiki} of "
            f"{hosts[0]}: {advice}"
        )


def sample_path() -> Path:
    """The file of the sample: 106 articles of 2016 and about as many redirects."""
    gensim = find_spec("gensim")  # importing it takes a second
    assert gensim is not None
    assert gensim.origin is not None
    return Path(gensim.origin).parent / "test" / "test_data" / SAMPLE


class PageLoad(dumps.DumpLoad):
    """A load of Wikipedia."""

    topic = "wikipedia"
    tables = ("pages", "seen")
    outdated = QUERIES.find_outdated_chunks
    nothing = "no page is in it that can be used, give a dump of pages-articles"

    def __init__(
        self,
        run: runs.Run,
        staging: Staging,
        source: DumpSource,
        options: DumpOptions,
        *,
        site: Site,
    ) -> None:
        super().__init__(run, staging, source, options)
        self.site, self.values = site, {"wiki": site.wiki}

    def stager(self) -> MakeStager:
        return partial(
            PageStager,
            staging=self.staging,
            site=self.site,
            run_id=self.run.run_id,
            fresh=self.fresh,
        )

    def delete_duplicates(self) -> Iterator[tuple[str, list[str]]]:
        ranks = {"seen": NEWEST, "pages": NEWEST}
        yield from merging.delete_duplicates(self.conn, self.staging, "title", ranks)
        for page_id, places in merging.delete_duplicates(self.conn, self.staging, "page_id", ranks):
            yield f"the page with id {page_id}", places

    def count_stored(self) -> dict[str, int]:
        return {table: self._count(STORED, table) for table in KINDS}

    def merge(self) -> None:
        """Merge articles, then redirects; then delete moved and pruned pages."""
        conn, staging, workers = self.conn, self.staging, max(self.options.workers, 1)
        on_step = self.options.on_step
        on_step("pages")
        if self.fresh:
            indexes.drop(conn, self.topic)
        pages = QUERIES.insert_pages if self.fresh else QUERIES.upsert_pages
        with closing(progress("pages", self.counts.kept, "merging")) as bar:
            for table, query in (("pages", pages), ("seen", QUERIES.upsert_redirects)):
                merging.in_batches(
                    conn, staging, table, query, parts=PARTS, values=self.values,
                    workers=workers, on_rows=bar.update,
                )  # fmt: skip
        on_step("indexes")
        indexes.create(conn, [self.topic], workers)
        on_step("deletions and redirects")
        staging.analyze(conn, "seen")
        self._delete_moved()
        if self.options.prune:
            self.run.details["pruned"] = self._prune()
        conn.execute(QUERIES.follow_redirects, self.values)
        analyze(conn, "wikipedia", "wikipedia_redirects")

    def _delete_moved(self) -> None:
        """Delete pages that became redirects, or the reverse, or whose title another page has."""
        for table, kind in (("wikipedia", "redirect"), ("wikipedia_redirects", "article")):
            query = self.staging.sql(QUERIES.delete_other_kind, table=table)
            self.conn.execute(query, self.values | {"kind": kind})
        for table in KINDS:
            query = self.staging.sql(QUERIES.delete_replaced, table=table)
            self.conn.execute(query, self.values)

    def _prune(self) -> int:
        """Delete articles and redirects that are not in the dump. Return the number of rows.

        Nothing is deleted if the share of either table, or of both together, is too large, or if
        the wiki has another source: large wikis come in several files.
        """
        self.refuse_beside(QUERIES.find_other_source, self.values)
        gone = {table: self._count(QUERIES.count_gone, table) for table in KINDS}
        tallies = [(table, self.stored[table], gone[table]) for table in KINDS]
        tallies.append(("both", sum(self.stored.values()), sum(gone.values())))
        if not all(self.may_prune(*tally) for tally in tallies):
            return 0
        with self.conn.transaction():
            return sum(self._execute(QUERIES.delete_gone, table).rowcount for table in KINDS)

    def _count(self, query: str, table: str) -> int:
        (rows,) = self._execute(query, table).fetchone() or (0,)
        return int(rows)

    def _execute(self, query: str, table: str) -> psycopg.Cursor[Any]:
        values = self.values | {"kind": KINDS[table]}
        return self.conn.execute(self.staging.sql(query, table=table), values)
