"""Captions of icons as numbers: style, set and words, for networks that draw what they say.

A word is its hash and the hashes of its groups of three letters, so that "arrows" is near
"arrow". A number of 0 means that a part is missing.
"""

import re
import zlib
from collections.abc import Sequence

import numpy as np

BUCKETS = 4096  # of hashes; 0 is reserved
WORDS_FROM = 2  # places before are the style and the set
LENGTH = 42  # numbers of a caption
LETTERS = 3  # of a group
# Styles, and the words that end a name in that style; the other words say what an icon shows.
STYLES = {
    "outline": ("outline", "outlined", "line", "regular", "empty"),
    "filled": ("filled", "fill", "solid"),
    "thin": ("thin", "light"),
    "bold": ("bold",),
    "logo": ("logo",),
}
STYLE_OF = {word: style for style, names in STYLES.items() for word in names}


def numbers(words: Sequence[str], style: str = "", icon_set: str = "") -> np.ndarray:
    """A caption as numbers, (LENGTH) of int32. Words that find no room are left out."""
    caption = np.zeros(LENGTH, dtype=np.int32)
    caption[0] = _number(f"style {style}") if style else 0
    caption[1] = _number(f"set {icon_set.lower()}") if icon_set else 0
    marked = [f"<{word}>" for word in words]
    parts = (marked + [group for word in words for group in groups_of(word)])[: LENGTH - WORDS_FROM]
    caption[WORDS_FROM : WORDS_FROM + len(parts)] = [_number(part) for part in parts]
    return caption


def words_of(text: str) -> list[str]:
    """The words of a text or of the name of an icon, in lower case; camel case is split."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", text)
    return [word.lower() for word in re.findall(r"[^\W_]+", spaced)]


def groups_of(word: str) -> list[str]:
    """The groups of letters of a word, with its start and end marked; none of a short word."""
    marked = f"<{word}>"
    groups = [marked[i : i + LETTERS] for i in range(len(marked) - LETTERS + 1)]
    return groups if len(groups) > 1 else []


def _number(part: str) -> int:
    return 1 + zlib.crc32(part.encode()) % (BUCKETS - 1)
