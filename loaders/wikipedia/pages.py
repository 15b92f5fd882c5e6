"""Parses the XML of a page into a row of the table wikipedia or wikipedia_redirects."""

import re
import xml.etree.ElementTree as ET
from datetime import datetime
from typing import NamedTuple

from loaders.wikipedia import wikitext
from loaders.wikipedia.languages import REDIRECTS
from loaders.wikipedia.names import ILLEGAL, TooComplex, alternatives, decoded, name_of
from loaders.wikipedia.sites import Site, word_of
from loaders.wikipedia.wikitext import Extract

LONGEST_TITLE = 255  # bytes, as in MediaWiki
LARGEST_ID = 2**63 - 1
TARGET = r"\s{0,50}:?\s{0,50}\[\[([^\]|\n]{1,300})"
REDIRECT = re.compile(rf"\s*[#＃](?:{alternatives(REDIRECTS.split())}){TARGET}", re.IGNORECASE)
# For pages that the dump marks as redirects: the magic word of any language.
ANY_REDIRECT = re.compile(rf"\s*[#＃][^\[\n]{{1,50}}?{TARGET}")
GAP = bytes(4)
REFERENCE = re.compile(r"&#(?:x([0-9A-Fa-f]{1,8})|([0-9]{1,9}));")


class UnusablePage(Exception):
    """A page that cannot be stored, with the reason."""


class Article(NamedTuple):
    """A row of the table wikipedia. warnings: reasons why it is stored in an altered form."""

    title: str
    page_id: int
    revision_id: int
    revised_at: datetime | None
    extract: Extract
    wikitext: str
    warnings: list[str]


class PageRedirect(NamedTuple):
    """A row of the table wikipedia_redirects."""

    title: str
    page_id: int
    revision_id: int
    target: str


def parse(xml: bytes, site: Site) -> Article | PageRedirect | None:
    """Parse a page; None if it is not in the namespace of articles. Errors: UnusablePage."""
    page, warnings = _element(xml)
    if not _is_article(page, site):
        return None
    title = _title(page.findtext("title"))
    page_id = _number(page, "id")
    revisions = page.findall("revision")
    if not revisions:
        raise UnusablePage("no revision")
    revision = max(revisions, key=lambda one: _number(one, "id"))
    revision_id = _number(revision, "id")
    text = _text(revision)
    target = _target(page.find("redirect"), text, site)
    if target is not None:
        return PageRedirect(title, page_id, revision_id, target)
    try:
        extract = wikitext.extract(text, site)
    except TooComplex as error:
        extract = Extract()
        warnings.append(f"{error}: kept as its wikitext alone")
    return Article(title, page_id, revision_id, _time(revision), extract, text, warnings)


def _is_article(page: ET.Element, site: Site) -> bool:
    """Whether a page is in the namespace 0. Dumps before 2012 tell it by the title alone."""
    if site.prefixes is not None and page.find("ns") is None:
        prefix, colon, _ = (page.findtext("title") or "").partition(":")
        return not colon or word_of(prefix) not in site.prefixes
    return _number(page, "ns", least=-2) == 0


def _element(xml: bytes) -> tuple[ET.Element, list[str]]:
    """The page, and warnings. Entities other than XML's own are errors."""
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


def _reference(match: re.Match[str]) -> str:
    """Replace a reference to a character that XML does not allow."""
    code = int(match[1], 16) if match[1] else int(match[2])
    bad = code > 0x10FFFF or ILLEGAL.fullmatch(chr(code))
    return "\N{REPLACEMENT CHARACTER}" if bad else match[0]


def _number(element: ET.Element, name: str, least: int = 1) -> int:
    text = (element.findtext(name) or "").strip()
    if not re.fullmatch(r"-?[0-9]{1,19}", text) or not least <= int(text) <= LARGEST_ID:
        kind = "page" if element.tag == "page" else "revision"
        raise UnusablePage(f"no {name} of the {kind}: {text[:60]!r}")
    return int(text)


def _title(text: str | None) -> str:
    title = (text or "").strip().replace("_", " ")
    if not title:
        raise UnusablePage("no title")
    if len(title.encode()) > LONGEST_TITLE:
        raise UnusablePage(f"a title of more than {LONGEST_TITLE} bytes")
    return title


def _text(revision: ET.Element) -> str:
    element = revision.find("text")
    if element is None:
        raise UnusablePage("no text")
    if not element.text and element.get("bytes", "0") != "0":
        raise UnusablePage("its text is not in this dump: give one of pages-articles")
    return element.text or ""


def _target(redirect: ET.Element | None, text: str, site: Site) -> str | None:
    """The target of a redirect, None for an article. Older dumps have it in the text only."""
    target = redirect.get("title") if redirect is not None else None
    if target is None:
        match = (REDIRECT if redirect is None else ANY_REDIRECT).match(text)
        if match is None and redirect is None:
            return None
        target = name_of(decoded(match[1])).removeprefix(":").lstrip() if match else ""
        if not site.is_case_sensitive:
            target = target[:1].upper() + target[1:]
    return _title(target.partition("#")[0])


def _time(revision: ET.Element) -> datetime | None:
    try:
        return datetime.fromisoformat(revision.findtext("timestamp") or "")
    except ValueError:
        return None
