"""A wiki: its name, and its words for namespaces, from the head of a dump or from its name.

Format of the head: https://www.mediawiki.org/wiki/Help:Export
"""

import re
import xml.etree.ElementTree as ET
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from loaders.core.errors import Problem
from loaders.wikipedia.languages import NAMESPACES

WIKI = re.compile(r"[A-Za-z0-9_-]{1,60}")
# The name of a wiki in the database is its language and its project: dewiki, frwiktionary.
LANGUAGE = re.compile(
    r"([a-z_]+?)(?:wiki|wiktionary|wikibooks|wikiquote|wikisource|wikinews|wikivoyage|wikiversity)"
)
HOST = re.compile(r"(?:https?:)?//([a-z0-9-]+)\.(?:m\.)?(wik(?:i[a-z]+|tionary))\.org(?:/|$)")
WIKIMEDIA = re.compile(
    r"(?:https?:)?//(?:[a-z0-9-]+\.)*"
    r"(?:wik(?:ipedia|imedia|idata|ibooks|iquote|isource|inews|ivoyage|iversity|ifunctions|tionary)"
    r"|mediawiki)\.org(?::[0-9]+)?(?:[/?#]|$)",
    re.IGNORECASE,
)
ADDRESS_HOST = re.compile(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//(?:[^/?#@]*@)?([^/?#]+)")
XML_LANG = re.compile(rb'<mediawiki\b[^<>]{0,3000}\bxml:lang="([A-Za-z]{2,3})["-]')
SITEINFO = re.compile(rb"<siteinfo>.{0,1000000}?</siteinfo>", re.DOTALL)
FILES, CATEGORIES, TEMPLATES = 6, 14, 10  # numbers of namespaces
ENGLISH = {FILES: ("file", "image"), CATEGORIES: ("category",), TEMPLATES: ("template",)}
LONGEST_WORD, MOST_WORDS = 100, 500
LONGEST_ADDRESS = 1000


@dataclass(frozen=True)
class Site:
    """A wiki, such as dewiki. Its words are in lower case, with spaces.

    files, categories, templates: names of these namespaces. prefixes: names of all namespaces
    other than that of articles; None: not listed. base: the address of the main page of a wiki that
    is none of Wikimedia's, though its name may be the same. is_case_sensitive: titles may begin
    with a small letter.
    """

    wiki: str
    files: tuple[str, ...] = field(default=ENGLISH[FILES], repr=False)
    categories: tuple[str, ...] = field(default=ENGLISH[CATEGORIES], repr=False)
    templates: tuple[str, ...] = field(default=ENGLISH[TEMPLATES], repr=False)
    prefixes: frozenset[str] | None = field(default=None, repr=False)
    base: str | None = field(default=None, repr=False)
    is_case_sensitive: bool = field(default=False, repr=False)

    def named(self, wiki: str | None) -> "Site":
        """The wiki with a name of the user's, if it is none of Wikimedia's. Errors: Problem."""
        if wiki in (None, self.wiki):
            return self
        if self.base is None:
            raise Problem(f"its pages are of {self.wiki}, not of {wiki}: leave --wiki out")
        return replace(self, wiki=site_of(str(wiki)).wiki)

    @property
    def host(self) -> str:
        """The host of its base; `Wikimedia` without one, if Wikimedia's wikis have such names."""
        return host_of(self.wiki, self.base)


ENWIKI = Site("enwiki")


def site_of(
    wiki: str,
    namespaces: Iterable[tuple[int, str]] = (),
    language: str | None = None,
    *,
    base: str = "",
    case: str = "",
) -> Site:
    """A wiki by its name. Errors: Problem.

    namespaces: numbers and names that it lists itself. language: of a wiki whose name has none.
    base: the address of its main page. case: `case-sensitive` or `first-letter`, of titles.
    """
    if not WIKI.fullmatch(wiki):
        raise Problem(f"no wiki: {wiki[:60]!r}: give a name such as enwiki or dewiki")
    listed = [(number, word_of(name)) for number, name in namespaces]
    listed = [one for one in listed if 0 < len(one[1]) <= LONGEST_WORD][:MOST_WORDS]
    match = LANGUAGE.fullmatch(wiki)
    code = match[1] if match and match[1] in NAMESPACES else language or ""
    files, categories = NAMESPACES.get(code, ("", ""))
    more = {FILES: files, CATEGORIES: categories, TEMPLATES: ""}
    words = {
        number: tuple(
            dict.fromkeys(
                [*ENGLISH[number], *map(word_of, more[number].split())]
                + [name for other, name in listed if other == number]
            )
        )
        for number in ENGLISH
    }
    prefixes = frozenset(name for number, name in listed if number != 0)
    own = base.strip()[:LONGEST_ADDRESS]
    return Site(
        wiki, words[FILES], words[CATEGORIES], words[TEMPLATES], prefixes or None,
        None if not own or WIKIMEDIA.match(own) else own, case.strip() == "case-sensitive",
    )  # fmt: skip


def host_of(wiki: str, base: str | None) -> str:
    """See Site.host; empty where it is unknown."""
    if base is None:
        return "Wikimedia" if LANGUAGE.fullmatch(wiki) else ""
    match = ADDRESS_HOST.match(base)
    return match[1].lower() if match else base


def word_of(name: str) -> str:
    """A name of a namespace in lower case, with spaces."""
    return " ".join(name.replace("_", " ").split()).lower()


def read_head(head: bytes, wiki: str | None = None) -> Site | None:
    """The wiki that the head of a dump names, or `wiki` with the words of the head; None: neither.

    Dumps before 2013 have no dbname: the address of their main page names the wiki.
    """
    siteinfo = SITEINFO.search(head)
    try:
        element = ET.fromstring(siteinfo[0] if siteinfo else b"<siteinfo />")  # noqa: S314
    except ET.ParseError:  # it has no document type, so no entity expands
        element = ET.Element("siteinfo")
    base, case = element.findtext("base") or "", element.findtext("case") or ""
    name = (element.findtext("dbname") or "").strip() or wiki_at(base)
    name = name if WIKI.fullmatch(name) else wiki or ""
    if not name:
        return None
    spaces = element.findall("namespaces/namespace")
    names = ((one.get("key", ""), one.text or "") for one in spaces)
    listed = [(int(key), text) for key, text in names if re.fullmatch(r"-?[0-9]{1,6}", key)]
    language = XML_LANG.search(head)
    code = language[1].decode().lower() if language else None
    return site_of(name, listed, code, base=base, case=case)


def wiki_at(address: str) -> str:
    """The name of the wiki with a page at this address; "" if it is none of Wikimedia's."""
    match = HOST.match(address.strip())
    if match is None:
        return ""
    project = "wiki" if match[2] == "wikipedia" else match[2]
    return match[1].replace("-", "_") + project


def choose(head: bytes, wiki: str | None) -> Site | None:
    """The wiki of a dump that begins with `head`; None if that has no page. Errors: Problem.

    wiki: the name that the user gives, for a dump without siteinfo or of a wiki of one's own.
    """
    if wiki is not None:
        site_of(wiki)
    site = read_head(head, wiki)
    if site is None and b"<page>" in head:
        raise Problem(
            "nothing in it says which wiki its pages are from, as <siteinfo> does: name it, such "
            "as --wiki enwiki"
        )
    return site and site.named(wiki)
