"""Normal forms of page names, and the error for pages that are too complex to parse."""

import html
import re
from collections.abc import Iterable
from urllib.parse import unquote

SPACES = re.compile(r"[\s_]+")
TITLE = re.compile(rb"<title>([^<]{1,4000})<")
# Characters that XML 1.0 does not allow.
ILLEGAL = re.compile(r"[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]")
MARKS = re.compile("[\u200e\u200f\u202a-\u202e]")


class TooComplex(Exception):
    """A text that would take too long to parse, with the reason."""


def titles_in(xml: bytes) -> tuple[str, ...]:
    """The titles in pages that cannot be parsed, in their stored form.

    Empty if the text contains zero bytes: a download with a gap may lack any number of pages.
    """
    if b"\0" in xml:
        return ()
    raw = (html.unescape(title.decode(errors="replace")) for title in TITLE.findall(xml))
    titles = (ILLEGAL.sub("\N{REPLACEMENT CHARACTER}", title) for title in raw)
    return tuple(dict.fromkeys(filter(None, (title.strip().replace("_", " ") for title in titles))))


def decoded(text: str) -> str:
    """The name in a link, where MediaWiki also reads `%20`."""
    return unquote(text).replace("\0", "") if "%" in text else text


def name_of(text: str) -> str:
    """A name with HTML entities resolved, and single spaces for underscores and white space."""
    if "&" in text:
        text = html.unescape(text).replace("\0", "")
    if not text.isascii():
        text = MARKS.sub("", text)
    return SPACES.sub(" ", text).strip()


def alternatives(words: Iterable[str]) -> str:
    """An expression for any of the words; where one has a space or _, a text may have several."""
    escaped = (
        "[ _]{1,9}".join(map(re.escape, re.split("[ _]", word)))
        for word in sorted(words, key=len, reverse=True)
    )
    return "|".join(escaped)
