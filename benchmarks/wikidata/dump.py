"""Generates dumps by varying real items: ids, labels, targets and values differ."""

import bz2
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from loaders.core.config import ROOT
from loaders.core.errors import Problem

ITEMS = ROOT.parent / "shared" / "data" / "wikidata" / "twenty_entities.json.bz2"
LABELS = ITEMS.with_name("labels.tsv")
LARGE, SHARE = 25_000, 0.015  # characters; large ones are rare, so that the mean is near 10 KB
FIRST = 1_000_000  # the first generated id
VARIED = re.compile(
    r'"numeric-id":(?P<target>\d+),"id":"Q\d+"'
    r'|(?<="value":")(?P<number>\d{4,9})(?=","type":"string")'
    r"|(?P<statement>[Qq]\d+\$[0-9A-Fa-f-]{36})"
)
# Classes are not varied: as in Wikidata there are few.
CLASS = re.compile(r'"P31":\[.*?\}\]')


def entities() -> list[dict[str, Any]]:
    """The real items."""
    if not ITEMS.is_file():
        raise Problem(f"{ITEMS} is missing: this benchmark needs real items")
    lines = (line.strip(" ,") for line in bz2.decompress(ITEMS.read_bytes()).decode().splitlines())
    return [json.loads(line) for line in lines if len(line) > 1]


def named() -> Iterator[str]:
    """Lines of properties and classes with labels."""
    for row in LABELS.read_text().splitlines()[1:]:
        id, _, label = row.partition("\t")
        kind = "property" if id.startswith("P") else "item"
        labels = {"en": {"language": "en", "value": label}}
        yield json.dumps({"type": kind, "id": id, "labels": labels, "lastrevid": 1})


def write(path: Path, count: int, seed: int = 0) -> int:
    """Write a dump of `count` items. Return its size in bytes."""
    dice = random.Random(seed)
    real = [(entity, as_line(entity)) for entity in entities()]
    small = [pair for pair in real if len(pair[1]) < LARGE]
    large = [pair for pair in real if len(pair[1]) >= LARGE]
    with path.open("w", encoding="utf-8") as file:
        file.write("[\n" + ",\n".join(named()))
        for number in range(count):
            entity, text = dice.choice(large if dice.random() < SHARE else small)
            label = entity["labels"]["en"]["value"]
            file.write(",\n" + varied(entity["id"], label, text, number, dice))
        file.write("\n]\n")
    return path.stat().st_size


def as_line(value: Any) -> str:
    """JSON as in a dump."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def varied(id: str, label: str, text: str, number: int, dice: random.Random) -> str:
    """The JSON of an item, changed into another item."""
    own = f"Q{FIRST + number}"

    def other(match: re.Match[str]) -> str:
        if match["target"]:
            target = FIRST + dice.randrange(number + 1) if dice.random() < 0.4 else match["target"]
            return f'"numeric-id":{target},"id":"Q{target}"'
        if match["number"]:
            return str(dice.randrange(10**4, 10**9))
        bits = f"{dice.getrandbits(128):032X}"
        return f"{own}${bits[:8]}-{bits[8:12]}-{bits[12:16]}-{bits[16:20]}-{bits[20:]}"

    kept = [match.span() for match in CLASS.finditer(text)]
    pieces: list[str] = []
    at = 0
    for start, end in kept:
        pieces += [VARIED.sub(other, text[at:start]), text[start:end]]
        at = end
    text = "".join([*pieces, VARIED.sub(other, text[at:])])
    quoted = as_line(label)[1:-1]
    text = text.replace(f'"value":"{quoted}"', f'"value":"{quoted} {number}"')
    return text.replace(f'"id":"{id}"', f'"id":"{own}"', 1)
