"""The table in docs/security.md equals the catalog."""

import pytest

from loaders.core.config import ROOT

ROLES = ("public", "muse_reader", "muse_loader")
PRIVILEGES = {
    "schema": ("usage", "create"),
    "table": ("select", "insert", "update", "delete", "truncate", "references", "trigger"),
    "function": ("execute",),
}
WRITTEN_BY_FUNCTIONS = (
    "('alembic_version', 'model_names', 'vector_indexes', 'index_builds', 'dropped_indexes', "
    "'wikidata_units', 'class_tables', 'class_table_columns')"
)
TABLE = "select oid from pg_class where relkind in ('r', 'p') and relnamespace = "
FUNCTION = "select oid from pg_proc where pronamespace = 'muse'::regnamespace and "
# The objects of each row of the table.
OBJECTS = {
    "schemas muse, muse_tables, muse_partitions": (
        "schema",
        "select oid from pg_namespace where nspname in ('muse', 'muse_tables', 'muse_partitions')",
    ),
    "schemas muse_staging, muse_locks": (
        "schema", "select oid from pg_namespace where nspname in ('muse_staging', 'muse_locks')",
    ),
    "views": (
        "table",
        "select oid from pg_class where relkind = 'v' and relnamespace = 'muse'::regnamespace",
    ),
    "tables": ("table", f"{TABLE} 'muse'::regnamespace and relname not in {WRITTEN_BY_FUNCTIONS}"),
    "tables that only migrations and the functions below write": (
        "table", f"{TABLE} 'muse'::regnamespace and relname in {WRITTEN_BY_FUNCTIONS}",
    ),
    "partitions of vectors": ("table", f"{TABLE} 'muse_partitions'::regnamespace"),
    "class tables": ("table", f"{TABLE} 'muse_tables'::regnamespace"),
    "staging tables": ("table", f"{TABLE} 'muse_staging'::regnamespace and relname ~ '[0-9]'"),
    "templates of staging tables": (
        "table", f"{TABLE} 'muse_staging'::regnamespace and relname !~ '[0-9]'",
    ),
    "locks": ("table", f"{TABLE} 'muse_locks'::regnamespace and relname <> 'migrate'"),
    "the lock of migrations": (
        "table", f"{TABLE} 'muse_locks'::regnamespace and relname = 'migrate'",
    ),
    "functions": ("function", FUNCTION + "not prosecdef"),
    "functions with the owner's rights": ("function", FUNCTION + "prosecdef"),
}  # fmt: skip


def documented() -> dict[str, list[set[str]]]:
    """The privileges of each role, by the first cell of a row."""
    lines = (ROOT / "docs" / "security.md").read_text().splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "|" in line]
    return {
        name: [{word for word in cell.split(", ") if word} for cell in cells]
        for name, *cells in rows[2:]
    }


@pytest.fixture
def filled(db):
    """A partition and staging tables, so that every row has objects."""
    db.execute("insert into muse.models (name, config) values ('songs', '{}')")
    db.execute("select muse.create_partition('song_vectors', max(model_id)) from muse.models")
    db.execute(
        "insert into muse.wikidata_labels (wikidata_id, label) values ('P17', 'country');"
        "select muse.make_class_table('banks', 'Q22687', columns => array['P17'])"
    )
    db.execute("select muse.create_staging('wikidata', 1, '00000000')")
    return db


def test_the_table_has_a_row_for_each_kind_of_object():
    assert set(documented()) == set(OBJECTS)


@pytest.mark.parametrize("name", OBJECTS)
def test_a_row_says_what_the_catalog_says(filled, name):
    kind, query = OBJECTS[name]
    objects = filled.execute(query).fetchall()
    assert objects
    for role, expected in zip(ROLES, documented()[name], strict=True):
        for (oid,) in objects:
            granted = {
                privilege
                for privilege in PRIVILEGES[kind]
                if filled.execute(
                    f"select has_{kind}_privilege(%s, %s::oid, %s)", (role, oid, privilege)
                ).fetchone()[0]
            }
            assert granted == expected, (name, role, oid)
