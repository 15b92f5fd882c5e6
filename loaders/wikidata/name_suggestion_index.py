"""The sample: what the name-suggestion-index (BSD-3-Clause) keeps of Wikidata, as entities.

It holds no P31: the category that an entity is brand, operator, network or flag of stands for its
class, under its path as id ("amenity/bank"). What a flag stands for has no class. The identifier
of a logo's property is not kept either: it is the image of a flag, the logo image of anything else.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from loaders.core.errors import Problem

NAMED_BY = ("brand:wikidata", "operator:wikidata", "network:wikidata", "flag:wikidata")
ENTITIES, CATEGORIES = Path("dist/wikidata/wikidata.json"), Path("dist/json/nsi.json")
LOGO = "/wiki/Special:FilePath/"
LOGO_TITLE = "Special:ItemRedirect/file/"
GREGORIAN = "http://www.wikidata.org/entity/Q1985727"
YEAR, DAY = 9, 11  # precisions of a time
# id: (label, datatype), and of identifiers their name in the file.
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


class _Dissolution(msgspec.Struct):
    date: str
    upgrade: str | None = None


class _Kept(msgspec.Struct, rename="camel"):
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
    wikidata: dict[str, _Kept]


class _Categories(msgspec.Struct):
    nsi: dict[str, _Category]


T = TypeVar("T")


def entities(folder: Path) -> Iterator[bytes]:
    """Each entity as JSON in the shape of a dump's line; folder: the unpacked package."""
    kept = _read(folder / ENTITIES, _Entities).wikidata
    categories = _read(folder / CATEGORIES, _Categories).nsi
    classes: defaultdict[str, set[str]] = defaultdict(set)
    flags: set[str] = set()
    for path, item in ((path, item) for path, made in categories.items() for item in made.items):
        flags.add(item.tags.get("flag:wikidata", ""))
        for tag in NAMED_BY:
            classes[item.tags.get(tag, "")].add(class_of(path))
    for qid, entry in kept.items():
        values = _values(entry, sorted(classes.get(qid, ())), "P18" if qid in flags else "P154")
        yield msgspec.json.encode(_entity(qid, entry, values))


def labels(folder: Path) -> Iterator[tuple[str, str, str | None]]:
    """(id, label, datatype) of the classes, whose datatype is None, and of the properties used."""
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


def class_of(path: str) -> str:
    """The category of a path: "brands/amenity/bank" -> "amenity/bank"."""
    return path.partition("/")[2]


def _read(path: Path, type: type[T]) -> T:
    try:
        return msgspec.json.decode(path.read_bytes(), type=type)
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}: ./pgmuse setup fetches the samples") from error
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(f"{path}: {error}: remove it, ./pgmuse setup fetches it anew") from error


def _values(entry: _Kept, classes: Iterable[str], image: str) -> dict[str, list[Any]]:
    """Values of each property, as a datavalue holds them."""
    gone = entry.dissolutions
    values: dict[str, list[Any]] = {
        "P31": [{"entity-type": "item", "id": path} for path in classes],
        image: [name for name in [file_name(entry.logos.get("wikidata", ""))] if name],
        "P576": [_time(made.date) for made in gone],
        "P856": entry.official_websites,
        "P1366": [_target(made.upgrade) for made in gone if made.upgrade],
        "P11707": entry.url_match_patterns,
        "P12454": entry.location_info_websites,
    }
    for pid, (_, key) in IDENTIFIERS.items():
        if key in entry.identities:
            values[pid] = [entry.identities[key]]
    return values


def _entity(qid: str, entry: _Kept, values: dict[str, list[Any]]) -> dict[str, Any]:
    return {
        "type": "item",
        "id": qid,
        "labels": _in_english(entry.label),
        "descriptions": _in_english(entry.description),
        "aliases": {},
        "claims": {pid: _statements(qid, pid, some) for pid, some in values.items() if some},
        "sitelinks": {},
    }


def _in_english(text: str | None) -> dict[str, dict[str, str]]:
    return {} if text is None else {"en": {"language": "en", "value": text}}


def _statements(qid: str, pid: str, values: Iterable[Any]) -> list[dict[str, Any]]:
    datatype = PROPERTIES[pid][1] if pid in PROPERTIES else "external-id"
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


def _target(qid: str) -> dict[str, Any]:
    return {"entity-type": "item", "numeric-id": int(qid[1:]), "id": qid}


def _time(date: str) -> dict[str, Any]:
    """The file gives a day where only the year is known: its first."""
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
    """The name on Commons of the file behind one of the two kinds of addresses in use."""
    _, found, name = address.partition(LOGO)
    if found:
        return name or None
    (title,) = parse_qs(urlsplit(address).query).get("title", [""])[:1]
    return title.removeprefix(LOGO_TITLE) or None if title.startswith(LOGO_TITLE) else None
