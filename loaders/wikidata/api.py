"""Entities from the wbgetentities API of a Wikibase, in the shape of a dump's lines.

The API: https://www.wikidata.org/w/api.php?action=help&modules=wbgetentities
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from loaders.core.errors import Problem
from loaders.core.http.client import Client, Response, undecodable
from loaders.core.http.faults import TryAgain

API = "https://www.wikidata.org/w/api.php"
BATCH = 50  # ids a call: what the service allows
PROPS = "info|labels|descriptions|aliases|claims|sitelinks"
LINE = ("type", "id", "labels", "descriptions", "aliases", "claims", "sitelinks", "lastrevid")
NOT_IN_DUMPS = {"pageid", "ns", "title", "modified", "redirects"}
BUSY = {"maxlag", "ratelimited", "readonly"}  # and internal_api_error_...
BAD_IDS = {"no-such-entity", "invalid-entity-id", "param-illegal", "badvalue"}
ENTITY_ADDRESS = re.compile(r"https?://[^/]+/entity/([A-Z][0-9]+)")

Record = dict[str, msgspec.Raw]


class Missing(NamedTuple):
    """An id that is no entity's."""

    id: str
    reason: str


class ApiRedirect(NamedTuple):
    """An id that was merged into another."""

    source: str
    target: str


class _Error(msgspec.Struct):
    code: str = "unknown"
    info: str = ""
    id: str | None = None


class Reply(msgspec.Struct):
    """An answer of wbgetentities."""

    entities: dict[str, Record] = {}
    error: _Error | None = None


def entities(
    ids: Iterable[str], client: Client, *, languages: Sequence[str] | None = None, api: str = API
) -> Iterator[bytes | Missing | ApiRedirect]:
    """Each entity once, as the JSON of its line in a dump; what is missing or redirected too.

    languages: of labels, descriptions and aliases; None: all.
    """
    fields = {"props": PROPS}
    if languages is not None:
        fields["languages"] = "|".join(languages)
    delivered: set[str] = set()
    for asked, made in _records(ids, client, api, fields):
        if isinstance(made, Missing):
            yield made
            continue
        found = _text(made["id"])
        if asked != found:
            yield ApiRedirect(asked, found)
        if found not in delivered:
            delivered.add(found)
            yield dump_line(made)


def labels(
    ids: Iterable[str], client: Client, *, language: str = "en", api: str = API
) -> Iterator[tuple[str, str | None, str | None]]:
    """(id, label, datatype) of every id: None for a label that is not there, and for no property.

    Where the language has no label, the one for all languages (`mul`) stands for it.
    """
    fields = {"props": "info|labels|datatype", "languages": f"{language}|mul"}
    for asked, made in _records(ids, client, api, fields):
        if isinstance(made, Missing):
            yield asked, None, None
            continue
        told = _mapping(msgspec.json.decode(made.get("labels", b"{}")))
        found = [_mapping(told.get(name)).get("value") for name in (language, "mul")]
        datatype = _text(made["datatype"]) if "datatype" in made else None
        yield asked, next((text for text in found if isinstance(text, str)), None), datatype


def mentioned(entity: bytes) -> set[str]:
    """Ids of the properties, target entities and units of an entity's claims and qualifiers."""
    claims = _mapping(msgspec.json.decode(entity).get("claims"))
    statements = [made for group in claims.values() for made in group]
    snaks = [made["mainsnak"] for made in statements]
    for made in statements:
        snaks += (snak for group in _mapping(made.get("qualifiers")).values() for snak in group)
    return {found for snak in snaks for found in _mentioned(snak)}


def dump_line(record: Record) -> bytes:
    """The entity as a dump has it: its own keys in their order, and `{}` for what is empty."""
    keys = [key for key in LINE if key in record]
    keys += [key for key in record if key not in LINE and key not in NOT_IN_DUMPS]
    empty = msgspec.Raw(b"{}")
    return msgspec.json.encode(
        {key: empty if bytes(record[key]) == b"[]" else record[key] for key in keys}
    )


def _mentioned(snak: Mapping[str, Any]) -> Iterator[str]:
    yield snak["property"]
    value = _mapping(snak.get("datavalue")).get("value")
    if not isinstance(value, dict):
        return
    if "entity-type" in value:
        kind = {"item": "Q", "property": "P"}.get(value["entity-type"])
        found = value.get("id") or (f"{kind}{value.get('numeric-id')}" if kind else None)
        if found:
            yield found
    if unit := ENTITY_ADDRESS.fullmatch(str(value.get("unit"))):
        yield unit[1]


def _records(
    ids: Iterable[str], client: Client, api: str, fields: Mapping[str, str]
) -> Iterator[tuple[str, Record | Missing]]:
    """(id asked for, what came) for each id once, in their order."""
    wanted = list(dict.fromkeys(ids))
    for start in range(0, len(wanted), BATCH):
        batch = wanted[start : start + BATCH]
        found = _ask(batch, client, api, fields)
        yield from ((asked, found[asked]) for asked in batch)


def _ask(
    ids: list[str], client: Client, api: str, fields: Mapping[str, str]
) -> dict[str, Record | Missing]:
    """What comes for each id. One that the service will not hear of does not lose the others."""
    if not ids:
        return {}
    asked = {"action": "wbgetentities", "ids": "|".join(ids), "format": "json", "maxlag": "5"}
    reply = client.get(api, asked | dict(fields), read=_reply)
    if reply.error is None:
        found = _by_id(reply, ids)
        # An answer that grew too large lacks its last entities.
        left, reason = [name for name in ids if name not in found], "the service left it out"
    else:
        found, left, reason = {}, ids, reply.error.info or reply.error.code
        if reply.error.id in ids:
            found[str(reply.error.id)] = Missing(str(reply.error.id), reason)
            return found | _ask([name for name in ids if name not in found], client, api, fields)
    if len(left) == 1 and len(ids) == 1:
        return {left[0]: Missing(left[0], reason)}
    half = (len(left) + 1) // 2
    for part in (left[:half], left[half:]):
        found |= _ask(part, client, api, fields)
    return found


def _by_id(reply: Reply, ids: Sequence[str]) -> dict[str, Record | Missing]:
    """Entities under the ids asked for, wherever the service put one that was redirected."""
    found: dict[str, Record | Missing] = {}
    for key, record in reply.entities.items():
        if "missing" in record:
            found[key] = Missing(key, "there is no such entity")
            continue
        names = {key, _text(record["id"])}
        if "redirects" in record:
            names.add(msgspec.json.decode(record["redirects"])["from"])
        found |= dict.fromkeys(names, record)
    return {name: found[name] for name in ids if name in found}


def _reply(response: Response) -> Reply:
    try:
        reply = msgspec.json.decode(response.content, type=Reply)
    except (msgspec.DecodeError, RecursionError) as error:
        raise undecodable(response) from error
    if reply.error is None or reply.error.code in BAD_IDS:
        return reply
    if reply.error.code in BUSY or reply.error.code.startswith("internal_api_error"):
        raise TryAgain(f"{response.host} is busy ({reply.error.code})")
    raise Problem(f"{response.host}: {reply.error.code}: {' '.join(reply.error.info.split())}")


def _text(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    """An empty map is written as a list in places."""
    return value if isinstance(value, dict) else {}
