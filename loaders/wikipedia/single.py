"""Single pages: titles from a file or of classes of Wikidata, and which of them must be fetched."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import psycopg

from loaders.core.dumps.chunks import Chunk
from loaders.core.entries import BadEntry
from loaders.core.errors import Problem
from loaders.wikipedia import VERSION
from loaders.wikipedia.api import PageService
from loaders.wikipedia.dump import pages
from loaders.wikipedia.names import name_of
from loaders.wikipedia.pages import PageRedirect, UnusablePage, parse
from loaders.wikipedia.queries import QUERIES
from loaders.wikipedia.sites import Site, wiki_at

SIGNS = (b">#", ">＃".encode())  # at the beginning of a redirect
PORTION = 200  # pages that are merged together


class Portion(NamedTuple):
    """Pages of the service. pieces: chunks and errors. unchanged: pages that are stored so."""

    pieces: list[Chunk | BadEntry]
    unchanged: int

    @property
    def has_pages(self) -> bool:
        return any(isinstance(piece, Chunk) for piece in self.pieces)


def read_titles(path: str, wiki: str) -> list[str]:
    """The titles of a file, one per line, each once; also addresses of pages of the wiki.

    A # begins a comment or the name of a section; `-`: standard input. Errors: Problem.
    """
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        lines = content.decode("utf-8-sig").splitlines()
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error
    titles = []
    for number, line in enumerate(lines, start=1):
        text = line.partition("#")[0].strip()
        if text.startswith(("https://", "http://")):
            if (other := wiki_at(text)) not in ("", wiki):
                raise Problem(f"{path}: line {number} is a page of {other}, not of {wiki}")
            text = unquote(urlsplit(text).path.rpartition("/wiki/")[2])
        titles.append(name_of(text))
    return list(dict.fromkeys(filter(None, titles))) or _no_titles(path)


def class_titles(conn: psycopg.Connection, wiki: str) -> list[str]:
    """The titles that the items of stored classes link to. Errors: Problem."""
    titles = [row[0] for row in conn.execute(QUERIES.find_class_titles, {"wiki": wiki})]
    if not titles:
        more = "" if wiki == "enwiki" else f" --sitelink {wiki}"
        raise Problem(
            f"no item of a class links to an article in {wiki}: ./pgmuse load wikidata "
            f"--class-items{more} loads these items"
        )
    return titles


def portions(
    conn: psycopg.Connection,
    service: PageService,
    site: Site,
    titles: Iterable[str],
    *,
    again: bool,
) -> Iterator[Portion]:
    """Fetch the pages whose newest revision is not stored, and the targets of redirects.

    again: fetch stored revisions too.
    """
    waiting, done = list(dict.fromkeys(titles)), set[str]()
    number = 1
    while waiting:
        batch, waiting = waiting[:PORTION], waiting[PORTION:]
        done.update(batch)
        infos = list(service.infos(batch))
        pieces: list[Chunk | BadEntry] = [
            BadEntry(one.title, one.reason, "", (one.title,)) for one in infos if one.reason
        ]
        current = {one.page_id: one.revision_id for one in infos if not one.reason}
        stored = {} if again else _stored(conn, site, current)
        missing = [page_id for page_id in current if page_id not in stored]
        content = b"".join(service.texts(missing))
        targets = [target for target in stored.values() if target is not None]
        if content:
            chunk = Chunk(content, "page", number)
            pieces.append(chunk)
            number += len(missing)
            targets += _targets(chunk, site)
        waiting += [title for title in dict.fromkeys(targets) if title not in done]
        done.update(waiting)
        yield Portion(pieces, len(stored))


def _stored(conn: psycopg.Connection, site: Site, current: dict[int, int]) -> dict[int, str | None]:
    """Ids of pages that are stored in the current revision, with the target of a redirect."""
    values = {
        "wiki": site.wiki,
        "page_ids": list(current),
        "revision_ids": list(current.values()),
        "kept_as": VERSION,
    }
    return dict(conn.execute(QUERIES.find_stored, values).fetchall())


def _targets(chunk: Chunk, site: Site) -> Iterator[str]:
    """Targets of the redirects in a chunk."""
    for _, xml in pages(chunk):
        try:
            is_likely = isinstance(xml, bytes) and any(sign in xml for sign in SIGNS)
            page = parse(xml, site) if isinstance(xml, bytes) and is_likely else None
        except UnusablePage:
            continue
        if isinstance(page, PageRedirect):
            yield page.target


def _no_titles(path: str) -> list[str]:
    raise Problem(f"{path}: no titles of pages in it: give one per line")
