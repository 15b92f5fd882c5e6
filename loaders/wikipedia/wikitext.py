"""Extracts infobox, templates, categories and first image from an article's wikitext.

Regular expressions find the names in linear time; only an infobox that may contain an image is
parsed (see images).
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from loaders.wikipedia import images
from loaders.wikipedia.names import TooComplex, name_of

LONGEST = 4 << 20  # characters; MediaWiki allows 2 MB
MOST = 2000  # different templates or categories of an article; real ones have some hundred
LONGEST_NAME = 255  # bytes
# Nesting is measured where {{ or [[ occur more than OFTEN times, at every BLOCK characters.
OFTEN, DEEPEST, BLOCK = 1000, 200, 4096

# Elements without wikitext. A comment without an end extends to the end of the text; other tags
# without an end tag are text.
UNREAD = re.compile(
    r"<(?:!--|(nowiki|pre|math|chem|ce|syntaxhighlight|source|score|timeline|templatedata|hiero|"
    r"graph)\b(?:[^<>/]|/(?!>)){0,300}>)",
    re.IGNORECASE,
)
TEMPLATE = re.compile(
    # {{{1}}} is an argument; a name has no line break. The expression begins with a literal, which
    # makes the search ten times as fast.
    r"\{\{(?<!\{\{\{)(?!\{)\s{0,20}+([^|{}\[\]<>\n#]{1,300}+)\s{0,50}+(?=\||\}\})"
)
# Variables and parser functions, which look like templates.
MAGIC = re.compile(
    r"(?:defaultsort|displaytitle|lc|uc|lcfirst|ucfirst|formatnum|fullurl|localurl|urlencode|"
    r"anchorencode|ns|int|padleft|padright|plural|grammar|pagename|fullpagename|namespace|tag):.*|"
    r"pagename|fullpagename|basepagename|subpagename|namespace|current(?:year|month|day|time).*|!|="
)
CATEGORY = re.compile(r"\[\[\s{0,20}+category\s{0,20}+:([^|{}\[\]<>\n#]{1,300}+)", re.IGNORECASE)
GENERAL = re.compile(r" (?:in|of|by) ")
INFOBOX = "infobox"


class Extract(NamedTuple):
    """The extracted names, in lower case, each once, in their order; image: a file name."""

    infobox: str | None = None
    image: str | None = None
    templates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    general: tuple[str, ...] = ()


def extract(text: str) -> Extract:
    """Extract the names from a wikitext. Errors: TooComplex."""
    if len(text) > LONGEST:
        raise TooComplex(f"a text of {len(text):,} characters")
    text = without_unread(text)
    for braces, closing in (("{{", "}}"), ("[[", "]]")):
        if text.count(braces) > OFTEN and _depth(text, braces, closing) > DEEPEST:
            raise TooComplex(f"{braces} within one another more than {DEEPEST} times")
    matches = [(match.start(), match[1]) for match in TEMPLATE.finditer(text)]
    names = {raw: name_of(raw).lower() for raw in dict.fromkeys(raw for _, raw in matches)}
    templates = _each_once(names.values())
    categories = _each_once(name_of(raw).lower() for raw in CATEGORY.findall(text))
    return Extract(
        infobox_of(templates),
        images.first(text, [images.Template(start, names[raw]) for start, raw in matches]),
        tuple(name for name in templates if not MAGIC.fullmatch(name)),
        categories,
        tuple(dict.fromkeys(GENERAL.split(name, maxsplit=1)[0] for name in categories)),
    )


def without_unread(text: str) -> str:
    """Remove comments and elements without wikitext."""
    pieces: list[str] = []
    at, missing = 0, set()
    for match in UNREAD.finditer(text):
        name = (match[1] or "").lower()
        if match.start() < at or name in missing:
            continue
        end = _end_of(name, text, match.end())
        if end is None and name:
            missing.add(name)
            continue
        pieces.append(text[at : match.start()])
        at = len(text) if end is None else end
    return "".join([*pieces, text[at:]]) if pieces else text


def infobox_of(templates: tuple[str, ...]) -> str | None:
    """The name of the first infobox, without the word infobox."""
    for name in templates:
        if name.startswith(INFOBOX) and (kind := name.removeprefix(INFOBOX).strip()):
            return kind
    return None


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
