"""Rows of a CSV with their lines, where a quote that nobody closed swallows nothing."""

import csv
import re
from collections.abc import Iterator

from loaders.songs.formats.model import BadPlaylistFile

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Rows after the header with the number of their first line; empty ones are left out."""
    csv.field_size_limit(2**31 - 1)  # a long text is refused by clean(): it costs its row
    fed: list[str] = []
    rows = csv.reader(_noted(text, fed), delimiter=delimiter)
    line = 1
    try:
        for row in rows:
            if len(fed) > 1 and _stays_open(fed, delimiter):
                raise BadPlaylistFile(f"line {line:,}: a quote is opened here and never closed")
            fed.clear()
            if line > 1 and any(row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise BadPlaylistFile(f"line {rows.line_num:,}: {error}") from error


def _noted(text: str, fed: list[str]) -> Iterator[str]:
    """The lines of the text, ends included; those of the row being read stand in `fed`."""
    for found in LINE.finditer(text):
        fed.append(found[0])
        yield found[0]


def _stays_open(lines: list[str], delimiter: str) -> bool:
    """Whether a quote swallows all that follows it."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False
