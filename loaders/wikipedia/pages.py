"""A page of a dump, from its XML to what is stored of it."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import NamedTuple

from loaders.wikipedia import wikitext
from loaders.wikipedia.names import ILLEGAL, Beyond
from loaders.wikipedia.wikitext import Extract

LONGEST_TITLE = 255  # bytes, as in MediaWiki
LARGEST_ID = 2**63 - 1
REDIRECT = re.compile(r"\s*#redirect\s*:?\s*\[\[([^\]|#\n]{1,300})", re.IGNORECASE)
GAP = bytes(4)
REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,9}));")


class UnusablePage(Exception):
    """A page that cannot be stored; the text says why."""


class Article(NamedTuple):
    """A row of the table wikipedia. odd: why it is not kept as it should be."""

    title: str
    page_id: int
    revision_id: int
    revised_at: datetime | None
    extract: Extract
    wikitext: str
    odd: list[str]


class PageRedirect(NamedTuple):
    """A row of the table wikipedia_redirects."""

    title: str
    page_id: int
    revision_id: int
    target: str


def parse(xml: bytes) -> Article | PageRedirect | None:
    """What a page holds; None for other namespaces than that of articles."""
    page, odd = _element(xml)
    if _number(page, "ns", least=-2) != 0:
        return None
    title = _title(page.findtext("title"))
    page_id = _number(page, "id")
    revisions = page.findall("revision")
    if not revisions:
        raise UnusablePage("no revision")
    revision = max(revisions, key=lambda one: _number(one, "id"))
    revision_id = _number(revision, "id")
    text = _text(revision)
    redirect = page.find("redirect")
    if redirect is not None:
        return PageRedirect(title, page_id, revision_id, _target(redirect, text))
    try:
        extract = wikitext.extract(text)
    except Beyond as error:
        extract = Extract()
        odd.append(f"{error}: kept as its wikitext alone")
    return Article(title, page_id, revision_id, _time(revision), extract, text, odd)


def _element(xml: bytes) -> tuple[ET.Element, list[str]]:
    """The page, and what had to be replaced in it. Of entities only XML's own are known."""
    try:
        return ET.fromstring(xml), []  # noqa: S314 - it has no document type
    except ET.ParseError as error:
        if GAP in xml:
            raise UnusablePage(
                "zeros: a download with a gap, which may end in another page"
            ) from error
        text = xml.decode(errors="replace")
        clean = REFERENCE.sub(_reference, ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", text))
        if clean.encode() != xml:
            try:
                page = ET.fromstring(clean)  # noqa: S314
                return page, ["invalid characters: replaced by U+FFFD"]
            except ET.ParseError:
                pass
        raise UnusablePage(f"not XML: {error}") from error


def _reference(found: re.Match[str]) -> str:
    code = int(found[1], 16) if found[1] else int(found[2])
    bad = code > 0x10FFFF or ILLEGAL.fullmatch(chr(code))
    return "\N{REPLACEMENT CHARACTER}" if bad else found[0]


def _number(element: ET.Element, name: str, least: int = 1) -> int:
    told = (element.findtext(name) or "").strip()
    if not re.fullmatch(r"-?[0-9]{1,19}", told) or not least <= int(told) <= LARGEST_ID:
        kind = "page" if element.tag == "page" else "revision"
        raise UnusablePage(f"no {name} of the {kind}: {told[:60]!r}")
    return int(told)


def _title(told: str | None) -> str:
    title = (told or "").strip().replace("_", " ")
    if not title:
        raise UnusablePage("no title")
    if len(title.encode()) > LONGEST_TITLE:
        raise UnusablePage(f"a title of more than {LONGEST_TITLE} bytes")
    return title


def _text(revision: ET.Element) -> str:
    found = revision.find("text")
    if found is None:
        raise UnusablePage("no text")
    if not found.text and found.get("bytes", "0") != "0":
        raise UnusablePage("its text is not in this dump: give one of pages-articles")
    return found.text or ""


def _target(redirect: ET.Element, text: str) -> str:
    """Older dumps name it in the text alone."""
    told = redirect.get("title")
    if told is None and (found := REDIRECT.match(text)):
        told = found[1]
    return _title((told or "").partition("#")[0])


def _time(revision: ET.Element) -> datetime | None:
    try:
        return datetime.fromisoformat(revision.findtext("timestamp") or "")
    except ValueError:
        return None
