"""Ids of entities that cannot be parsed, so that pruning leaves their rows alone."""

import re

# What may stand before the id of an entity; all of it are scalars.
BEFORE = (
    rb'"(?:type|pageid|ns|title|lastrevid|modified|datatype)"\s{0,99}:\s{0,99}'
    rb'(?:"[^"\\]{0,300}"|-?\d{1,20})\s{0,99},\s{0,99}'
)
OWN = re.compile(
    rb'\{\s{0,99}(?:%s){0,7}"(?:id|entity)"\s{0,99}:\s{0,99}"([A-Z][1-9][0-9]{0,17})"' % BEFORE
)
# Ids that may be another entity's, which broken text has swallowed; not those of values.
OTHERS = re.compile(
    rb'"numeric-id"\s{0,99}:\s{0,99}\d{1,18}\s{0,99},\s{0,99}"id"\s{0,99}:\s{0,99}"[A-Z]\d{1,18}"'
    rb'|"id"\s{0,99}:\s{0,99}"([A-Z][1-9][0-9]{0,17})"'
)


def readable_ids(text: bytes) -> tuple[str, ...]:
    """The id that an entity begins with, and others in it; empty where its own cannot be read.

    Also empty where zeros stand in it: a download with a gap may have lost any number of entities.
    """
    if b"\0" in text:
        return ()
    own = OWN.match(text)
    if own is None:
        return ()
    others = (found[1] for found in OTHERS.finditer(text, own.end()) if found[1])
    return tuple(dict.fromkeys(id.decode() for id in (own[1], *others)))
