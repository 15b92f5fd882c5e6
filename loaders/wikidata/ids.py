"""Entity ids from the command line, a file, or a downloaded query result."""

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
    """The ids of "Q146,Q144", each once, in their order; also from addresses of entities.

    Errors: Problem.
    """
    ids = {part.strip(): entity_id(part) for part in text.split(",") if part.strip()}
    for part, id in ids.items():
        if id is None:
            raise Problem(f"{part!r} is no entity id: give ids like Q146, separated by commas")
    if not ids:
        raise Problem("no entity ids: give ids like Q146, separated by commas")
    return _once(ids.values())


def ids_or_file(text: str) -> list[str]:
    """The ids of a comma-separated list, or of a file with one per line; `-`: standard input.

    Blank lines and comments after a # are ignored in a file. Errors: Problem.
    """
    if text != "-" and not os.path.isfile(text):
        if "/" in text and "://" not in text:
            raise Problem(f"{text}: no such file, and no ids like Q146, separated by commas")
        return parse_ids(text)
    ids: list[str | None] = []
    for number, line in enumerate(_text_of(text).splitlines(), start=1):
        part = re.split(r"(?:^|\s)#", line)[0].strip()
        if part and entity_id(part) is None:
            raise Problem(f"{text}: line {number} is no entity id like Q146: {part[:60]!r}")
        ids.append(entity_id(part))
    return _once(ids) or _no_ids(text)


def query_ids(path: str) -> list[str]:
    """The ids in a query result: SPARQL JSON, simple JSON, CSV, TSV, or one id per line.

    They are taken from the first column with entities; `-`: standard input. Errors: Problem.
    """
    text = _text_of(path)
    rows = _json_rows(text, path) if text.lstrip()[:1] in ("{", "[") else _table_rows(text, path)
    for column in zip_longest(*rows, fillvalue=""):
        cells = [cell for cell in column if cell.strip()]
        ids = [entity_id(cell) for cell in cells]
        # Half of the cells is enough: the first may be a header, and a few labels look like ids.
        if ids and sum(id is not None for id in ids) * 2 >= len(cells):
            return _once(ids)
    return _no_ids(path)


def entity_id(text: str) -> str | None:
    """The id in a text such as Q146, wd:Q146, or the entity's address, with or without <>."""
    match = WRITTEN.fullmatch(text.strip())
    return match[1].upper() if match else None


def _once(ids: Iterable[str | None]) -> list[str]:
    return [id for id in dict.fromkeys(ids) if id is not None]


def _no_ids(path: str) -> list[str]:
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
        decoded = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise Problem(f"{path}: no JSON: {error}") from error
    if isinstance(decoded, dict):
        results = decoded.get("results")
        decoded = results.get("bindings") if isinstance(results, dict) else None
    if not isinstance(decoded, list):
        raise Problem(f"{path}: no query result: it has no results with bindings")
    rows = [row if isinstance(row, dict) else {"": row} for row in decoded]
    names = list(dict.fromkeys(chain.from_iterable(rows)))
    return [_cells(row, names) for row in rows]


def _cells(row: dict[str, Any], names: Sequence[str]) -> list[str]:
    cells = (row.get(name) for name in names)
    values = (cell.get("value") if isinstance(cell, dict) else cell for cell in cells)
    return [value if isinstance(value, str) else "" for value in values]
