"""Statements in the compact shape that the column claims keeps, and what it leaves to its side.

A snak that Wikibase writes as
    {"snaktype": "value", "property": "P31", "datatype": "wikibase-item",
     "datavalue": {"type": "wikibase-entityid",
                   "value": {"entity-type": "item", "numeric-id": 146, "id": "Q146"}}}
is kept under its property as {"type": "wikibase-item", "value": "Q146"}, and a statement is its
main snak with "rank" and "qualifiers". Times, quantities, coordinates and texts with a language
keep their whole value. Without a value it is "snak": "somevalue" or "novalue". What does not fit
stands there as it came, under "datavalue" or "verbatim". The SQL function wikidata_statements()
puts all of it back. Format: https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

NUMBERED = {"Q": "item", "P": "property", "L": "lexeme"}
TIME = re.compile(r"[+-][0-9]{1,16}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
AMOUNT = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]{1,300})?")


class Strict(Struct, gc=False, forbid_unknown_fields=True):
    """What is not named here would be lost, so it is refused and kept as it came."""


class Entity(Strict):
    id: str
    entity_type: str = field(name="entity-type")
    numeric_id: int | None = field(name="numeric-id", default=None)


class Time(Strict):
    time: str
    timezone: int
    before: int
    after: int
    precision: int
    calendarmodel: str


class Quantity(Strict):
    amount: str
    unit: str
    upperBound: str | UnsetType = UNSET
    lowerBound: str | UnsetType = UNSET


class Text(Strict):
    text: str
    language: str


class Coordinate(Strict):
    latitude: float
    longitude: float
    globe: str
    precision: float | UnsetType | None = UNSET
    altitude: float | UnsetType | None = UNSET


class EntityValue(Strict, tag_field="type", tag="wikibase-entityid"):
    value: Entity


class StringValue(Strict, tag_field="type", tag="string"):
    value: str


class TimeValue(Strict, tag_field="type", tag="time"):
    value: Time


class QuantityValue(Strict, tag_field="type", tag="quantity"):
    value: Quantity


class TextValue(Strict, tag_field="type", tag="monolingualtext"):
    value: Text


class CoordinateValue(Strict, tag_field="type", tag="globecoordinate"):
    value: Coordinate


Value = EntityValue | StringValue | TimeValue | QuantityValue | TextValue | CoordinateValue
# Of which datatypes a kind of value is; whatever is not named elsewhere is a string's.
DATATYPES: dict[type, Callable[[str], bool]] = {
    EntityValue: lambda datatype: datatype.startswith("wikibase-") or datatype == "entity-schema",
    TimeValue: "time".__eq__,
    QuantityValue: "quantity".__eq__,
    TextValue: "monolingualtext".__eq__,
    CoordinateValue: "globe-coordinate".__eq__,
}
NO_STRINGS = re.compile("wikibase-.*|entity-schema|time|quantity|monolingualtext|globe-coordinate")


class Snak(Strict):
    snaktype: str
    property: str
    datatype: str | None = None
    datavalue: Value | None = None
    hash: str | None = None


class Statement(Strict):
    mainsnak: Snak
    id: str
    rank: str
    type: str
    qualifiers: dict[str, list[Snak]] = {}
    qualifiers_order: list[str] = field(name="qualifiers-order", default=[])
    references: Raw = Raw()  # which are left out


Claims = dict[str, list[Statement]]
Compact = dict[str, list[dict[str, Any]]]
convert_statement = msgspec.json.Decoder(Statement).decode


class Odd(Exception):
    """A statement that the compact shape cannot hold without loss."""


def compact(claims: Claims) -> tuple[Compact, Compact]:
    """Statements by property, and in the same order what identifies them: ids and hashes.

    Raises Odd where one cannot be told from its compact shape.
    """
    shown: Compact = {}
    identities: Compact = {}
    for property_id, statements in claims.items():
        shown[property_id] = [_statement(made, property_id) for made in statements]
        identities[property_id] = [_identity(made) for made in statements]
    return shown, identities


def compact_each(
    claims: Mapping[str, Iterable[Any]],
) -> tuple[Compact, Compact, list[tuple[str, str]]]:
    """The same of statements one by one; (statement, why) of those that are kept as they came."""
    shown: Compact = {}
    identities: Compact = {}
    odd = []
    for property_id, statements in claims.items():
        shown[property_id], identities[property_id] = [], []
        for made in statements:
            try:
                known = convert_statement(msgspec.json.encode(made))
                shown[property_id].append(_statement(known, property_id))
                identities[property_id].append(_identity(known))
            except (msgspec.MsgspecError, Odd) as error:
                kept = {key: value for key, value in made.items() if key != "references"}
                rank = kept.get("rank")
                rank = rank if rank in ("preferred", "deprecated") else "normal"
                shown[property_id].append({"rank": rank, "verbatim": kept})
                identities[property_id].append({})
                odd.append((str(made.get("id", property_id)), str(error)))
    return shown, identities, odd


def _statement(made: Statement, property_id: str) -> dict[str, Any]:
    if made.mainsnak.property != property_id or made.type != "statement":
        raise Odd("a statement of another property or type")
    shown = _snak(made.mainsnak)
    shown["rank"] = made.rank
    if made.qualifiers:
        shown["qualifiers"] = {
            name: [_qualifier(snak, name) for snak in snaks]
            for name, snaks in made.qualifiers.items()
        }
    return shown


def _qualifier(snak: Snak, property_id: str) -> dict[str, Any]:
    if snak.property != property_id:
        raise Odd("a qualifier of another property")
    return _snak(snak)


def _snak(snak: Snak) -> dict[str, Any]:
    held = snak.datavalue
    datatype = snak.datatype
    if snak.snaktype != "value" or held is None:
        if held is not None or snak.snaktype not in ("somevalue", "novalue"):
            raise Odd(f"a snak of the unknown type {snak.snaktype[:60]!r}")
        return {"snak": snak.snaktype} if datatype is None else {
            "type": datatype, "snak": snak.snaktype,
        }  # fmt: skip
    if datatype is None:
        raise Odd("a value without its datatype")
    kind = type(held)
    value: Any = held.value
    if kind is StringValue:
        if NO_STRINGS.fullmatch(datatype):
            raise Odd(f"a string as {datatype}")
        return {"type": datatype, "value": value}
    if not DATATYPES[kind](datatype):
        raise Odd(f"a value of another type than {datatype}")
    if kind is EntityValue:
        value = _entity_id(value)
    elif kind is TimeValue and not TIME.fullmatch(value.time):
        raise Odd(f"a time that is none: {value.time[:60]!r}")
    elif kind is QuantityValue and not AMOUNT.fullmatch(value.amount):
        raise Odd(f"an amount that is none: {value.amount[:60]!r}")
    return {"type": datatype, "value": value}


def _entity_id(value: Entity) -> str:
    """The id alone, where the rest follows from it."""
    kind = NUMBERED.get(value.id[:1])
    if value.numeric_id is not None:
        if kind != value.entity_type or value.id[1:] != str(value.numeric_id):
            raise Odd("an entity whose id and number differ")
    elif kind == value.entity_type:
        raise Odd("an entity without its number")
    elif "/" in value.id and value.entity_type == "item":  # a category, of the sample
        return value.id
    elif value.entity_type != KINDS_WITHOUT_NUMBER.get(_kind_of(value.id)):
        raise Odd(f"an entity of the unknown type {value.entity_type[:60]!r}")
    return value.id


KINDS_WITHOUT_NUMBER = {"F": "form", "S": "sense", "E": "entity-schema"}


def _kind_of(entity_id: str) -> str:
    """F of L1-F2, E of E42."""
    return entity_id.rpartition("-")[2][:1]


def _identity(made: Statement) -> dict[str, Any]:
    told: dict[str, Any] = {"id": made.id}
    if made.mainsnak.hash is not None:
        told["hash"] = made.mainsnak.hash
    if made.qualifiers:
        told["hashes"] = {
            name: [snak.hash for snak in snaks] for name, snaks in made.qualifiers.items()
        }
        if made.qualifiers_order != sorted(made.qualifiers):
            told["order"] = made.qualifiers_order
    return told


def best_ids(statements: list[dict[str, Any]]) -> list[str]:
    """Targets of the preferred statements if there are any, else of the normal; each once."""
    preferred = any(made["rank"] == "preferred" for made in statements)
    rank = "preferred" if preferred else "normal"
    found = (made.get("value") for made in statements if made["rank"] == rank)
    return list(dict.fromkeys(value for value in found if isinstance(value, str)))
