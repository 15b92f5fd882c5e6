"""Extracts infobox, templates, categories and first image from an article's wikitext.

Regular expressions find the names in linear time; only an infobox that may contain an image is
parsed (see images).
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from itertools import accumulate
from typing import NamedTuple

from loaders.wikipedia import images
from loaders.wikipedia.boxes import kind_of
from loaders.wikipedia.names import TooComplex, alternatives, decoded, name_of
from loaders.wikipedia.sites import ENWIKI, Site

LONGEST = 4 << 20  # characters; MediaWiki allows 2 MB
MOST = 2000  # different templates or categories of an article; real ones have some hundred
LONGEST_NAME = 255  # bytes
# Nesting is measured where {{ or [[ occur more than OFTEN times, at every BLOCK characters.
OFTEN, DEEPEST, BLOCK = 1000, 200, 4096

# Elements without wikitext. A comment without an end extends to the end of the text; other tags
# without an end tag are text.
UNREAD = re.compile(
    r"<(?:!--|(nowiki|pre|math|chem|ce|syntaxhighlight|source|score|timeline|templatedata|hiero|"
    r"graph|includeonly|gallery)\b(?:[^<>/]|/(?!>)){0,300}>)",
    re.IGNORECASE,
)
TEMPLATE = re.compile(
    # {{{1}}} is an argument; a name has no line break. The expression begins with a literal, which
    # makes the search ten times as fast.
    r"\{\{(?<!\{\{\{)(?!\{)\s{0,20}+([^|{}\[\]<>\n#]{1,300}+)\s{0,50}+(?=\||\}\})"
)
# Variables and parser functions, which look like templates.
MAGIC = re.compile(
    r"(?:defaultsort|sortierung|cl[eé]detri|clef de tri|ordenar|standardsortering|"
    r"displaytitle|lc|uc|lcfirst|ucfirst|formatnum|fullurl|localurl|urlencode|"
    r"anchorencode|ns|int|padleft|padright|plural|grammar|pagename|fullpagename|namespace|tag):.*|"
    r"pagename|fullpagename|basepagename|subpagename|namespace|current(?:year|month|day|time).*|!|="
)
GENERAL = re.compile(r" (?:in|of|by) ")
GALLERY = re.compile(r"<gallery\b[^<>]{0,300}>", re.IGNORECASE)
GALLERY_END = re.compile(r"</gallery\s{0,20}>", re.IGNORECASE)
GALLERY_LINE = re.compile(
    rf"^(?=[ \t]{{0,50}}+{images.NAME}[ \t]{{0,50}}+(?:\||$))", re.IGNORECASE | re.MULTILINE
)
PIPE = "{{!}}"


class Extract(NamedTuple):
    """The extracted names, in lower case, each once, in their order; image: a file name."""

    infobox: str | None = None
    image: str | None = None
    templates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    general: tuple[str, ...] = ()


def extract(text: str, site: Site = ENWIKI) -> Extract:
    """Extract the names from a wikitext. Errors: TooComplex."""
    if len(text) > LONGEST:
        raise TooComplex(f"a text of {len(text):,} characters")
    text, has_gallery = without_unread(text)
    for braces, closing in (("{{", "}}"), ("[[", "]]")):
        if text.count(braces) > OFTEN and _depth(text, braces, closing) > DEEPEST:
            raise TooComplex(f"{braces} within one another more than {DEEPEST} times")
    text = with_file_prefixes(text) if has_gallery else text
    patterns = _patterns(site)
    matches = [(match.start(), match[1]) for match in TEMPLATE.finditer(text)]
    if any(raw == "!" for _, raw in matches):
        text = text.replace(PIPE, "|")
        matches = [(match.start(), match[1]) for match in TEMPLATE.finditer(text)]
    names = {raw: _template(raw, patterns) for raw in dict.fromkeys(raw for _, raw in matches)}
    templates = _each_once(names.values())
    categories = _each_once(
        name_of(decoded(raw)).lower() for raw in patterns.category.findall(text)
    )
    return Extract(
        infobox_of(templates),
        images.first(text, [images.Template(start, names[raw]) for start, raw in matches], site),
        tuple(name for name in templates if not MAGIC.fullmatch(name)),
        categories,
        tuple(dict.fromkeys(GENERAL.split(name, maxsplit=1)[0] for name in categories)),
    )


class NamePatterns(NamedTuple):
    """Expressions with the words of a wiki. template: the prefix of a name, in lower case."""

    category: re.Pattern[str]
    template: re.Pattern[str]


@lru_cache(10)
def _patterns(site: Site) -> NamePatterns:
    spaces = r"\s{0,20}+"
    return NamePatterns(
        re.compile(
            rf"\[\[{spaces}(?:{alternatives(site.categories)}){spaces}:"
            r"([^|{}\[\]<>\n#]{1,300}+)(?=\||\]\])",
            re.IGNORECASE,
        ),
        re.compile(rf"(?:{alternatives(site.templates)}) ?: ?(?=.)"),
    )


def _template(raw: str, patterns: NamePatterns) -> str:
    """The name of a template in lower case, without the namespace."""
    name = name_of(raw).lower()
    prefix = patterns.template.match(name) if ":" in name else None
    return name[prefix.end() :] if prefix else name


def with_file_prefixes(text: str) -> str:
    """Write `File:` before the names of a gallery that have no prefix, as MediaWiki reads them."""
    pieces: list[str] = []
    at = 0
    while begin := GALLERY.search(text, at):
        end = GALLERY_END.search(text, begin.end())
        if end is None:
            break
        lines = text[begin.end() : end.start()]
        pieces += [text[at : begin.end()], GALLERY_LINE.sub("File:", lines)]
        at = end.start()
    return "".join([*pieces, text[at:]]) if pieces else text


def without_unread(text: str) -> tuple[str, bool]:
    """Remove comments and elements without wikitext. Also: whether the text has a gallery."""
    pieces: list[str] = []
    at, missing, has_gallery = 0, set(), False
    for match in UNREAD.finditer(text):
        name = (match[1] or "").lower()
        if name == "gallery":
            has_gallery = True
            continue
        if match.start() < at or name in missing:
            continue
        end = _end_of(name, text, match.end())
        if end is None and name:
            missing.add(name)
            continue
        pieces.append(text[at : match.start()])
        at = len(text) if end is None else end
    return "".join([*pieces, text[at:]]) if pieces else text, has_gallery


def infobox_of(templates: tuple[str, ...]) -> str | None:
    """The kind of the first infobox."""
    return next(filter(None, map(kind_of, templates)), None)


def _each_once(all_names: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(all_names)
    if len(names) > MOST:
        raise TooComplex(f"{len(names):,} templates or categories")
    return tuple(name for name in names if 0 < len(name.encode()) <= LONGEST_NAME)


def _depth(text: str, begin: str, end: str) -> int:
    """The deepest nesting, measured every BLOCK characters."""
    blocks = (text[at : at + BLOCK] for at in range(0, len(text), BLOCK))
    return max(accumulate(block.count(begin) - block.count(end) for block in blocks))


def _end_of(name: str, text: str, at: int) -> int | None:
    if not name:
        end = text.find("-->", at)
        return None if end < 0 else end + 3
    match = re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE).search(text, at)
    return match.end() if match else None
