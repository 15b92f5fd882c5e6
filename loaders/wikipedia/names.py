"""Names of pages as MediaWiki reads them."""

import html
import re

SPACES = re.compile(r"[\s_]+")
MARKS = re.compile("[\u200e\u200f\u202a-\u202e]")


def name_of(told: str) -> str:
    """A name with spaces for underscores, one at a time, and entities resolved."""
    if "&" in told:
        told = html.unescape(told).replace("\0", "")
    return SPACES.sub(" ", MARKS.sub("", told)).strip()
