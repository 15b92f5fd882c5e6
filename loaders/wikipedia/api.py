"""Single pages of a wiki from MediaWiki's API, written as pages of a dump.

API: https://www.mediawiki.org/wiki/API:Query
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple
from xml.sax.saxutils import escape

import msgspec

from loaders.core.errors import Problem
from loaders.core.http.client import Client, Response, undecodable
from loaders.core.http.mediawiki import MAXLAG, ApiError, raise_error
from loaders.wikipedia.sites import Site, site_of

BATCH = 50  # titles or pages in a request, the limit of the service
QUERY = {"action": "query", "format": "json", "formatversion": "2", "maxlag": MAXLAG}
NO_TITLE = re.compile(r"[|<>\[\]{}\0-\x1f\x7f]")
LONGEST_TITLE = 255  # bytes


class PageInfo(NamedTuple):
    """A page of a title. reason: why there is none, or none with articles."""

    title: str
    page_id: int = 0
    revision_id: int = 0
    reason: str = ""


class _Slot(msgspec.Struct):
    content: str = ""


class _Revision(msgspec.Struct):
    revid: int = 0
    timestamp: str = ""
    slots: dict[str, _Slot] = {}


class _Namespace(msgspec.Struct):
    id: int = 0
    name: str = ""
    canonical: str = ""
    alias: str = ""


class _General(msgspec.Struct):
    wikiid: str = ""
    base: str = ""
    case: str = ""


class _ApiPage(msgspec.Struct):
    title: str = ""
    pageid: int = 0
    ns: int = 0
    lastrevid: int = 0
    missing: bool = False
    invalid: bool = False
    revisions: list[_Revision] = []


class _NormalTitle(msgspec.Struct, rename={"old": "from", "new": "to"}):
    old: str
    new: str


class _PageQuery(msgspec.Struct):
    pages: list[_ApiPage] = []
    normalized: list[_NormalTitle] = []
    general: _General = msgspec.field(default_factory=_General)
    namespaces: dict[str, _Namespace] = {}
    namespacealiases: list[_Namespace] = []


class _PageResponse(msgspec.Struct):
    query: _PageQuery = msgspec.field(default_factory=_PageQuery)
    error: ApiError | None = None
    continue_: dict[str, Any] = msgspec.field(name="continue", default_factory=dict)


class PageService:
    """The API of a wiki."""

    def __init__(self, client: Client, url: str) -> None:
        self.client, self.url = client, url

    def site(self) -> Site:
        """The wiki with its words, aliases too. Errors: Problem."""
        siprop = "general|namespaces|namespacealiases"
        query = self._get({"meta": "siteinfo", "siprop": siprop}).query
        names = [
            (one.id, name)
            for one in (*query.namespaces.values(), *query.namespacealiases)
            for name in (one.name, one.canonical, one.alias)
        ]
        general = query.general
        return site_of(general.wikiid, names, base=general.base, case=general.case)

    def infos(self, titles: Sequence[str]) -> Iterator[PageInfo]:
        """The page of each title with its newest revision, in the order of the titles."""
        usable = [title for title in titles if is_title(title)]
        yield from (PageInfo(title, reason="no title") for title in titles if not is_title(title))
        for start in range(0, len(usable), BATCH):
            batch = usable[start : start + BATCH]
            pages: dict[str, _ApiPage] = {}
            normal: dict[str, str] = {}
            for query in self._all({"prop": "info", "titles": "|".join(batch)}):
                normal |= {one.old: one.new for one in query.normalized}
                pages |= {page.title: page for page in query.pages}
            for title in batch:
                yield _info(title, pages.get(normal.get(title, title)))

    def texts(self, page_ids: Sequence[int]) -> Iterator[bytes]:
        """The pages as XML of a dump, with their newest revision."""
        prop = {"prop": "revisions", "rvprop": "ids|timestamp|content", "rvslots": "main"}
        for start in range(0, len(page_ids), BATCH):
            batch = page_ids[start : start + BATCH]
            for query in self._all(prop | {"pageids": "|".join(map(str, batch))}):
                yield from (_xml(page) for page in query.pages if page.revisions)

    def _all(self, fields: Mapping[str, str]) -> Iterator[_PageQuery]:
        """The parts of a response: the service cuts off one that is too large."""
        more: dict[str, str] = {}
        while True:
            response = self._get({**fields, **more})
            yield response.query
            following = {key: str(value) for key, value in response.continue_.items()}
            if not following or following == more:
                return
            more = following

    def _get(self, fields: Mapping[str, str]) -> _PageResponse:
        return self.client.get(self.url, QUERY | dict(fields), read=_decode)


def is_title(text: str) -> bool:
    """Whether a text can be the title of a page."""
    return 0 < len(text.encode()) <= LONGEST_TITLE and NO_TITLE.search(text) is None


def address_of(wiki: str) -> str:
    """The address of the API of a Wikipedia. Errors: Problem for other wikis."""
    match = re.fullmatch(r"([a-z][a-z_]{1,30})wiki", wiki)
    if match is None:
        raise Problem(f"the API of {wiki[:60]!r} is unknown: give its address with --api")
    return f"https://{match[1].replace('_', '-')}.wikipedia.org/w/api.php"


def _info(title: str, page: _ApiPage | None) -> PageInfo:
    if page is None:
        return PageInfo(title, reason="the service left it out")
    if page.invalid:
        return PageInfo(title, reason="no title")
    if page.missing or page.pageid <= 0:
        return PageInfo(title, reason="there is no such page")
    if page.ns != 0:
        return PageInfo(title, reason="a page that is no article")
    return PageInfo(page.title, page.pageid, page.lastrevid)


def _xml(page: _ApiPage) -> bytes:
    """A page of a dump."""
    revision = page.revisions[0]
    text = revision.slots.get("main", _Slot()).content
    return (
        f"<page><title>{escape(page.title)}</title><ns>{page.ns}</ns><id>{page.pageid}</id>"
        f"<revision><id>{revision.revid}</id><timestamp>{escape(revision.timestamp)}</timestamp>"
        f"<text>{escape(text)}</text></revision></page>\n"
    ).encode(errors="replace")


def _decode(response: Response) -> _PageResponse:
    """Decode a response. Errors: TryAgain if the service is busy, Problem for other errors."""
    try:
        decoded = msgspec.json.decode(response.content, type=_PageResponse)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise undecodable(response) from error
    if decoded.error is not None:
        raise_error(decoded.error, response.host)
    return decoded
