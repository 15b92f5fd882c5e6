"""Responses of wbgetentities and files of Special:EntityData, cut into lines as in a dump.

Format: {"entities": {"Q1": {...}}}; an entity that does not exist has the member "missing".
"""

import re
from collections.abc import Iterator

import msgspec

from loaders.core.entries import BadEntry
from loaders.wikidata.api import EntitiesResponse, Record, dump_line

# A response with fewer properties gets no revision, so that it does not replace a stored item.
PARTS = {"labels", "descriptions", "aliases", "claims"}
BEGINNING = re.compile(
    rb'\s*\{\s*"(?:entities|success|error|warnings|batchcomplete|curtimestamp|servedby|requestid)"'
    rb"\s*:"
)


def is_response(text: bytes) -> bool:
    """Whether an object is a response and not an entity, by its first key."""
    return BEGINNING.match(text) is not None


def entities(content: bytes) -> Iterator[bytes | BadEntry]:
    """The line of each entity of a response, and missing entities; places are left empty."""
    start = content[:200].decode(errors="replace")
    try:
        response = msgspec.json.decode(content, type=EntitiesResponse)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        yield BadEntry("", f"no response of wbgetentities: {error}"[:200], start)
        return
    if response.error is not None:
        yield BadEntry("", f"an error of the service: {response.error.info}"[:200], start)
    for key, record in response.entities.items():
        yield from _lines(key, record)


def _lines(key: str, record: Record) -> Iterator[bytes | BadEntry]:
    if "missing" in record:
        yield BadEntry("", f"{key}: there is no such entity", key, (key,))
        return
    if "redirects" in record:
        redirect = msgspec.json.decode(record["redirects"])
        yield msgspec.json.encode({"entity": redirect["from"], "redirect": redirect["to"]})
    if not record.keys() >= PARTS:
        record = {name: value for name, value in record.items() if name != "lastrevid"}
    yield dump_line(record)
