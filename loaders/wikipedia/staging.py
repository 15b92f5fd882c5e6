"""What is staged of a dump's pages, chunk by chunk."""

from collections.abc import Iterator
from typing import Any

from loaders.core.db import copy
from loaders.core.dumps.chunks import Chunk
from loaders.core.dumps.staging import Read, Stager
from loaders.core.entries import BadEntry, bad_entry
from loaders.wikipedia.dump import pages
from loaders.wikipedia.names import titles_in
from loaders.wikipedia.pages import Article, PageRedirect, UnusablePage, parse

VERSION = 1  # of what is read of a page: another one loads all of them again

ARTICLE = {
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
# kind: article or redirect; a redirect has a target.
SEEN = {
    "title": "text",
    "page_id": "int8",
    "revision_id": "int8",
    "target": "text",
    "kind": "text",
    "place": "text",
    "chunk_id": "int4",
}
UNCHANGED = """
    select old.title
    from unnest(%s::text[], %s::bigint[]) as new (title, revision_id)
    join muse.wikipedia as old on old.title = new.title
    where old.revision_id > new.revision_id
        or old.revision_id = new.revision_id and old.kept_as = %s
    union all
    select old.title
    from unnest(%s::text[], %s::bigint[], %s::text[]) as new (title, revision_id, target)
    join muse.wikipedia_redirects as old on old.title = new.title
    where old.revision_id > new.revision_id
        or old.revision_id = new.revision_id and old.target = new.target
"""

Page = Article | PageRedirect


def read(chunk: Chunk, limit: int | None = None) -> Read[Page]:
    """Parse the pages of a chunk, until `limit` articles and redirects are kept."""
    found: Read[Page] = Read()
    for number, xml in pages(chunk):
        if found.kept == limit:
            break
        if isinstance(xml, BadEntry):
            found.fail(bad_entry(*xml))
            continue
        try:
            made = parse(xml)
        except UnusablePage as error:
            found.fail(bad_entry(f"page {number}", error, xml, titles_in(xml)))
            continue
        if made is None:
            continue
        found.entities.append((f"page {number}", made))
        found.kept += 1
        if isinstance(made, Article):
            for why in made.odd:
                found.bad.append(bad_entry(f"page {number}, {made.title}", why, xml))
    return found


class PageStager(Stager[Page]):
    """Articles and redirects."""

    def read(self, chunk: Chunk, limit: int | None) -> Read[Page]:
        return read(chunk, limit)

    def compare(self, found: Read[Page]) -> set[str]:
        made = [page for _, page in found.entities]
        articles = [page for page in made if isinstance(page, Article)]
        redirects = [page for page in made if isinstance(page, PageRedirect)]
        asked = (
            [page.title for page in articles], [page.revision_id for page in articles], VERSION,
            [page.title for page in redirects], [page.revision_id for page in redirects],
            [page.target for page in redirects],
        )  # fmt: skip
        return {row[0] for row in self.conn.execute(UNCHANGED, asked)}

    def keeps(self, made: Page) -> bool:
        return True

    def key(self, made: Page) -> str:
        return made.title

    def copy(self, entities: list[tuple[str, Page]], unchanged: set[str], chunk_id: int) -> None:
        copy(self.conn, self.staging.name("seen"), SEEN, _seen(entities, chunk_id))
        changed = (
            _row(made, chunk_id)
            for _, made in entities
            if isinstance(made, Article) and made.title not in unchanged
        )
        copy(self.conn, self.staging.name("pages"), ARTICLE, changed)


def _seen(entities: list[tuple[str, Page]], chunk_id: int) -> Iterator[tuple[Any, ...]]:
    for place, made in entities:
        target = made.target if isinstance(made, PageRedirect) else None
        kind = "redirect" if isinstance(made, PageRedirect) else "article"
        yield made.title, made.page_id, made.revision_id, target, kind, place, chunk_id


def _row(made: Article, chunk_id: int) -> tuple[Any, ...]:
    what = made.extract
    return (
        made.title, made.page_id, made.revision_id, made.revised_at, what.infobox, what.image,
        list(what.templates), list(what.categories), list(what.general), made.wikitext, VERSION,
        chunk_id,
    )  # fmt: skip
