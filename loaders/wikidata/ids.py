"""Entity ids from a command line, a file, or what a query service lets one download."""

import csv
import io
import os
import re
import sys
from collections.abc import Iterable, Sequence
from itertools import chain, zip_longest
from pathlib import Path
from typing import Any

import msgspec

from loaders.core.errors import Problem

ID = re.compile(r"[QPL][1-9][0-9]{0,9}")
WRITTEN = re.compile(
    r"<?(?:(?:https?://[^/\s]+/(?:entity|wiki)/|wd:)?([QPL][1-9][0-9]{0,9}))>?", re.IGNORECASE
)


def parse_ids(text: str) -> list[str]:
    """The ids of "Q146,Q144"; entity addresses will do too. Each once, in their order."""
    found = {part.strip(): entity_id(part) for part in text.split(",") if part.strip()}
    for part, known in found.items():
        if known is None:
            raise Problem(f"{part!r} is no entity id: give ids like Q146, with commas between")
    if not found:
        raise Problem("no entity ids: give ids like Q146, with commas between")
    return _once(found.values())


def ids_or_file(text: str) -> list[str]:
    """The ids of a list with commas, or of a file with one a line; `-` is standard input.

    In a file, blank lines and what follows a # are passed over.
    """
    if text != "-" and not os.path.isfile(text):
        if "/" in text and "://" not in text:
            raise Problem(f"{text}: no such file, and no ids like Q146 with commas between")
        return parse_ids(text)
    found: list[str | None] = []
    for number, line in enumerate(_text_of(text).splitlines(), start=1):
        part = re.split(r"(?:^|\s)#", line)[0].strip()
        if part and entity_id(part) is None:
            raise Problem(f"{text}: line {number} is no entity id like Q146: {part[:60]!r}")
        found.append(entity_id(part))
    return _once(found) or _none(text)


def query_ids(path: str) -> list[str]:
    """The ids in the result of a query: SPARQL JSON, the simple JSON, CSV, TSV, or lines of ids.

    They come from the first column that holds entities; `-` is standard input.
    """
    text = _text_of(path)
    rows = _json_rows(text, path) if text.lstrip()[:1] in ("{", "[") else _table_rows(text, path)
    for column in zip_longest(*rows, fillvalue=""):
        cells = [cell for cell in column if cell.strip()]
        found = [entity_id(cell) for cell in cells]
        # The first line may be a header, and labels may look like an id now and then.
        if found and sum(known is not None for known in found) * 2 >= len(cells):
            return _once(found)
    return _none(path)


def entity_id(text: str) -> str | None:
    """The id that is written as Q146, wd:Q146, or the entity's address, in <> or not."""
    found = WRITTEN.fullmatch(text.strip())
    return found[1].upper() if found else None


def _once(ids: Iterable[str | None]) -> list[str]:
    return [known for known in dict.fromkeys(ids) if known is not None]


def _none(path: str) -> list[str]:
    raise Problem(f"{path}: no entity ids like Q146 in it, nor addresses of entities")


def _text_of(path: str) -> str:
    try:
        content = sys.stdin.buffer.read() if path == "-" else Path(path).read_bytes()
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Problem(f"{path}: not UTF-8 text at byte {error.start}") from error
    except OSError as error:
        raise Problem(f"{path}: {error.strerror}") from error


def _table_rows(text: str, path: str) -> list[list[str]]:
    if "\t" in text.partition("\n")[0]:
        return [line.split("\t") for line in text.splitlines()]
    try:
        return list(csv.reader(io.StringIO(text, newline="")))
    except csv.Error as error:
        raise Problem(f"{path}: no CSV: {error}") from error


def _json_rows(text: str, path: str) -> list[list[str]]:
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(f"{path}: no JSON: {error}") from error
    if isinstance(told, dict):
        results = told.get("results")
        told = results.get("bindings") if isinstance(results, dict) else None
    if not isinstance(told, list):
        raise Problem(f"{path}: no result of a query: it has no results with bindings")
    rows = [row if isinstance(row, dict) else {"": row} for row in told]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    return [_cells(row, names) for row in rows]


def _cells(row: dict[str, Any], names: Sequence[str]) -> list[str]:
    cells = (row.get(name) for name in names)
    values = (cell.get("value") if isinstance(cell, dict) else cell for cell in cells)
    return [value if isinstance(value, str) else "" for value in values]
