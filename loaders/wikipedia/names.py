"""Names of pages as MediaWiki reads them, and the error for what no page is like."""

import html
import re

SPACES = re.compile(r"[\s_]+")
TITLE = re.compile(rb"<title>([^<]{1,4000})<")
# What XML 1.0 allows nowhere.
ILLEGAL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
MARKS = re.compile("[\u200e\u200f\u202a-\u202e]")


class Beyond(Exception):
    """What no article is like, and would take too long to read; the text says how."""


def titles_in(xml: bytes) -> tuple[str, ...]:
    """The titles of pages that cannot be parsed, as they are stored of others.

    Empty where zeros stand in them: a download with a gap may have lost any number of pages.
    """
    if b"\0" in xml:
        return ()
    raw = (html.unescape(title.decode(errors="replace")) for title in TITLE.findall(xml))
    titles = (ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", title) for title in raw)
    return tuple(dict.fromkeys(filter(None, (title.strip().replace("_", " ") for title in titles))))


def name_of(told: str) -> str:
    """A name with spaces for underscores, one at a time, and entities resolved."""
    if "&" in told:
        told = html.unescape(told).replace("\0", "")
    if not told.isascii():
        told = MARKS.sub("", told)
    return SPACES.sub(" ", told).strip()
