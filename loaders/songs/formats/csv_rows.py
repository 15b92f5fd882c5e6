"""Rows of a CSV with their line numbers; a quote that is never closed is an error."""

import csv
import re
from collections.abc import Iterator

from loaders.songs.formats.model import BadPlaylistFile

LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n|$)")


def rows_of(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Yield each row after the header with the number of its first line; skip empty rows."""
    csv.field_size_limit(2**31 - 1)  # clean() rejects the row of a long text instead
    row_lines: list[str] = []
    rows = csv.reader(_lines(text, row_lines), delimiter=delimiter)
    line = 1
    try:
        for row in rows:
            if len(row_lines) > 1 and _has_open_quote(row_lines, delimiter):
                raise BadPlaylistFile(f"line {line:,}: a quote is opened here and never closed")
            row_lines.clear()
            if line > 1 and any(row):
                yield line, row
            line = rows.line_num + 1
    except csv.Error as error:
        raise BadPlaylistFile(f"line {rows.line_num:,}: {error}") from error


def _lines(text: str, row_lines: list[str]) -> Iterator[str]:
    """Yield the lines with their ends, and collect those of the current row in `row_lines`."""
    for match in LINE.finditer(text):
        row_lines.append(match[0])
        yield match[0]


def _has_open_quote(lines: list[str], delimiter: str) -> bool:
    """Whether a quote is opened and never closed."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error as error:
        return "end of data" in str(error)
    return False
