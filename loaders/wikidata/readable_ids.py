"""Ids of entities that cannot be parsed: their stored rows must not be pruned."""

import re

# The scalar members that may come before the id of an entity.
BEFORE = (
    rb'"(?:type|pageid|ns|title|lastrevid|modified|datatype)"\s{0,99}:\s{0,99}'
    rb'(?:"[^"\\]{0,300}"|-?\d{1,20})\s{0,99},\s{0,99}'
)
OWN = re.compile(
    rb'\{\s{0,99}(?:%s){0,7}"(?:id|entity)"\s{0,99}:\s{0,99}"([A-Z][1-9][0-9]{0,17})"' % BEFORE
)
# Other ids may be those of entities that the broken text swallowed; ids of values are skipped.
OTHERS = re.compile(
    rb'"numeric-id"\s{0,99}:\s{0,99}\d{1,18}\s{0,99},\s{0,99}"id"\s{0,99}:\s{0,99}"[A-Z]\d{1,18}"'
    rb'|"id"\s{0,99}:\s{0,99}"([A-Z][1-9][0-9]{0,17})"'
)


def readable_ids(text: bytes) -> tuple[str, ...]:
    """The entity's own id and other ids in the text; empty if its own cannot be read.

    Also empty if the text contains zero bytes: a download with a gap may lack any number of
    entities.
    """
    if b"\0" in text:
        return ()
    own = OWN.match(text)
    if own is None:
        return ()
    others = (match[1] for match in OTHERS.finditer(text, own.end()) if match[1])
    return tuple(dict.fromkeys(id.decode() for id in (own[1], *others)))
