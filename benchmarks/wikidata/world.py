"""A dump of people, museums, mountains, cities and other things, for questions of analysts.

The items are real ones that dump.py varies, so that they have the size of real ones, with other
classes, values and names. Frequent words are in many names, as in Wikidata.
"""

import itertools
import json
import random
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.wikidata.dump import as_line, entities, varied

SYLLABLES = (
    "mün", "chen", "ber", "lin", "ham", "burg", "wei", "ler", "ro", "ma", "pa", "ris", "to", "kyo",
    "san", "ta", "ka", "zan", "ost", "dorf", "ne", "li",
)  # fmt: skip
CLASSES = {
    "Q5": "human", "Q33506": "museum", "Q207694": "art museum", "Q8502": "mountain",
    "Q8072": "volcano", "Q515": "city", "Q1549591": "big city", "Q5119": "capital city",
    "Q271669": "landform",
}  # fmt: skip
ABOVE = {"Q207694": "Q33506", "Q8072": "Q8502", "Q1549591": "Q515", "Q5119": "Q515",
         "Q8502": "Q271669"}  # fmt: skip
PROPERTIES = {
    "P17": "country", "P18": "image", "P31": "instance of", "P106": "occupation",
    "P569": "date of birth", "P571": "inception", "P585": "point in time",
    "P625": "coordinate location", "P1082": "population", "P2044": "elevation above sea level",
}  # fmt: skip
TYPES = {"P18": "commonsMedia", "P569": "time", "P571": "time", "P585": "time",
         "P625": "globe-coordinate", "P1082": "quantity", "P2044": "quantity"}  # fmt: skip
KINDS_OF_VALUES = {"time": "time", "quantity": "quantity", "globe-coordinate": "globecoordinate",
                   "commonsMedia": "string"}  # fmt: skip
ENTITY = "http://www.wikidata.org/entity/"
# Of 20 items: eight people, two museums, two mountains, two cities; the others stay as they are.
KINDS = ["Q5"] * 8 + ["Q33506", "Q207694", "Q8502", "Q8072", "Q515", "Q1549591"] + [None] * 6
COUNTRIES = [f"Q{30 + n}" for n in range(150)]
JOBS = [f"Q{36000 + n}" for n in range(40)]
UNITS = {"metre": "Q11573", "foot": "Q3710"}


def write(path: Path, count: int, seed: int = 0) -> int:
    """Write a dump of `count` items with English and German labels. Return its size in bytes."""
    dice = random.Random(seed)
    words = ["".join(dice.choices(SYLLABLES, k=dice.randint(1, 3))).title() for _ in range(20_000)]
    weights = list(itertools.accumulate(1 / (rank + 10) for rank in range(len(words))))
    real = [(one, as_line(one)) for one in entities()]
    real = [pair for pair in real if len(pair[1]) < 25_000]
    with path.open("w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(_named()))
        for number in range(count):
            one, text = dice.choice(real)
            label = one["labels"]["en"]["value"]
            item = json.loads(varied(one["id"], label, text, number, dice))
            _change(item, KINDS[number % len(KINDS)], dice, words, weights)
            file.write(",\n" + as_line(item))
        file.write("\n]\n")
    return path.stat().st_size


def _named() -> Iterator[str]:
    names = CLASSES | {id: f"country {n}" for n, id in enumerate(COUNTRIES)}
    names |= {id: f"occupation {n}" for n, id in enumerate(JOBS)}
    names |= {id: name for name, id in UNITS.items()}
    for id, name in names.items():
        above = {"P279": [_statement("P279", ABOVE[id])]} if id in ABOVE else {}
        yield as_line(_entity("item", id, name) | {"claims": above})
    for id, name in PROPERTIES.items():
        datatype = TYPES.get(id, "wikibase-item")
        yield as_line(_entity("property", id, name) | {"datatype": datatype})


def _entity(kind: str, id: str, name: str) -> dict[str, Any]:
    labels = {"en": {"language": "en", "value": name}}
    return {"type": kind, "id": id, "labels": labels, "claims": {}, "lastrevid": 1}


def _snak(property_id: str, value: Any) -> dict[str, Any]:
    datatype = TYPES.get(property_id, "wikibase-item")
    if datatype == "wikibase-item":
        value = {"entity-type": "item", "numeric-id": int(value[1:]), "id": value}
    kind = KINDS_OF_VALUES.get(datatype, "wikibase-entityid")
    return {"snaktype": "value", "property": property_id, "datatype": datatype,
            "datavalue": {"type": kind, "value": value}}  # fmt: skip


def _statement(property_id: str, value: Any, **more: Any) -> dict[str, Any]:
    return {"mainsnak": _snak(property_id, value), "type": "statement", "rank": "normal"} | more


def _change(
    item: dict[str, Any],
    kind: str | None,
    dice: random.Random,
    words: list[str],
    weights: list[float],
) -> None:
    """Give an item names, links, and the class and values of a kind."""
    names = [
        " ".join(dice.choices(words, cum_weights=weights, k=dice.randint(1, 3))) for _ in range(4)
    ]
    item["labels"] = {"en": {"language": "en", "value": names[0]}}
    item["aliases"] = {
        "en": [{"language": "en", "value": name} for name in names[2 : 2 + dice.randint(0, 2)]]
    }
    item["sitelinks"] = {}
    if dice.random() < 0.5:
        item["labels"]["de"] = {"language": "de", "value": names[1]}
    for wiki, share in (("enwiki", 0.3), ("dewiki", 0.15)):
        if dice.random() < share:
            title = f"{names[0]} ({item['id']})"
            item["sitelinks"][wiki] = {"site": wiki, "title": title, "badges": []}
    item["modified"] = f"2025-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}T00:00:00Z"
    if kind is None:
        return
    claims = item["claims"]
    for property_id in PROPERTIES:
        claims.pop(property_id, None)
    for statement in _statements(kind, dice):
        property_id = statement["mainsnak"]["property"]
        statement["id"] = f"{item['id']}${property_id}-{len(claims)}"
        claims.setdefault(property_id, []).append(statement)


def _statements(kind: str, dice: random.Random) -> Iterator[dict[str, Any]]:
    yield _statement("P31", kind)
    if dice.random() < 0.4:
        yield _statement("P18", f"Picture {dice.randrange(10**6)}.jpg")
    if kind == "Q5":
        yield _statement("P106", dice.choice(JOBS))
        yield _statement("P569", _year(dice.randint(1400, 2000)))
        return
    yield _statement("P17", dice.choice(COUNTRIES))
    place = {"latitude": dice.uniform(-90, 90), "longitude": dice.uniform(-180, 180)}
    yield _statement("P625", place | {"altitude": None, "precision": 0.001, "globe": f"{ENTITY}Q2"})
    if kind in ("Q8502", "Q8072"):
        metres = min(dice.expovariate(1 / 900), 8849)
        unit, amount = dice.choice([("metre", metres), ("foot", metres / 0.3048)])
        yield _statement("P2044", _amount(amount, ENTITY + UNITS[unit]))
        return
    yield _statement("P571", _year(dice.randint(1400, 2000)))
    if kind in ("Q515", "Q1549591"):
        when = {"P585": [_snak("P585", _year(dice.randint(1990, 2025)))]}
        yield _statement("P1082", _amount(dice.randint(100, 10**7), "1"), qualifiers=when)
        if dice.random() < 0.05:
            yield _statement("P31", "Q5119")


def _year(year: int) -> dict[str, Any]:
    about = {"timezone": 0, "before": 0, "after": 0, "precision": 9}
    return about | {"time": f"+{year}-00-00T00:00:00Z", "calendarmodel": f"{ENTITY}Q1985727"}


def _amount(amount: float, unit: str) -> dict[str, str]:
    return {"amount": f"+{amount:.0f}", "unit": unit}
