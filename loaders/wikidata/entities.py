"""Parses a line of a dump into a row of the table wikidata."""

import hashlib
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from loaders.core.db import Json
from loaders.wikidata.statements import (
    Claims,
    Compact,
    NotCompactable,
    best_ids,
    compact,
    compact_each,
    ids_in_use,
)

INSTANCE_OF, SUBCLASS_OF = "P31", "P279"
ENGLISH = ("en", "mul")  # a name that is the same in all languages is stored as "mul" only
IDS = {"item": re.compile(r"Q[1-9][0-9]{0,17}"), "property": re.compile(r"P[1-9][0-9]{0,17}")}
LONGEST_NAME = 500  # characters of a label or title; Wikidata's have 250, an index holds 676
TIME_LENGTH = len("2024-05-06T07:08:09Z")
NO_BADGES = Json(b"{}")
NUL = b"\\u0000"
# Escapes and bytes of JSON; the group matches what is no character for Postgres: NUL, and half of a
# pair of surrogates.
ESCAPE = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})|\xed[\xa0-\xbf][\x80-\xbf])|\\.",
    re.DOTALL,
)
MAPS = ("labels", "descriptions", "aliases", "claims", "sitelinks")


class UnusableEntity(Exception):
    """An entity that cannot be stored, with the reason."""


class EntitySummary(NamedTuple):
    """The part of an entity that other items need; stored for every entity.

    labels: of a property, by languages of the load other than English; null for none.
    """

    wikidata_id: str
    label: str | None
    wikipedia_id: str | None
    datatype: str | None
    superclass_ids: list[str] | None
    lastrevid: int | None
    labels: Json | None = None


class Item(NamedTuple):
    """A row of the table wikidata without the column properties."""

    wikidata_id: str
    wikipedia_id: str | None
    title: str | None
    title_language: str | None
    description: str | None
    claims: Json
    statement_ids: Json
    class_ids: list[str]
    labels: Json
    descriptions: Json
    aliases: Json
    sitelinks: Json
    badges: Json
    modified: datetime | None
    lastrevid: int | None


class ItemRedirect(NamedTuple):
    """An id that was merged into another one."""

    wikidata_id: str
    target_id: str


class Parsed(NamedTuple):
    """An entity; `item` is None for a property and for an item that the filter leaves out.

    warnings: (place, reason) of parts that are stored in an altered form.
    """

    summary: EntitySummary
    item: Item | None
    warnings: list[tuple[str, str]]


@dataclass(frozen=True)
class EntityFilter:
    """Conditions for items, None: no condition; and the languages and links that are stored.

    english_only: whether an item without other conditions needs an English name (also mul) or an
    article in English. origin: the options, as text, if they name sets that may change, such as a
    file of ids. links: wikis whose links are stored too, without a condition.
    """

    class_ids: frozenset[str] | None = None
    ids: frozenset[str] | None = None
    sitelinks: tuple[str, ...] = ()
    languages: tuple[str, ...] = ("en",)
    english_only: bool = False
    origin: str = ""
    links: tuple[str, ...] = ()

    @property
    def number(self) -> int:
        """A 32-bit hash of the conditions, for the column loaded_by; 0: no conditions."""
        if self.class_ids is None and self.ids is None and not self.sitelinks:
            return 1 if self.english_only else 0
        sets = [sorted(ids) if ids is not None else None for ids in (self.class_ids, self.ids)]
        text = self.origin or repr((*sets, sorted(self.sitelinks)))
        digest = hashlib.blake2b(text.encode(), digest_size=4).digest()
        return int.from_bytes(digest, signed=True) or 1

    @property
    def options(self) -> str:
        """The options of the conditions, for messages."""
        conditions = {
            "--class": self.class_ids is not None, "--ids": self.ids is not None,
            "--sitelink": bool(self.sitelinks), "--english-only": self.english_only,
        }  # fmt: skip
        return " and ".join(name for name, is_set in conditions.items() if is_set)

    @property
    def wikis(self) -> tuple[str, ...]:
        """The wikis whose links are stored; always with enwiki."""
        return tuple(dict.fromkeys(("enwiki", *self.sitelinks, *self.links)))

    def keeps(
        self, wikidata_id: str, class_ids: list[str], named: bool, links: dict[str, str]
    ) -> bool:
        """Whether an item meets the conditions. named: it has a label in a stored language."""
        if self.ids is not None and wikidata_id not in self.ids:
            return False
        if self.class_ids is not None and self.class_ids.isdisjoint(class_ids):
            return False
        if self.sitelinks:
            return any(wiki in links for wiki in self.sitelinks)
        return not self.english_only or named or "enwiki" in links


class Parser:
    """Parses lines for one filter; all_items: parse items too that it does not keep."""

    def __init__(self, filter: EntityFilter, *, all_items: bool = False) -> None:
        self.filter, self.all_items = filter, all_items
        self.terms = tuple(dict.fromkeys((*ENGLISH, *filter.languages)))
        self.type = _entity_type(self.terms, filter)
        self.decode: Callable[[bytes], Any] = msgspec.json.Decoder(self.type).decode

    def parse(self, line: bytes) -> Parsed | ItemRedirect:
        """Parse a line without its framing. Errors: UnusableEntity if it is no item or property."""
        warnings: list[tuple[str, str]] = []
        original = line
        if NUL in line:
            line = _clean(line)
        try:
            entity = self.decode(line)
            claims, identities = compact(entity.claims)
        except (msgspec.MsgspecError, NotCompactable, UnicodeDecodeError, RecursionError):
            line = _clean(line)
            entity, claims, identities, warnings = self._statement_by_statement(line)
        if line != original:
            reason = "NUL or half a character in a text: replaced by U+FFFD"
            warnings.insert(0, (entity.id, reason))
        if entity.redirect is not None:
            return ItemRedirect(_checked(entity.entity, "item"), _checked(entity.redirect, "item"))
        return self._parsed(line, entity, claims, identities, warnings)

    def _parsed(
        self,
        line: bytes,
        entity: Any,
        claims: Compact,
        identities: Compact,
        warnings: list[tuple[str, str]],
    ) -> Parsed:
        wikidata_id = _checked(entity.id, entity.type)
        languages = self.filter.languages
        links = _texts(entity.sitelinks, self.filter.wikis)
        labels = _texts(entity.labels, self.terms)
        language, title = (
            next(((name, labels[name]) for name in self.terms if name in labels), (None, None))
            if labels
            else _any_label(line)
        )
        names = [*labels.values(), *links.values(), title or ""]
        if any(len(name) > LONGEST_NAME for name in names):
            links, labels = _cut(links), _cut(labels)
            title = title and title[:LONGEST_NAME]
            warnings.append((wikidata_id, f"a name of more than {LONGEST_NAME} characters: cut"))
        superclass_ids = best_ids(claims.get(SUBCLASS_OF, [])) or None
        summary = EntitySummary(
            wikidata_id,
            title,
            links.get("enwiki"),
            entity.datatype,
            superclass_ids,
            entity.lastrevid,
            _foreign(labels, languages) if entity.type == "property" else None,
        )
        class_ids = ids_in_use(claims.get(INSTANCE_OF, []))
        kept = self.all_items or self.filter.keeps(wikidata_id, class_ids, bool(labels), links)
        if entity.type != "item" or not kept:
            return Parsed(summary, None, warnings)
        descriptions = _texts(entity.descriptions, self.terms)
        item = Item(
            wikidata_id,
            summary.wikipedia_id,
            wikidata_id if title is None else title,
            language,
            descriptions.get("en", descriptions.get("mul")),
            _json(claims),
            _json(identities),
            class_ids,
            _json({name: labels[name] for name in languages if name in labels}),
            _json({name: descriptions[name] for name in languages if name in descriptions}),
            _json(_lists(entity.aliases, languages)),
            _json(links),
            _badges(entity.sitelinks, self.filter.wikis) if links else NO_BADGES,
            _time(entity.modified),
            entity.lastrevid,
        )
        return Parsed(summary, item, warnings)

    def _statement_by_statement(
        self, line: bytes
    ) -> tuple[Any, Compact, Compact, list[tuple[str, str]]]:
        """Parse an entity with statements that cannot be compacted; only those stay as they are."""
        try:
            entity = msgspec.json.decode(line)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            raise UnusableEntity(f"not JSON: {error}") from error
        if not isinstance(entity, dict):
            raise UnusableEntity("no entity: not an object")
        for name in MAPS:  # Wikibase writes some empty maps as lists
            if name in entity and not entity[name]:
                entity[name] = {}
        try:
            claims, identities, warnings = compact_each(entity.pop("claims", {}))
            return msgspec.convert(entity, self.type), claims, identities, warnings
        except (msgspec.MsgspecError, AttributeError, TypeError, RecursionError) as error:
            raise UnusableEntity(f"no entity: {error}") from error


def _any_label(line: bytes) -> tuple[str, str] | tuple[None, None]:
    """The first label in the order of the languages' codes, for an entity without a stored one."""
    try:
        labels = _read_labels(line).labels
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return None, None
    language = min(labels, default=None)
    return (None, None) if language is None else (language, labels[language].value)


def label_of(line: bytes) -> Parsed:
    """The entity of a line with its id, label, datatype and labels by language, as a JSON array."""
    wikidata_id, label, datatype, labels = msgspec.json.decode(
        _clean(line), type=tuple[str, str | None, str | None, dict[str, str | None] | None]
    )
    other = _json(labels) if labels else None
    summary = EntitySummary(
        wikidata_id, label and label[:LONGEST_NAME], None, datatype, None, None, other
    )
    return Parsed(summary, None, [])


class _Term(Struct, gc=False):
    value: str


class _Labels(Struct, gc=False):
    labels: dict[str, _Term] = {}


_read_labels = msgspec.json.Decoder(_Labels).decode


class _Link(Struct, gc=False):
    value: str = msgspec.field(name="title")
    badges: Any = ()


def _entity_type(terms: tuple[str, ...], filter: EntityFilter) -> type[Struct]:
    """The type that an entity is decoded as: with the texts and links of the filter only."""
    return msgspec.defstruct(
        "Entity",
        [
            ("type", str, ""),
            ("id", str, ""),
            ("lastrevid", Annotated[int, Meta(ge=0, le=2**63 - 1)] | None, None),
            ("datatype", str | None, None),
            ("modified", Any, None),
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
    """A field for some keys of an object, in their order."""
    fields = [
        (f"at_{i}", kind | UnsetType, msgspec.field(name=key, default=UNSET))
        for i, key in enumerate(keys)
    ]
    type_ = msgspec.defstruct(name.title(), fields, gc=False)
    return [(name, type_, msgspec.field(default_factory=type_))]


def _texts(terms: Struct, keys: tuple[str, ...]) -> dict[str, str]:
    values = (getattr(terms, name) for name in terms.__struct_fields__)
    return {key: term.value for key, term in zip(keys, values, strict=True) if term is not UNSET}


def _cut(names: dict[str, str]) -> dict[str, str]:
    return {key: name[:LONGEST_NAME] for key, name in names.items()}


def _foreign(labels: dict[str, str], languages: tuple[str, ...]) -> Json | None:
    others = {name: labels.get(name) for name in languages if name != "en"}
    return _json(others) if others else None


def _badges(links: Struct, keys: tuple[str, ...]) -> Json:
    """The ids of badges by wiki; what is no list of ids is left out."""
    badges = {}
    for key, name in zip(keys, links.__struct_fields__, strict=True):
        link = getattr(links, name)
        if link is not UNSET and link.badges and isinstance(link.badges, list):
            badges[key] = [one for one in link.badges if isinstance(one, str)]
    return _json(badges) if badges else NO_BADGES


def _time(text: Any) -> datetime | None:
    """A time of a dump, 2024-05-06T07:08:09Z; None: not one."""
    if not isinstance(text, str) or len(text) != TIME_LENGTH or text[-1] != "Z":
        return None
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _lists(terms: Struct, keys: tuple[str, ...]) -> dict[str, list[str]]:
    values = (getattr(terms, name) for name in terms.__struct_fields__)
    return {
        key: [term.value for term in several]
        for key, several in zip(keys, values, strict=True)
        if several is not UNSET
    }


def _json(value: Any) -> Json:
    return Json(msgspec.json.encode(value))


def _checked(wikidata_id: str, kind: str) -> str:
    if kind not in IDS:
        raise UnusableEntity(
            f"a {kind}: only items and properties are kept" if kind else "no entity"
        )
    if not IDS[kind].fullmatch(wikidata_id):
        raise UnusableEntity(f"no id of an {kind}: {wikidata_id[:60]!r}")
    return wikidata_id


def _clean(line: bytes) -> bytes:
    """Replace NUL and halves of surrogate pairs in JSON, which Postgres cannot store in a text."""
    return ESCAPE.sub(lambda match: b"\\ufffd" if match[1] else match[0], line)
