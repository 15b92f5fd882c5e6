"""Entities from the wbgetentities API of a Wikibase, as lines of a dump.

API: https://www.wikidata.org/w/api.php?action=help&modules=wbgetentities
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from loaders.core.http.client import Client, Response, undecodable
from loaders.core.http.mediawiki import MAXLAG, ApiError, raise_error

API = "https://www.wikidata.org/w/api.php"
BATCH = 50  # ids in a request, the limit of the service
PROPS = "info|labels|descriptions|aliases|claims|sitelinks"
LINE = (
    "type",
    "id",
    "labels",
    "descriptions",
    "aliases",
    "claims",
    "sitelinks",
    "lastrevid",
    "modified",
)
NOT_IN_DUMPS = {"pageid", "ns", "title", "redirects"}
BAD_IDS = {"no-such-entity", "invalid-entity-id", "param-illegal", "badvalue"}
ENTITY_ADDRESS = re.compile(r"https?://[^/]+/entity/([A-Z][0-9]+)")

Record = dict[str, msgspec.Raw]


class Missing(NamedTuple):
    """An id without an entity."""

    id: str
    reason: str


class ApiRedirect(NamedTuple):
    """An id that was merged into another one."""

    source: str
    target: str


class EntityLabel(NamedTuple):
    """An entity's label; datatype None: no property. labels: of a property, by language."""

    id: str
    label: str | None
    datatype: str | None
    labels: dict[str, str | None] | None


class EntitiesResponse(msgspec.Struct):
    """A response of wbgetentities."""

    entities: dict[str, Record] = {}
    error: ApiError | None = None


def entities(
    ids: Iterable[str], client: Client, *, languages: Sequence[str] | None = None, api: str = API
) -> Iterator[bytes | Missing | ApiRedirect]:
    """Each entity once, as its JSON line in a dump; also missing and redirected ids.

    languages: of labels, descriptions and aliases; None: all. Errors: Problem.
    """
    fields = {"props": PROPS}
    if languages is not None:
        fields["languages"] = "|".join(languages)
    delivered: set[str] = set()
    for id, record in _records(ids, client, api, fields):
        if isinstance(record, Missing):
            yield record
            continue
        target = _text(record["id"])
        if id != target:
            yield ApiRedirect(id, target)
        if target not in delivered:
            delivered.add(target)
            yield dump_line(record)


def labels(
    ids: Iterable[str], client: Client, *, languages: Sequence[str] = (), api: str = API
) -> Iterator[EntityLabel]:
    """The label of every id, in English or for all languages (`mul`).

    languages: of the labels of properties. Errors: Problem.
    """
    requested = "|".join(dict.fromkeys(("en", "mul", *languages)))
    fields = {"props": "info|labels|datatype", "languages": requested}
    for id, record in _records(ids, client, api, fields):
        if isinstance(record, Missing):
            yield EntityLabel(id, None, None, None)
            continue
        terms = _mapping(msgspec.json.decode(record.get("labels", b"{}")))
        texts = {name: _mapping(term).get("value") for name, term in terms.items()}
        label = next((texts[name] for name in ("en", "mul") if texts.get(name)), None)
        if "datatype" not in record:
            yield EntityLabel(id, label, None, None)
            continue
        others = {name: texts.get(name) for name in languages if name not in ("en", "mul")}
        yield EntityLabel(id, label, _text(record["datatype"]), others)


def mentioned(entity: bytes) -> set[str]:
    """Ids of the properties, target entities and units of an entity's claims and qualifiers."""
    claims = _mapping(msgspec.json.decode(entity).get("claims"))
    statements = [statement for group in claims.values() for statement in group]
    snaks = [statement["mainsnak"] for statement in statements]
    for statement in statements:
        qualifiers = _mapping(statement.get("qualifiers"))
        snaks += (snak for group in qualifiers.values() for snak in group)
    return {id for snak in snaks for id in _mentioned(snak)}


def dump_line(record: Record) -> bytes:
    """An entity as a line of a dump: with the dump's keys in their order, and `{}` for `[]`."""
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
        id = value.get("id") or (f"{kind}{value.get('numeric-id')}" if kind else None)
        if id:
            yield id
    if unit := ENTITY_ADDRESS.fullmatch(str(value.get("unit"))):
        yield unit[1]


def _records(
    ids: Iterable[str], client: Client, api: str, fields: Mapping[str, str]
) -> Iterator[tuple[str, Record | Missing]]:
    """(id, record) for each requested id once, in their order."""
    unique_ids = list(dict.fromkeys(ids))
    for start in range(0, len(unique_ids), BATCH):
        batch = unique_ids[start : start + BATCH]
        records = _request(batch, client, api, fields)
        yield from ((id, records[id]) for id in batch)


def _request(
    ids: list[str], client: Client, api: str, fields: Mapping[str, str]
) -> dict[str, Record | Missing]:
    """The record of each id. After an error, the request is split, so only bad ids are missing."""
    if not ids:
        return {}
    query = {"action": "wbgetentities", "ids": "|".join(ids), "format": "json", "maxlag": MAXLAG}
    response = client.get(api, query | dict(fields), read=_decode)
    error = response.error
    if error is None:
        records = _by_id(response, ids)
        # The service cuts off the last entities of a response that is too large.
        left, reason = [id for id in ids if id not in records], "the service left it out"
    else:
        records, left, reason = {}, ids, error.info or error.code
        if error.id in ids:
            records[str(error.id)] = Missing(str(error.id), reason)
            left = [id for id in ids if id not in records]
            return records | _request(left, client, api, fields)
    if len(left) == 1 and len(ids) == 1:
        return {left[0]: Missing(left[0], reason)}
    half = (len(left) + 1) // 2
    for part in (left[:half], left[half:]):
        records |= _request(part, client, api, fields)
    return records


def _by_id(response: EntitiesResponse, ids: Sequence[str]) -> dict[str, Record | Missing]:
    """Entities by requested id; a redirected one may come under its own id or its target's."""
    records: dict[str, Record | Missing] = {}
    for key, record in response.entities.items():
        if "missing" in record:
            records[key] = Missing(key, "there is no such entity")
            continue
        names = {key, _text(record["id"])}
        if "redirects" in record:
            names.add(msgspec.json.decode(record["redirects"])["from"])
        records |= dict.fromkeys(names, record)
    return {id: records[id] for id in ids if id in records}


def _decode(response: Response) -> EntitiesResponse:
    """Decode a response. Errors: TryAgain if the service is busy, Problem for other errors."""
    try:
        decoded = msgspec.json.decode(response.content, type=EntitiesResponse)
    except (msgspec.DecodeError, RecursionError) as error:
        raise undecodable(response) from error
    if decoded.error is None or decoded.error.code in BAD_IDS:
        return decoded
    raise_error(decoded.error, response.host)


def _text(raw: msgspec.Raw) -> str:
    return msgspec.json.decode(raw, type=str)


def _mapping(value: Any) -> Mapping[str, Any]:
    """The value, or {} if it is no object: Wikibase writes some empty maps as lists."""
    return value if isinstance(value, dict) else {}
