"""The sample: entities that the name-suggestion-index (BSD-3-Clause) copied from Wikidata.

It has no P31. An entity is an instance of brand, operator, network or flag, by what it is in the
index. What it is that of has a property of its own, such as "operator of": the category, with its
path ("amenity/school") as id. So a town that operates schools is an operator and no school. These
classes, properties and categories are no entities of Wikidata; their ids contain a slash. A country
or city of a flag has no class. The property of a logo is missing too: it is P18 (image) for a flag,
else P154 (logo image). It has no links to articles; ARTICLES has those of the places that the
sample of Wikipedia describes.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from loaders.core.errors import Problem

KINDS = ("brand", "operator", "network", "flag")  # an item's tag is brand:wikidata, and so on
ENTITIES, CATEGORIES = Path("dist/wikidata/wikidata.json"), Path("dist/json/nsi.json")
LOGO = "/wiki/Special:FilePath/"
LOGO_TITLE = "Special:ItemRedirect/file/"
GREGORIAN = "http://www.wikidata.org/entity/Q1985727"
YEAR, DAY = 9, 11  # precisions of a time
# id: (label, datatype); for IDENTIFIERS (label, name in the file).
PROPERTIES = {
    "P31": ("instance of", "wikibase-item"),
    "P18": ("image", "commonsMedia"),
    "P154": ("logo image", "commonsMedia"),
    "P576": ("dissolved, abolished or demolished date", "time"),
    "P856": ("official website", "url"),
    "P1366": ("replaced by", "wikibase-item"),
    "P11707": ("location URL match pattern", "string"),
    "P12454": ("location information URL", "url"),
}
IDENTIFIERS = {
    "P2002": ("X username", "twitter"),
    "P2003": ("Instagram username", "instagram"),
    "P2013": ("Facebook username", "facebook"),
    "P2397": ("YouTube channel ID", "youtube"),
    "P2984": ("Snapchat username", "snapchat"),
    "P3185": ("VK ID", "vk"),
    "P3579": ("Sina Weibo user ID", "weibo"),
    "P3836": ("Pinterest username", "pinterest"),
    "P4264": ("LinkedIn company or organization ID", "linkedin"),
    "P7085": ("TikTok username", "tiktok"),
    "P7650": ("WeChat ID", "weixin"),
    "P11245": ("YouTube handle", "youtubeHandle"),
    "P11892": ("Threads username", "threads"),
}
# Titles in English Wikipedia.
ARTICLES = {
    "Q173": "Alabama",
    "Q222": "Albania",
    "Q227": "Azerbaijan",
    "Q228": "Andorra",
    "Q262": "Algeria",
    "Q797": "Alaska",
    "Q889": "Afghanistan",
    "Q916": "Angola",
    "Q1951": "Alberta",
    "Q21203": "Aruba",
}


class _Dissolution(msgspec.Struct):
    date: str
    upgrade: str | None = None


class _IndexEntry(msgspec.Struct, rename="camel"):
    label: str | None = None
    description: str | None = None
    logos: dict[str, str] = {}
    identities: dict[str, str] = {}
    dissolutions: list[_Dissolution] = []
    official_websites: list[str] = []
    url_match_patterns: list[str] = []
    location_info_websites: list[str] = []


class _Item(msgspec.Struct):
    tags: dict[str, str] = {}


class _Category(msgspec.Struct):
    items: list[_Item] = []


class _Entities(msgspec.Struct):
    wikidata: dict[str, _IndexEntry]


class _Categories(msgspec.Struct):
    nsi: dict[str, _Category]


T = TypeVar("T")
# Categories by kind, of an entity.
Categories = dict[str, set[str]]


def entities(folder: Path) -> Iterator[bytes]:
    """Each entity as a line of a dump; folder: the unpacked package. Errors: Problem."""
    entries = _read(folder / ENTITIES, _Entities).wikidata
    categories = _read(folder / CATEGORIES, _Categories).nsi
    kinds: defaultdict[str, Categories] = defaultdict(dict)
    for path, item in (
        (path, item) for path, category in categories.items() for item in category.items
    ):
        for kind in KINDS:
            if qid := item.tags.get(f"{kind}:wikidata"):
                kinds[qid].setdefault(kind, set()).add(class_of(path))
    for qid, entry in entries.items():
        yield msgspec.json.encode(_entity(qid, entry, _values(entry, kinds.get(qid, {}))))


def labels(folder: Path) -> Iterator[tuple[str, str, str | None]]:
    """(id, label, datatype) of classes and categories, with datatype None, and of properties."""
    for kind in KINDS:
        yield class_id(kind), kind, None
        yield property_id(kind), f"{kind} of", "wikibase-item"
    paths = sorted({class_of(path) for path in _read(folder / CATEGORIES, _Categories).nsi})
    shared = Counter(path.rpartition("/")[2] for path in paths)
    for path in paths:
        key, _, name = path.rpartition("/")
        label = f"{name} ({key})" if shared[name] > 1 else name
        yield path, label.replace("_", " "), None
    for pid, (label, datatype) in PROPERTIES.items():
        yield pid, label, datatype
    for pid, (label, _) in IDENTIFIERS.items():
        yield pid, label, "external-id"


def class_id(kind: str) -> str:
    """The id of the class of brands, operators, networks or flags."""
    return f"kind/{kind}"


def property_id(kind: str) -> str:
    """The id of the property "brand of", and so on."""
    return f"P/{kind}"


def class_of(path: str) -> str:
    """The category of a path: "brands/amenity/bank" -> "amenity/bank"."""
    return path.partition("/")[2]


def _read(path: Path, type: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type)
    except OSError as error:
        raise Problem(
            f"{path}: {error.strerror}: run ./pgmuse setup, which fetches the samples"
        ) from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(
            f"{path}: {error}: remove it and run ./pgmuse setup, which fetches it again"
        ) from error


def _values(entry: _IndexEntry, kinds: Categories) -> dict[str, list[Any]]:
    """The values of each property, as in a datavalue."""
    dissolutions, image = entry.dissolutions, "P18" if "flag" in kinds else "P154"
    values: dict[str, list[Any]] = {
        "P31": [_made_up(class_id(kind)) for kind in KINDS if kind in kinds],
        **{property_id(kind): [*map(_made_up, sorted(paths))] for kind, paths in kinds.items()},
        image: [name for name in [file_name(entry.logos.get("wikidata", ""))] if name],
        "P576": [_time(one.date) for one in dissolutions],
        "P856": entry.official_websites,
        "P1366": [_target(one.upgrade) for one in dissolutions if one.upgrade],
        "P11707": entry.url_match_patterns,
        "P12454": entry.location_info_websites,
    }
    for pid, (_, key) in IDENTIFIERS.items():
        if key in entry.identities:
            values[pid] = [entry.identities[key]]
    return values


def _entity(qid: str, entry: _IndexEntry, values: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        "type": "item",
        "id": qid,
        "labels": _in_english(entry.label),
        "descriptions": _in_english(entry.description),
        "aliases": {},
        "claims": {pid: _statements(qid, pid, group) for pid, group in values.items() if group},
        "sitelinks": _sitelinks(ARTICLES.get(qid)),
    }


def _in_english(text: str | None) -> dict[str, dict[str, str]]:
    return {} if text is None else {"en": {"language": "en", "value": text}}


def _sitelinks(title: str | None) -> dict[str, dict[str, Any]]:
    return {} if title is None else {"enwiki": {"site": "enwiki", "title": title, "badges": []}}


def _statements(qid: str, pid: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    datatype = PROPERTIES[pid][1] if pid in PROPERTIES else "external-id"
    datatype = "wikibase-item" if "/" in pid else datatype
    kind = {"wikibase-item": "wikibase-entityid", "time": "time"}.get(datatype, "string")
    return [
        {
            "mainsnak": {
                "snaktype": "value",
                "property": pid,
                "datavalue": {"value": value, "type": kind},
                "datatype": datatype,
            },
            "type": "statement",
            "id": f"{qid}${pid}-{number}",
            "rank": "normal",
        }
        for number, value in enumerate(values, start=1)
    ]


def _made_up(id: str) -> dict[str, Any]:
    """A class or category, which is no entity of Wikidata."""
    return {"entity-type": "item", "id": id}


def _target(qid: str) -> dict[str, Any]:
    return {"entity-type": "item", "numeric-id": int(qid[1:]), "id": qid}


def _time(date: str) -> dict[str, Any]:
    """A time; the file has the first of January if only the year is known."""
    day = date[:10]
    return {
        "time": f"+{day}T00:00:00Z",
        "timezone": 0,
        "before": 0,
        "after": 0,
        "precision": YEAR if day.endswith("-01-01") else DAY,
        "calendarmodel": GREGORIAN,
    }


def file_name(address: str) -> str | None:
    """The file name on Commons, from one of the two kinds of addresses in the file."""
    _, separator, name = address.partition(LOGO)
    if separator:
        return name or None
    (title,) = parse_qs(urlsplit(address).query).get("title", [""])[:1]
    return title.removeprefix(LOGO_TITLE) or None if title.startswith(LOGO_TITLE) else None
