"""Parses chunks of Wikipedia, compares pages with the stored rows, and stages them."""

from collections.abc import Iterator
from typing import Any

import psycopg

from loaders.core.db import copy
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import ParsedChunk, Stager, Staging
from loaders.core.entries import BadEntry, bad_entry
from loaders.wikipedia import VERSION
from loaders.wikipedia.dump import pages
from loaders.wikipedia.names import titles_in
from loaders.wikipedia.pages import Article, PageRedirect, UnusablePage, parse
from loaders.wikipedia.queries import QUERIES
from loaders.wikipedia.sites import Site

ARTICLE_COLUMNS = {
    "title": "text",
    "page_id": "int8",
    "revision_id": "int8",
    "revised_at": "timestamptz",
    "infobox": "text",
    "image": "text",
    "templates": "text[]",
    "categories": "text[]",
    "general": "text[]",
    "wikitext": "text",
    "kept_as": "int4",
    "chunk_id": "int4",
}
# The staging table `seen`, with a row for every page. kind: article or redirect. target: of a
# redirect.
SEEN_COLUMNS = {
    "title": "text",
    "page_id": "int8",
    "revision_id": "int8",
    "target": "text",
    "kind": "text",
    "place": "text",
    "chunk_id": "int4",
}

Page = Article | PageRedirect


def read(chunk: Chunk, site: Site, limit: int | None = None) -> ParsedChunk[Page]:
    """Parse the pages of a chunk, until `limit` articles and redirects are kept."""
    result: ParsedChunk[Page] = ParsedChunk()
    for number, xml in pages(chunk):
        if result.kept == limit:
            break
        if isinstance(xml, BadEntry):
            result.fail(bad_entry(*xml))
            continue
        try:
            page = parse(xml, site)
        except UnusablePage as error:
            result.fail(bad_entry(f"page {number}", error, xml, titles_in(xml)))
            continue
        if page is None:
            continue
        result.entities.append((f"page {number}", page))
        result.kept += 1
        if isinstance(page, Article):
            for reason in page.warnings:
                result.bad.append(bad_entry(f"page {number}, {page.title}", reason, xml))
    return result


class PageStager(Stager[Page]):
    """Stages articles and redirects of a wiki."""

    def __init__(
        self,
        conn: psycopg.Connection,
        staging: Staging,
        site: Site,
        run_id: int,
        *,
        fresh: bool,
    ) -> None:
        super().__init__(conn, staging, run_id, fresh=fresh)
        self.site = site

    def read(self, chunk: Chunk, limit: int | None) -> ParsedChunk[Page]:
        return read(chunk, self.site, limit)

    def compare(self, parsed: ParsedChunk[Page]) -> set[str]:
        articles = [page for _, page in parsed.entities if isinstance(page, Article)]
        redirects = [page for _, page in parsed.entities if isinstance(page, PageRedirect)]
        values = {
            "wiki": self.site.wiki,
            "page_ids": [page.page_id for page in articles],
            "titles": [page.title for page in articles],
            "revision_ids": [page.revision_id for page in articles],
            "kept_as": VERSION,
            "redirect_page_ids": [page.page_id for page in redirects],
            "redirect_titles": [page.title for page in redirects],
            "redirect_revision_ids": [page.revision_id for page in redirects],
            "targets": [page.target for page in redirects],
        }
        return {str(row[0]) for row in self.conn.execute(QUERIES.find_unchanged, values)}

    def keeps(self, entry: Page) -> bool:
        return True

    def key(self, entry: Page) -> str:
        return entry.title

    def copy(self, entities: list[tuple[str, Page]], unchanged: set[str], chunk_id: int) -> None:
        rows = _seen_rows(entities, chunk_id)
        copy(self.conn, self.staging.name("seen"), SEEN_COLUMNS, rows)
        changed = (
            _article_row(page, chunk_id)
            for _, page in entities
            if isinstance(page, Article) and str(page.page_id) not in unchanged
        )
        copy(self.conn, self.staging.name("pages"), ARTICLE_COLUMNS, changed)


def _seen_rows(entities: list[tuple[str, Page]], chunk_id: int) -> Iterator[tuple[Any, ...]]:
    for place, page in entities:
        target = page.target if isinstance(page, PageRedirect) else None
        kind = "redirect" if isinstance(page, PageRedirect) else "article"
        yield page.title, page.page_id, page.revision_id, target, kind, place, chunk_id


def _article_row(article: Article, chunk_id: int) -> tuple[Any, ...]:
    extract = article.extract
    return (
        article.title, article.page_id, article.revision_id, article.revised_at, extract.infobox,
        extract.image, list(extract.templates), list(extract.categories), list(extract.general),
        article.wikitext, VERSION, chunk_id,
    )  # fmt: skip
