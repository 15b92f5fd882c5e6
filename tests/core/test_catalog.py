"""Rules for every table, function and view."""

import re

import psycopg
import pytest

import udfs
from loaders.core.config import ROOT
from tests.factories.catalog import FUNCTIONS, TABLES, VIEWS, queries_of
from tests.factories.rows import add_track, publish_songs

CREATE = re.compile(r"^create or replace (?:function|view) muse\.(\w+)", re.MULTILINE)


def test_the_catalog_holds_what_the_files_say_and_nothing_else(db):
    files = (ROOT / "sql").glob("*.sql")
    declared = {name for path in files for name in CREATE.findall(path.read_text())}
    there = {row[0] for query in (FUNCTIONS, VIEWS) for row in db.execute(query)}
    assert there == declared


@pytest.mark.parametrize(
    "objects", [FUNCTIONS, VIEWS, TABLES], ids=["functions", "views", "tables"]
)
def test_every_comment_ends_in_a_query_that_plans(db, objects):
    for name, words, query in queries_of(db.execute(objects).fetchall()):
        assert query.startswith("select"), name
        assert words[0].isupper(), name
        db.execute("explain " + query)


def test_views_and_tables_say_their_grain_first(db):
    for query in (VIEWS, TABLES):
        for name, comment in db.execute(query):
            assert comment.startswith("One row per "), name


def test_python_bodies_are_one_import_and_one_call(db):
    for name, _, language, body, *_ in db.execute(FUNCTIONS):
        if language == "plpython3u":
            assert len(body.strip().splitlines()) == 2, name


def test_marks_are_true(db):
    """Functions that read tables are not immutable; Python is parallel restricted and has a cost."""
    for name, _, language, body, volatility, parallel, cost, _ in db.execute(FUNCTIONS):
        if re.search(r"\bmuse\.(?!check_n\b)\w+", body) or "plpy" in body:
            assert volatility != "i", name
        if language == "plpython3u":
            assert (parallel, cost > 100) == ("r", True), name


def test_public_has_nothing(db):
    functions = "select proname from pg_proc where pronamespace = 'muse'::regnamespace and "
    assert not db.execute(functions + "has_function_privilege('public', oid, 'execute')").fetchall()
    tables = "select relname from pg_class where relnamespace in ('muse'::regnamespace, "
    tables += "'muse_partitions'::regnamespace) and relkind in ('r', 'v', 'p') and "
    for privilege in ("select", "insert", "update", "delete", "truncate"):
        query = f"{tables} has_table_privilege('public', oid, '{privilege}')"
        assert not db.execute(query).fetchall(), privilege
    query = "select has_schema_privilege('public', nspname, 'usage') from pg_namespace "
    query += "where nspname in ('muse', 'muse_partitions')"
    assert db.execute(query).fetchall() == [(False,), (False,)]


@pytest.mark.parametrize("role", ["muse_reader", "muse_loader"])
def test_readers_and_loaders_may_ask_everything(db, role):
    for name, *_, oid in db.execute(FUNCTIONS).fetchall():
        granted, for_loaders = db.execute(
            "select has_function_privilege(%s, oid, 'execute'), prosecdef from pg_proc "
            "where oid = %s",
            (role, oid),
        ).fetchone()
        # What has the owner's rights is for loaders alone.
        assert granted == (role == "muse_loader" or not for_loaders), name
    for query in (VIEWS, TABLES):
        for name, _ in db.execute(query).fetchall():
            granted = db.execute(
                "select has_table_privilege(%s, 'muse.' || %s, 'select')", (role, name)
            )
            assert granted.fetchone() == (True,), name


def test_a_reader_writes_nothing(reader):
    for statement in (
        "insert into muse.tracks (track_id) values ('x')",
        "delete from muse.models",
        "create table muse.mine (x int)",
        "create table muse_partitions.mine (x int)",
        "create function muse.find_songs(varchar) returns int language sql as 'select 1'",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege), reader.transaction():
            reader.execute(statement)


def test_a_loader_cannot_plant_functions_where_queries_look(db):
    db.execute("set local role muse_loader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(
            "create function muse.find_songs(varchar) returns int language sql as 'select 1'"
        )


def test_planted_temporary_tables_change_nothing(fresh):
    publish_songs(fresh, {"a": ([1], [0, 1]), "b": ([0, 1], [1])})
    for track_id in "ab":
        add_track(fresh, track_id)
    queries = [
        "select * from muse.similar_songs('a')",
        "select * from muse.song_radio(array['a'])",
        "select * from muse.find_songs('A')",
        "select * from muse.recall('song_vectors', 1)",
        "select * from muse.songs order by track_id",
    ]
    before = [fresh.execute(query).fetchall() for query in queries]
    tables = [
        "models",
        "deployments",
        "tracks",
        "song_vectors",
        "song_neighbors",
        "alembic_version",
    ]
    for table in tables:
        fresh.execute(f"create temporary table {table} (like muse.{table})")
    fresh.execute("create temporary view songs as select 'planted' as track_id")
    fresh.execute("set search_path = pg_temp, public")
    assert [fresh.execute(query).fetchall() for query in queries] == before
    assert all(before)


def test_revision_of_the_code_is_the_head_of_the_migrations(db):
    assert db.execute("select version_num from muse.alembic_version").fetchone() == (udfs.REVISION,)
    newest = max((ROOT / "migrations" / "versions").glob("*.py")).name
    assert newest.startswith(udfs.REVISION)


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("insert into muse.tracks (track_id) values ('')", psycopg.errors.CheckViolation),
        (
            "insert into muse.tracks (track_id, places) values ('a', -1)",
            psycopg.errors.CheckViolation,
        ),
        (
            "insert into muse.models (name, config) values ('No Name', '{}')",
            psycopg.errors.CheckViolation,
        ),
        (
            "insert into muse.models (name, config) values ('a', '[]')",
            psycopg.errors.CheckViolation,
        ),
        ("insert into muse.deployments values ('songs', -1)", psycopg.errors.ForeignKeyViolation),
        (
            "insert into muse.playlists (source_id, identity, title, content_hash, track_ids) "
            "values (-1, 'a', 'a', decode(repeat('00', 16), 'hex'), array['a'])",
            psycopg.errors.ForeignKeyViolation,
        ),
        (
            "insert into muse.playlists (source_id, identity, title, content_hash, track_ids) "
            "values (-1, 'a', 'a', decode(repeat('00', 16), 'hex'), array['a', null])",
            psycopg.errors.CheckViolation,
        ),
    ],
)
def test_a_bad_row_is_refused(db, statement, error):
    with pytest.raises(error):
        db.execute(statement)
        db.execute("set constraints all immediate")


def test_no_plpy_import_and_no_broad_except_in_udfs():
    for path in (ROOT / "udfs").glob("**/*.py"):
        text = path.read_text()
        assert not re.search(r"^\s*import plpy|except (Base)?Exception|except:", text, re.M), path


def test_files_stay_short():
    for folder in ("loaders", "udfs", "migrations", "benchmarks", "sql"):
        for path in (ROOT / folder).rglob("*.*"):
            if path.suffix in (".py", ".sql"):
                assert len(path.read_text().splitlines()) <= 400, path
