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
from tests.factories.wikidata import entity, time_of, value

SYLLABLES = [
    "mün",
    "chen",
    "ber",
    "lin",
    "ham",
    "burg",
    "wei",
    "ler",
    "ro",
    "ma",
    "pa",
    "ris",
    "to",
    "kyo",
    "san",
    "ta",
    "ka",
    "zan",
    "ost",
    "dorf",
    "ne",
    "li",
]
CLASSES = {"Q5": "human", "Q33506": "museum", "Q207694": "art museum", "Q8502": "mountain",
           "Q8072": "volcano", "Q515": "city", "Q1549591": "big city", "Q271669": "landform"}  # fmt: skip
ABOVE = {"Q207694": "Q33506", "Q8072": "Q8502", "Q1549591": "Q515", "Q8502": "Q271669"}
PROPERTIES = {"P17": "country", "P18": "image", "P39": "position held", "P106": "occupation",
              "P569": "date of birth", "P571": "inception", "P580": "start time",
              "P625": "coordinate location", "P2044": "elevation above sea level"}  # fmt: skip
TYPES = {"P18": "commonsMedia", "P569": "time", "P571": "time", "P580": "time",
         "P625": "globe-coordinate", "P2044": "quantity"}  # fmt: skip
# Of 20 items: eight people, two museums, two mountains, two cities; the others stay as they are.
KINDS = ["Q5"] * 8 + ["Q33506", "Q207694", "Q8502", "Q8072", "Q515", "Q1549591"] + [None] * 6
COUNTRIES = [f"Q{30 + n}" for n in range(150)]
JOBS = [f"Q{36000 + n}" for n in range(40)]
UNITS = {"metre": "Q11573", "foot": "Q3710"}


def write(path: Path, count: int, seed: int = 0) -> int:
    """Write a dump of `count` items, with labels in English and German. Return its size in bytes."""
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
    for id, name in CLASSES.items():
        above = {"P279": [value(ABOVE[id])]} if id in ABOVE else {}
        yield entity(id, name, **above)
    for id, name in PROPERTIES.items():
        yield entity(id, name, kind="property", datatype=TYPES.get(id, "wikibase-item"))
    for number, id in enumerate([*COUNTRIES, *JOBS]):
        yield entity(id, f"{'country' if id in COUNTRIES else 'occupation'} {number}")
    for name, id in UNITS.items():
        yield entity(id, name)


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
    for property_id, statement in _statements(kind, dice).items():
        statement["mainsnak"]["property"] = property_id
        claims[property_id] = [statement | {"id": f"{item['id']}${property_id}"}]


def _statements(kind: str, dice: random.Random) -> dict[str, dict[str, Any]]:
    made = {"P31": value(kind)}
    if dice.random() < 0.4:
        made["P18"] = value(f"Picture {dice.randrange(10**6)}.jpg", datatype="commonsMedia")
    year = time_of(f"+{dice.randint(1400, 2000)}-00-00T00:00:00Z", 9)
    if kind == "Q5":
        made |= {"P106": value(dice.choice(JOBS)), "P569": value(year, datatype="time")}
        if dice.random() < 0.1:
            start = value(year, datatype="time")["mainsnak"] | {"property": "P580"}
            made["P39"] = value(dice.choice(JOBS), qualifiers={"P580": [start]})
        return made
    made["P17"] = value(dice.choice(COUNTRIES))
    place = {"latitude": dice.uniform(-90, 90), "longitude": dice.uniform(-180, 180),
             "altitude": None, "precision": 0.001, "globe": "http://www.wikidata.org/entity/Q2"}  # fmt: skip
    made["P625"] = value(place, datatype="globe-coordinate")
    if kind in ("Q8502", "Q8072"):
        name, most = dice.choice([("metre", 8849), ("foot", 29032)])
        unit = f"http://www.wikidata.org/entity/{UNITS[name]}"
        amount = {"amount": f"+{dice.randint(100, most)}", "unit": unit}
        made["P2044"] = value(amount, datatype="quantity")
    else:
        made["P571"] = value(year, datatype="time")
    return made
