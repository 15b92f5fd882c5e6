"""Columns of views and tables: comments, keys, types, and the page that lists them."""

import pytest

from tools.schema_page import PAGE, read_columns, render

# What drivers and BI tools know; another type in a view needs a column NAME_text.
TYPES = {
    "bigint", "boolean", "date", "double precision", "integer", "numeric", "real", "smallint",
    "text", "timestamp with time zone",
}  # fmt: skip
KEYS = """
    select relname, contype, attname
    from pg_constraint
    join pg_class on pg_class.oid = conrelid
    join pg_attribute on attrelid = conrelid and attnum = any(conkey)
    where connamespace = 'muse'::regnamespace and contype in ('p', 'f')
"""


@pytest.fixture
def columns(db):
    return read_columns(db)


def test_every_column_has_a_comment(columns):
    missing = [f"{column.relation}.{column.name}" for column in columns if not column.comment]
    assert missing == []


def test_a_comment_of_a_column_is_a_phrase_without_a_query(columns):
    for column in columns:
        assert not column.comment.endswith("."), column
        assert "select " not in column.comment, column


def test_references_name_columns(columns):
    names = {f"{column.relation}.{column.name}" for column in columns}
    targets = {column.target for column in columns if column.target}
    assert targets
    assert targets - names == set()


def test_comments_of_tables_tell_their_keys(db, columns):
    stored = {(column.relation, column.name): column for column in columns}
    for relation, kind, name in db.execute(KEYS):
        column = stored[relation, name]
        if kind == "p":
            assert column.key, column
        elif (relation, name) != ("deployments", "name"):  # part of the other key of models
            assert column.target, column


def test_every_view_tells_its_key(columns):
    views = {column.relation for column in columns if column.is_view}
    assert views - {column.relation for column in columns if column.key} == set()


def test_views_have_types_that_tools_know(columns):
    names = {(column.relation, column.name) for column in columns}
    for column in columns:
        if column.is_view and column.type not in TYPES:
            assert (column.relation, f"{column.name}_text") in names, column


def test_pictures_have_one_name_and_an_address(columns):
    views = {column.relation for column in columns if column.is_view and column.name == "picture"}
    assert {"pictures", "image_classes", "icon_pictures", "hieroglyphs", "icon_samples",
        "hieroglyph_samples", "ink_samples", "grid_pictures"} <= views  # fmt: skip
    assert views <= {column.relation for column in columns if column.name == "picture_url"}
    images = [column for column in columns if column.is_view and column.name == "image"]
    for column in images:
        assert column.relation == "articles" or column.comment.startswith("Deprecated"), column


def test_the_page_is_what_the_catalog_says(columns):
    assert PAGE.read_text() == render(columns), "run: python -m tools.schema_page"


def test_help_has_every_function_that_a_reader_may_call(reader):
    names = """
        select proname::text from pg_proc where pronamespace = 'muse'::regnamespace
        and has_function_privilege(oid, 'execute') and prorettype <> 'trigger'::regtype
    """
    rows = reader.execute("select function, purpose, example from muse.help()").fetchall()
    assert sorted(name for name, *_ in rows) == sorted(name for (name,) in reader.execute(names))
    for name, purpose, example in rows:
        assert purpose[0].isupper(), name
        reader.execute(f"explain {example}")


def test_help_finds_functions_by_a_part_of_their_purpose(reader):
    names = "select function from muse.help('most SIMILAR first')"
    assert [name for (name,) in reader.execute(names)] == ["similar_songs"]
    assert reader.execute("select from muse.help('attach_partition')").rowcount == 0
