"""Infoboxes, by the names of their templates."""

import re
from functools import lru_cache

from loaders.wikipedia.languages import AFTER_KIND, BEFORE_KIND, BOX_ALONE, BOXES
from loaders.wikipedia.names import alternatives

KIND = re.compile(
    rf"(?:infobox[ :/-]*|info ?/ ?|(?:{alternatives(BEFORE_KIND.split())})[ :/-]+)(\S.*)"
    rf"|(\S.*?)[ -]+(?:{alternatives(AFTER_KIND.split())})"
)
KIND_ITSELF = re.compile(
    rf"(?:.* )?(?:{alternatives(BOXES.split())})(?:[ /].*)?|(?:{alternatives(BOX_ALONE.split())})"
)


@lru_cache(100_000)
def kind_of(name: str) -> str | None:
    """The kind of an infobox: its name without the word infobox; `taxobox` is a kind itself.

    name: of a template, in lower case. None: it is no infobox, or one without a kind.
    """
    if KIND_ITSELF.fullmatch(name):
        return name
    match = KIND.fullmatch(name)
    return (match[1] or match[2]) if match else None


def is_box(name: str) -> bool:
    """Whether a template is an infobox."""
    return "infobox" in name or kind_of(name) is not None
