"""An entity of a dump, from its line to what is stored of it."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from loaders.core.db import Json
from loaders.wikidata.statements import Claims, Compact, Odd, best_ids, compact, compact_each

INSTANCE_OF, SUBCLASS_OF = "P31", "P279"
ENGLISH = ("en", "mul")  # what has one name in all languages is labelled in "mul" alone
IDS = {"item": re.compile(r"Q[1-9][0-9]{0,17}"), "property": re.compile(r"P[1-9][0-9]{0,17}")}
NUL = b"\\u0000"
MAPS = ("labels", "descriptions", "aliases", "claims", "sitelinks")


class UnusableEntity(Exception):
    """An entity that cannot be stored; the text says why."""


class EntitySummary(NamedTuple):
    """What others need of an entity, kept of each that was seen."""

    wikidata_id: str
    label: str | None
    wikipedia_id: str | None
    datatype: str | None
    superclass_ids: list[str] | None
    lastrevid: int | None


class Item(NamedTuple):
    """A row of the table wikidata, still without the names of what its claims say."""

    wikidata_id: str
    wikipedia_id: str | None
    title: str | None
    description: str | None
    claims: Json
    statement_ids: Json
    class_ids: list[str]
    labels: Json
    descriptions: Json
    aliases: Json
    sitelinks: Json
    lastrevid: int | None


class ItemRedirect(NamedTuple):
    """An id that was merged into another."""

    wikidata_id: str
    target_id: str


class Parsed(NamedTuple):
    """An entity; `item` is None for a property and for what the filter leaves out.

    odd: (where, why) of what is kept, but not as it should be.
    """

    seen: EntitySummary
    item: Item | None
    odd: list[tuple[str, str]]


@dataclass(frozen=True)
class EntityFilter:
    """Which items are kept, and what of them; a set left at None asks for nothing.

    origin: the options that it is made of, where those name sets that change, like a file of ids.
    """

    class_ids: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    sitelinks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    origin: str = ""

    @property
    def number(self) -> int:
        """Tells filters apart, whatever source and languages they are used with; 0: none."""
        if self.class_ids is None and self.ids is None and not self.sitelinks:
            return 0
        sets = [sorted(ids) if ids is not None else None for ids in (self.class_ids, self.ids)]
        text = self.origin or repr((*sets, sorted(self.sitelinks)))
        digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
        return int.from_bytes(digest, signed=True) or 1

    @property
    def wikis(self) -> tuple[str, ...]:
        """Whose links are kept: English Wikipedia's always."""
        return tuple(dict.fromkeys(("enwiki", *self.sitelinks)))

    def keeps(
        self, wikidata_id: str, class_ids: list[str], named: bool, links: dict[str, str]
    ) -> bool:
        """Where nothing else is asked for: what has a label or an English Wikipedia article."""
        if self.ids is not None and wikidata_id not in self.ids:
            return False
        if self.class_ids is not None and self.class_ids.isdisjoint(class_ids):
            return False
        if self.sitelinks:
            return any(wiki in links for wiki in self.sitelinks)
        asked = self.ids is not None or self.class_ids is not None
        return asked or named or "enwiki" in links


class Parser:
    """Entities of lines, for one filter; all_items: also of what it does not keep."""

    def __init__(self, filter: EntityFilter, *, all_items: bool = False) -> None:
        self.filter, self.all_items = filter, all_items
        self.terms = tuple(dict.fromkeys((*ENGLISH, *filter.languages)))
        self.type = _entity_type(self.terms, filter)
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self.type).decode

    def parse(self, line: bytes) -> Parsed | ItemRedirect:
        """Parse a line without its framing. Errors: UnusableEntity if it is no item or property."""
        odd: list[tuple[str, str]] = []
        if NUL in line:
            line, odd = _without_nul(line)
        try:
            made = self.decode(line)
            shown, identities = compact(made.claims)
        except (msgspec.MsgspecError, Odd, UnicodeDecodeError, RecursionError):
            made, shown, identities, more = self._statement_by_statement(line)
            odd += more
        if made.redirect is not None:
            return ItemRedirect(_checked(made.entity, "item"), _checked(made.redirect, "item"))
        return self._parsed(made, shown, identities, odd)

    def _parsed(
        self, made: Any, shown: Compact, identities: Compact, odd: list[tuple[str, str]]
    ) -> Parsed:
        wikidata_id = _checked(made.id, made.type)
        languages = self.filter.languages
        links = _texts(made.sitelinks, self.filter.wikis)
        labels = _texts(made.labels, self.terms)
        title = labels.get("en", labels.get("mul"))
        superclass_ids = best_ids(shown.get(SUBCLASS_OF, [])) or None
        seen = EntitySummary(
            wikidata_id, title, links.get("enwiki"), made.datatype, superclass_ids, made.lastrevid
        )
        class_ids = best_ids(shown.get(INSTANCE_OF, []))
        kept = self.all_items or self.filter.keeps(wikidata_id, class_ids, bool(labels), links)
        if made.type != "item" or not kept:
            return Parsed(seen, None, odd)
        descriptions = _texts(made.descriptions, self.terms)
        item = Item(
            wikidata_id,
            seen.wikipedia_id,
            title,
            descriptions.get("en", descriptions.get("mul")),
            _json(shown),
            _json(identities),
            class_ids,
            _json({name: labels[name] for name in languages if name in labels}),
            _json({name: descriptions[name] for name in languages if name in descriptions}),
            _json(_lists(made.aliases, languages)),
            _json(links),
            made.lastrevid,
        )
        return Parsed(seen, item, odd)

    def _statement_by_statement(
        self, line: bytes
    ) -> tuple[Any, Compact, Compact, list[tuple[str, str]]]:
        """The same, but an odd statement loses no other."""
        try:
            told = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableEntity(f"not JSON: {error}") from error
        if not isinstance(told, dict):
            raise UnusableEntity("no entity: not an object")
        for name in MAPS:  # an empty map is written as a list in places
            if name in told and not told[name]:
                told[name] = {}
        try:
            shown, identities, odd = compact_each(told.pop("claims", {}))
            return msgspec.convert(told, self.type), shown, identities, odd
        except (msgspec.MsgspecError, AttributeError, TypeError, RecursionError) as error:
            raise UnusableEntity(f"no entity: {error}") from error


def label_of(line: bytes) -> Parsed:
    """An entity of which only this is known: JSON of its id, label and datatype."""
    wikidata_id, label, datatype = msgspec.json.decode(
        line, type=tuple[str, str | None, str | None]
    )
    label = label and _replaced(label)
    return Parsed(EntitySummary(wikidata_id, label, None, datatype, None, None), None, [])


class _Term(Struct, gc=False):
    value: str


class _Link(Struct, gc=False):
    value: str = msgspec.field(name="title")


def _entity_type(terms: tuple[str, ...], filter: EntityFilter) -> type[Struct]:
    """What is decoded of an entity: of its texts and links only those that somebody asked for."""
    return msgspec.defstruct(
        "Entity",
        [
            ("type", str, ""),
            ("id", str, ""),
            ("lastrevid", Annotated[int, Meta(ge=0, le=2**63 - 1)] | None, None),
            ("datatype", str | None, None),
            ("entity", str, ""),
            ("redirect", str | None, None),
            *_map("labels", terms, _Term),
            *_map("descriptions", terms, _Term),
            *_map("aliases", filter.languages, list[_Term]),
            *_map("sitelinks", filter.wikis, _Link),
            ("claims", Claims, msgspec.field(default_factory=dict)),
        ],
        gc=False,
    )


def _map(name: str, keys: tuple[str, ...], kind: Any) -> list[tuple[str, Any, Any]]:
    """A field of some keys of an object, in their order."""
    fields = [
        (f"at_{i}", kind | UnsetType, msgspec.field(name=key, default=UNSET))
        for i, key in enumerate(keys)
    ]
    made = msgspec.defstruct(name.title(), fields, gc=False)
    return [(name, made, msgspec.field(default_factory=made))]


def _texts(held: Struct, keys: tuple[str, ...]) -> dict[str, str]:
    values = (getattr(held, name) for name in held.__struct_fields__)
    return {key: term.value for key, term in zip(keys, values, strict=True) if term is not UNSET}


def _lists(held: Struct, keys: tuple[str, ...]) -> dict[str, list[str]]:
    values = (getattr(held, name) for name in held.__struct_fields__)
    return {
        key: [term.value for term in terms]
        for key, terms in zip(keys, values, strict=True)
        if terms is not UNSET
    }


def _json(told: Any) -> Json:
    return Json(msgspec.json.encode(told))


def _checked(wikidata_id: str, kind: str) -> str:
    if kind not in IDS:
        raise UnusableEntity(
            f"a {kind}: only items and properties are kept" if kind else "no entity"
        )
    if not IDS[kind].fullmatch(wikidata_id):
        raise UnusableEntity(f"no id of an {kind}: {wikidata_id[:60]!r}")
    return wikidata_id


def _without_nul(line: bytes) -> tuple[bytes, list[tuple[str, str]]]:
    """Postgres' text has no NUL: it is replaced, and reported."""
    try:
        told = msgspec.json.decode(line)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableEntity(f"not JSON: {error}") from error
    clean = _replaced(told)
    if clean == told:  # a backslash before u0000 is no NUL
        return line, []
    wikidata_id = str(told.get("id", "")) if isinstance(told, dict) else ""
    return msgspec.json.encode(clean), [(wikidata_id, "NUL in a text: replaced by U+FFFD")]


def _replaced(told: Any) -> Any:
    match told:
        case str():
            return told.replace("\0", "�")
        case list():
            return [_replaced(value) for value in told]
        case dict():
            return {_replaced(key): _replaced(value) for key, value in told.items()}
    return told
