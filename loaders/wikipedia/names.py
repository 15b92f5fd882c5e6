"""Names of pages as MediaWiki reads them, and the error for what no page is like."""

import html
import re

SPACES = re.compile(r"[\s_]+")
MARKS = re.compile("[\u200e\u200f\u202a-\u202e]")


class Beyond(Exception):
    """What no article is like, and would take too long to read; the text says how."""


def name_of(told: str) -> str:
    """A name with spaces for underscores, one at a time, and entities resolved."""
    if "&" in told:
        told = html.unescape(told).replace("\0", "")
    if not told.isascii():
        told = MARKS.sub("", told)
    return SPACES.sub(" ", told).strip()
