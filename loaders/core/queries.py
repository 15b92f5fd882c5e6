"""The named queries of a topic's .sql file."""

import re
from pathlib import Path
from typing import LiteralString

NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Queries:
    """The queries of a file as attributes: the line `-- name: merge` begins the query `merge`.

    Values are placeholders of psycopg: %(source)s. Identifiers and other parts are placeholders of
    psycopg.sql: {staging}; a query with such parts writes literal braces twice.
    """

    def __init__(self, *paths: Path) -> None:
        """paths: of queries with the same name the last counts."""
        self._queries: dict[str, LiteralString] = {}
        for path in paths:
            _, *pieces = NAME.split(path.read_text(encoding="utf-8"))
            self._queries |= dict(zip(pieces[::2], map(str.strip, pieces[1::2]), strict=True))

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self._queries[name]
        except KeyError:
            raise AttributeError(f"no query is called {name!r}") from None
