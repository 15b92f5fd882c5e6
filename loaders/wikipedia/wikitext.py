"""What is taken from an article's wikitext: infobox, templates, categories, the first image.

Names are found by expressions that look at each character a bounded number of times; only an
infobox that may hold an image is parsed (see images).
"""

import re
from collections.abc import Iterable
from itertools import accumulate
from typing import NamedTuple

from loaders.wikipedia import images
from loaders.wikipedia.names import Beyond, name_of

LONGEST = 4 << 20  # characters; MediaWiki allows 2 MB
MOST = 2000  # templates or categories of one article, each once; the most known have some hundred
LONGEST_NAME = 255  # bytes
OFTEN, DEEPEST, BLOCK = 1000, 200, 4096

# Within these nothing is wikitext. An end that is missing is the end of the text for a comment;
# other tags without one are none.
UNREAD = re.compile(
    r"<(?:!--|(nowiki|pre|math|chem|ce|syntaxhighlight|source|score|timeline|templatedata|hiero|"
    r"graph)\b(?:[^<>/]|/(?!>)){0,300}>)",
    re.IGNORECASE,
)
TEMPLATE = re.compile(
    # {{{1}}} is an argument; a name that goes on after a line break is none. What the expression
    # begins with is searched for ten times as fast where it is a text.
    r"\{\{(?<!\{\{\{)(?!\{)\s{0,20}+([^|{}\[\]<>\n#]{1,300}+)\s{0,50}+(?=\||\}\})"
)
# What is written like a template and is none.
MAGIC = re.compile(
    r"(?:defaultsort|displaytitle|lc|uc|lcfirst|ucfirst|formatnum|fullurl|localurl|urlencode|"
    r"anchorencode|ns|int|padleft|padright|plural|grammar|pagename|fullpagename|namespace|tag):.*|"
    r"pagename|fullpagename|basepagename|subpagename|namespace|current(?:year|month|day|time).*|!|="
)
CATEGORY = re.compile(r"\[\[\s{0,20}+category\s{0,20}+:([^|{}\[\]<>\n#]{1,300}+)", re.IGNORECASE)
GENERAL = re.compile(r" (?:in|of|by) ")
INFOBOX = "infobox"


class Extract(NamedTuple):
    """What is known of an article; names are lower-cased, each is there once, in its order."""

    infobox: str | None = None
    image: str | None = None
    templates: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    general: tuple[str, ...] = ()


def extract(text: str) -> Extract:
    """Read an article; Beyond where that would take more than it is worth."""
    if len(text) > LONGEST:
        raise Beyond(f"a text of {len(text):,} characters")
    read = without_unread(text)
    for braces, more in (("{{", "}}"), ("[[", "]]")):
        if read.count(braces) > OFTEN and _depth(read, braces, more) > DEEPEST:
            raise Beyond(f"{braces} within one another more than {DEEPEST} times")
    found = [(one.start(), one[1]) for one in TEMPLATE.finditer(read)]
    known = {told: name_of(told).lower() for told in dict.fromkeys(told for _, told in found)}
    templates = _each_once(known.values())
    categories = _each_once(name_of(told).lower() for told in CATEGORY.findall(read))
    return Extract(
        infobox_of(templates),
        images.first(read, [images.Template(start, known[told]) for start, told in found]),
        tuple(name for name in templates if not MAGIC.fullmatch(name)),
        categories,
        tuple(dict.fromkeys(GENERAL.split(name, maxsplit=1)[0] for name in categories)),
    )


def without_unread(text: str) -> str:
    """Wikitext without comments and what is not to be read as such."""
    pieces: list[str] = []
    at, missing = 0, set()
    for found in UNREAD.finditer(text):
        name = (found[1] or "").lower()
        if found.start() < at or name in missing:
            continue
        end = _end_of(name, text, found.end())
        if end is None and name:
            missing.add(name)
            continue
        pieces.append(text[at : found.start()])
        at = len(text) if end is None else end
    return "".join([*pieces, text[at:]]) if pieces else text


def infobox_of(templates: tuple[str, ...]) -> str | None:
    """The name of the first infobox, without that word."""
    for name in templates:
        if name.startswith(INFOBOX) and (kind := name.removeprefix(INFOBOX).strip()):
            return kind
    return None


def _each_once(told: Iterable[str]) -> tuple[str, ...]:
    names = dict.fromkeys(told)
    if len(names) > MOST:
        raise Beyond(f"{len(names):,} templates or categories")
    return tuple(name for name in names if 0 < len(name.encode()) <= LONGEST_NAME)


def _depth(text: str, begin: str, end: str) -> int:
    """How deep they stand within one another, as seen every BLOCK characters."""
    blocks = (text[at : at + BLOCK] for at in range(0, len(text), BLOCK))
    return max(accumulate(block.count(begin) - block.count(end) for block in blocks))


def _end_of(name: str, text: str, at: int) -> int | None:
    if not name:
        end = text.find("-->", at)
        return None if end < 0 else end + 3
    found = re.compile(rf"</{name}\s{{0,20}}>", re.IGNORECASE).search(text, at)
    return found.end() if found else None
