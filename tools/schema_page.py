"""Write docs/schema.md, the columns of all views and tables, from the comments of a database.

    ./pgmuse migrate && .venv/bin/python -m tools.schema_page

It reads the database that ./pgmuse uses. tests/core/test_columns.py compares the page with the
catalog.
"""

import re
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

import psycopg

PAGE = Path(__file__).resolve().parents[1] / "docs" / "schema.md"
COLUMNS = r"""
    select relation.relname, relation.relkind = 'v', obj_description(relation.oid, 'pg_class'),
        attribute.attname,
        regexp_replace(format_type(attribute.atttypid, attribute.atttypmod), '^.*\.', ''),
        coalesce(col_description(relation.oid, attribute.attnum), '')
    from pg_class as relation
    join pg_attribute as attribute on attribute.attrelid = relation.oid
    where relation.relnamespace = 'muse'::regnamespace and relation.relkind in ('v', 'r', 'p')
        and attribute.attnum > 0 and not attribute.attisdropped
    order by relation.relkind <> 'v', relation.relname, attribute.attnum
"""
# What a comment says of keys: "Id of the track (part of the key, references tracks.track_id)".
KEY = re.compile(
    r" \((?=key|part|ref)(?P<key>key|part of the key)?"
    r"(?:, )?(?:references (?P<target>\w+\.\w+))?\)$"
)
INTRODUCTION = """\
# Views and tables

Written by `tools/schema_page.py` from the comments in the database. In psql, `\\dv+ muse.*` and
`\\dt+ muse.*` list the relations, and `\\d+ muse.songs` the columns of one.

Views are for analysts and BI tools. Columns are only appended; a renamed one stays for one version
([changes](../CHANGELOG.md)). A column `NAME_text` repeats the column `NAME` as text, for tools that
do not know its type. `picture` is a `data:` address, `picture_url` the address at a web service
([BI tools](bi.md)). Times have a time zone. *key* marks the columns that are unique together; the
database does not enforce it for views.
"""


class Column(NamedTuple):
    """A column of a relation; comments are of the relation and of the column."""

    relation: str
    is_view: bool
    relation_comment: str
    name: str
    type: str
    comment: str

    @property
    def meaning(self) -> str:
        return KEY.sub("", self.comment)

    @property
    def key(self) -> str:
        """'key', 'part of the key' or '', as the comment says."""
        match = KEY.search(self.comment)
        return (match and match["key"]) or ""

    @property
    def target(self) -> str:
        """The column of another relation that this one refers to, or ''."""
        match = KEY.search(self.comment)
        return (match and match["target"]) or ""


def read_columns(conn: psycopg.Connection) -> list[Column]:
    """All columns in schema muse, views first."""
    return [Column(*row) for row in conn.execute(COLUMNS)]


def render(columns: list[Column]) -> str:
    """The page."""
    lines = [INTRODUCTION]
    for is_view, group in groupby(columns, lambda column: column.is_view):
        lines.append("## Views\n" if is_view else "## Tables\n")
        for relation, members in groupby(group, lambda column: column.relation):
            lines += section(relation, list(members))
    return "\n".join(lines)


def section(relation: str, columns: list[Column]) -> Iterator[str]:
    """The lines of one view or table."""
    about, _, query = columns[0].relation_comment.partition(": ")
    yield f"### {relation}\n\n{about}.\n\n```sql\n{query};\n```\n"
    yield "| column | type | meaning | key |\n|---|---|---|---|"
    for column in columns:
        target = f"`{column.target}`" if column.target else ""
        key = ", ".join(filter(None, (column.key, target)))
        meaning = column.meaning.replace("|", "\\|")
        yield f"| `{column.name}` | {column.type} | {meaning} | {key} |"
    yield ""


def main() -> None:
    from loaders.core import db

    with db.connect() as conn:
        PAGE.write_text(render(read_columns(conn)), encoding="utf-8")


if __name__ == "__main__":
    main()
