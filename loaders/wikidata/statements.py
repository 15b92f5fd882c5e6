"""Statements in the compact form of the column claims, and the rest of them in statement_ids.

A snak that Wikibase writes as
    {"snaktype": "value", "property": "P31", "datatype": "wikibase-item",
     "datavalue": {"type": "wikibase-entityid",
                   "value": {"entity-type": "item", "numeric-id": 146, "id": "Q146"}}}
is stored under its property as {"type": "wikibase-item", "value": "Q146"}. A statement is its main
snak with "rank" and "qualifiers". Times, quantities, coordinates and texts with a language keep all
members of their value. A snak without a value has "snak": "somevalue" or "novalue". Statements that
do not fit this form are stored unchanged under "verbatim". The SQL function wikidata_statements()
restores the original statements. Old dumps lack the ids of entities and the datatypes of values:
they get the id that follows from the number, and the datatype of the kind of value, which is
"string" for files and addresses too. Statements that others wrote may lack their id, type and rank,
and entities their number. Format: https://doc.wikimedia.org/Wikibase/master/php/docs_topics_json.html
"""

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import msgspec
from msgspec import UNSET, Raw, Struct, UnsetType, field

NUMBERED = {"Q": "item", "P": "property", "L": "lexeme"}
LETTERS = {kind: letter for letter, kind in NUMBERED.items()}
NUMBER = re.compile(r"[1-9][0-9]{0,17}")
LONGEST_ID = 250  # characters; an index cannot hold any length
PRECISIONS = range(-(2**31), 2**31)  # integers of Postgres
TIME = re.compile(r"[+-][0-9]{1,16}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
AMOUNT = re.compile(r"[+-]?[0-9]{1,300}(?:\.[0-9]{1,300})?")


class Strict(Struct, gc=False, forbid_unknown_fields=True):
    """Refuses unknown members, which would be lost; such a statement is stored unchanged."""


class Entity(Strict):
    entity_type: str = field(name="entity-type")
    id: str | None = None
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
    globe: str | UnsetType | None = UNSET
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
# Datatypes of each kind of value; all others are those of strings.
DATATYPES: dict[type, Callable[[str], bool]] = {
    EntityValue: lambda datatype: datatype.startswith("wikibase-") or datatype == "entity-schema",
    TimeValue: "time".__eq__,
    QuantityValue: "quantity".__eq__,
    TextValue: "monolingualtext".__eq__,
    CoordinateValue: "globe-coordinate".__eq__,
}
# Datatypes of values that come without one.
DEFAULTS: dict[type, str] = {
    StringValue: "string",
    TimeValue: "time",
    QuantityValue: "quantity",
    TextValue: "monolingualtext",
    CoordinateValue: "globe-coordinate",
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
    id: str | None = None
    rank: str = "normal"
    type: str = "statement"
    qualifiers: dict[str, list[Snak]] = {}
    qualifiers_order: list[str] = field(name="qualifiers-order", default=[])
    references: Raw = Raw()  # not stored


Claims = dict[str, list[Statement]]
Compact = dict[str, list[dict[str, Any]]]
convert_statement = msgspec.json.Decoder(Statement).decode


class NotCompactable(Exception):
    """A statement that the compact form cannot represent without loss."""


def compact(claims: Claims) -> tuple[Compact, Compact]:
    """Compact statements by property, and their ids and hashes in the same order.

    Errors: NotCompactable if one would lose something.
    """
    statements: Compact = {}
    identities: Compact = {}
    for property_id, group in claims.items():
        statements[property_id] = [_statement(statement, property_id) for statement in group]
        identities[property_id] = [_identity(statement) for statement in group]
    return statements, identities


def compact_each(
    claims: Mapping[str, Iterable[Any]],
) -> tuple[Compact, Compact, list[tuple[str, str]]]:
    """The same, one by one; also (id, reason) of the statements that stay unchanged."""
    statements: Compact = {}
    identities: Compact = {}
    warnings = []
    for property_id, group in claims.items():
        statements[property_id], identities[property_id] = [], []
        for original in group:
            try:
                statement = convert_statement(msgspec.json.encode(original))
                statements[property_id].append(_statement(statement, property_id))
                identities[property_id].append(_identity(statement))
            except (msgspec.MsgspecError, NotCompactable) as error:
                kept = {key: value for key, value in original.items() if key != "references"}
                rank = kept.get("rank")
                rank = rank if rank in ("preferred", "deprecated") else "normal"
                statements[property_id].append({"rank": rank, "verbatim": kept})
                identities[property_id].append({})
                warnings.append((str(original.get("id", property_id))[:60], str(error)))
    return statements, identities, warnings


def _statement(statement: Statement, property_id: str) -> dict[str, Any]:
    if statement.mainsnak.property != property_id or statement.type != "statement":
        raise NotCompactable("a statement of another property or type")
    result = _snak(statement.mainsnak)
    result["rank"] = statement.rank
    if statement.qualifiers:
        result["qualifiers"] = {
            name: [_qualifier(snak, name) for snak in snaks]
            for name, snaks in statement.qualifiers.items()
        }
    return result


def _qualifier(snak: Snak, property_id: str) -> dict[str, Any]:
    if snak.property != property_id:
        raise NotCompactable("a qualifier of another property")
    return _snak(snak)


def _snak(snak: Snak) -> dict[str, Any]:
    datavalue = snak.datavalue
    datatype = snak.datatype
    if snak.snaktype != "value" or datavalue is None:
        if datavalue is not None or snak.snaktype not in ("somevalue", "novalue"):
            raise NotCompactable(f"a snak of the unknown type {snak.snaktype[:60]!r}")
        return {"snak": snak.snaktype} if datatype is None else {
            "type": datatype, "snak": snak.snaktype,
        }  # fmt: skip
    kind = type(datavalue)
    value: Any = datavalue.value
    if datatype is None:
        datatype = DEFAULTS.get(kind) or f"wikibase-{value.entity_type}"
    if kind is StringValue:
        if NO_STRINGS.fullmatch(datatype):
            raise NotCompactable(f"a string as {datatype}")
        return {"type": datatype, "value": value}
    if not DATATYPES[kind](datatype):
        raise NotCompactable(f"a value of another type than {datatype}")
    if kind is EntityValue:
        value = _entity_id(value)
    elif kind is TimeValue and not TIME.fullmatch(value.time):
        raise NotCompactable(f"a time that is none: {value.time[:60]!r}")
    elif kind is TimeValue and value.precision not in PRECISIONS:
        raise NotCompactable("a time whose precision is none")
    elif kind is QuantityValue and not AMOUNT.fullmatch(value.amount):
        raise NotCompactable(f"an amount that is none: {value.amount[:60]!r}")
    return {"type": datatype, "value": value}


def _entity_id(value: Entity) -> str:
    """The id, if the other members follow from it, or it from them. Errors: NotCompactable."""
    if value.id is None:
        letter = LETTERS.get(value.entity_type)
        if letter is None or value.numeric_id is None or not 0 < value.numeric_id < 10**18:
            raise NotCompactable("an entity without an id")
        return f"{letter}{value.numeric_id}"
    if len(value.id) > LONGEST_ID:
        raise NotCompactable(f"an entity whose id has more than {LONGEST_ID} characters")
    kind = NUMBERED.get(value.id[:1])
    if value.numeric_id is not None:
        if kind != value.entity_type or value.id[1:] != str(value.numeric_id):
            raise NotCompactable("an entity whose id and number differ")
        if not NUMBER.fullmatch(value.id, 1):
            raise NotCompactable("an entity whose number is none")
    elif kind == value.entity_type:
        if not NUMBER.fullmatch(value.id, 1):
            raise NotCompactable("an entity without its number")
    elif "/" in value.id and value.entity_type == "item":  # a category, of the sample
        return value.id
    elif value.entity_type != KINDS_WITHOUT_NUMBER.get(_kind_of(value.id)):
        raise NotCompactable(f"an entity of the unknown type {value.entity_type[:60]!r}")
    return value.id


KINDS_WITHOUT_NUMBER = {"F": "form", "S": "sense", "E": "entity-schema"}


def _kind_of(entity_id: str) -> str:
    """The letter of an id: F of L1-F2, E of E42."""
    return entity_id.rpartition("-")[2][:1]


def _identity(statement: Statement) -> dict[str, Any]:
    identity: dict[str, Any] = {} if statement.id is None else {"id": statement.id}
    if statement.mainsnak.hash is not None:
        identity["hash"] = statement.mainsnak.hash
    if statement.qualifiers:
        identity["hashes"] = {
            name: [snak.hash for snak in snaks] for name, snaks in statement.qualifiers.items()
        }
        if statement.qualifiers_order != sorted(statement.qualifiers):
            identity["order"] = statement.qualifiers_order
    return identity


def ids_in_use(statements: list[dict[str, Any]]) -> list[str]:
    """Targets of the statements that are not deprecated; each once, the preferred ones first."""
    ranked = sorted(statements, key=lambda statement: bool(statement["rank"] != "preferred"))
    values = (one.get("value") for one in ranked if one["rank"] != "deprecated")
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))


def best_ids(statements: list[dict[str, Any]]) -> list[str]:
    """Targets of the preferred statements if there are any, else of the normal ones; each once."""
    preferred = any(statement["rank"] == "preferred" for statement in statements)
    rank = "preferred" if preferred else "normal"
    values = (statement.get("value") for statement in statements if statement["rank"] == rank)
    return list(dict.fromkeys(value for value in values if isinstance(value, str)))
