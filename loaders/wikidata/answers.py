"""Answers of wbgetentities, and files of Special:EntityData, cut into the lines of a dump.

Format: {"entities": {"Q1": {...}}}; an id that is no entity's has "missing" in it.
"""

import re
from collections.abc import Iterator

import msgspec

from loaders.core.entries import BadEntry
from loaders.wikidata.api import Record, Reply, dump_line

# An answer with fewer properties has no revision: it must not replace a stored one.
PARTS = {"labels", "descriptions", "aliases", "claims"}
BEGINS = re.compile(
    rb'\s*\{\s*"(?:entities|success|error|warnings|batchcomplete|curtimestamp|servedby|requestid)"'
    rb"\s*:"
)


def is_answer(text: bytes) -> bool:
    """Whether an object is an answer and no entity, by its first key."""
    return BEGINS.match(text) is not None


def entities(answer: bytes) -> Iterator[bytes | BadEntry]:
    """The line of each entity, and what is missing; the place is filled in by the caller."""
    start = answer[:200].decode(errors="replace")
    try:
        reply = msgspec.json.decode(answer, type=Reply)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        yield BadEntry("", f"no answer of wbgetentities: {error}"[:200], start)
        return
    if reply.error is not None:
        yield BadEntry("", f"an error of the service: {reply.error.info}"[:200], start)
    for key, record in reply.entities.items():
        yield from _lines(key, record)


def _lines(key: str, record: Record) -> Iterator[bytes | BadEntry]:
    if "missing" in record:
        yield BadEntry("", f"{key}: there is no such entity", key, (key,))
        return
    if "redirects" in record:
        names = msgspec.json.decode(record["redirects"])
        yield msgspec.json.encode({"entity": names["from"], "redirect": names["to"]})
    if not record.keys() >= PARTS:
        record = {name: value for name, value in record.items() if name != "lastrevid"}
    yield dump_line(record)
