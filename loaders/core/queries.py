"""The named queries of a topic's .sql file."""

import re
from pathlib import Path
from typing import LiteralString

NAME = re.compile(r"^-- name: (\w+)\n", re.MULTILINE)


class Queries:
    """Queries of a file by their names, as attributes: `-- name: merge` begins the query `merge`.

    Values are psycopg's: %(source)s. Names of tables and other parts are in braces, for
    psycopg.sql: {staging}; a brace of SQL itself is written twice.
    """

    def __init__(self, path: Path) -> None:
        _, *pieces = NAME.split(path.read_text(encoding="utf-8"))
        self._queries = dict(zip(pieces[::2], map(str.strip, pieces[1::2]), strict=True))

    def __getattr__(self, name: str) -> LiteralString:
        try:
            return self._queries[name]
        except KeyError:
            raise AttributeError(f"no query is called {name!r}") from None
