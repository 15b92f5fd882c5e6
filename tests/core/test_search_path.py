"""None of our functions calls objects that other roles created in schema public."""

import contextlib
import re

import psycopg
import pytest

from loaders.admin import doctor
from migrations.apply import apply_sql
from tests.factories.catalog import FUNCTIONS, queries_of
from tests.factories.rows import add_icon, add_track, publish_songs

PATH = re.compile(r"search_path=pg_catalog(, muse)?(, muse_partitions)?, pg_temp")

# Better matches than pg_catalog's own, so that a path with public finds them. In a call of
# hashtextextended(x, 0) the 0 is an integer, and pg_catalog's function takes a bigint.
PLANTED_FUNCTIONS = {
    "hashtextextended(text, integer)": "bigint",
    "hashint8extended(bigint, integer)": "bigint",
    "length(bit varying)": "integer",
    "bit_count(bit varying)": "bigint",
    "sqrt(bigint)": "double precision",
    "to_char(real, text)": "text",
    "left(character varying, integer)": "text",
}
PLANTED_OPERATORS = {
    ("<>", "text", "character varying"): "boolean",
    ("=", "text", "character varying"): "boolean",
    (">", "real", "integer"): "boolean",
    (">=", "real", "integer"): "boolean",
    ("<=", "real", "integer"): "boolean",
    ("+", "double precision", "integer"): "double precision",
    ("/", "integer", "double precision"): "double precision",
    ("#", "bit varying", "bit varying"): "bit varying",
    ("&", "bit varying", "bit varying"): "bit varying",
}
RECORD = "language plpgsql as $$ begin insert into public.calls values ('{}'); return null; end $$"


def plant(conn: psycopg.Connection) -> None:
    """Objects that a reader can create where public may create in schema public."""
    conn.execute("grant create on schema public to public")
    conn.execute("set role muse_reader")
    conn.execute("create table public.calls (name text)")
    for name, returned in PLANTED_FUNCTIONS.items():
        conn.execute(f"create function public.{name} returns {returned} {RECORD.format(name)}")
    for number, ((operator, left, right), returned) in enumerate(PLANTED_OPERATORS.items()):
        function = f"public.planted_{number}"
        record = RECORD.format(f"{left} {operator} {right}")
        conn.execute(f"create function {function}({left}, {right}) returns {returned} {record}")
        conn.execute(
            f"create operator public.{operator} "
            f"(leftarg = {left}, rightarg = {right}, function = {function})"
        )
    conn.execute("reset role")


def called(conn: psycopg.Connection) -> list[tuple[str]]:
    return conn.execute("select distinct name from public.calls order by name").fetchall()


@pytest.fixture
def planted(fresh) -> psycopg.Connection:
    """A database with songs and icons, in which a reader created functions and operators."""
    publish_songs(fresh, {"a": ([1], [0, 1]), "b": ([0, 1], [1])}, [("a", "b", 0.5)])
    for track_id in "ab":
        add_track(fresh, track_id)
    add_icon(fresh, "square", range(20))
    plant(fresh)
    return fresh


def test_planted_functions_would_be_called(planted):
    """With public on the path the planted objects are called: a control for the next test."""
    planted.execute("select hashtextextended('a', 0), 1::real > 0, B'1'::varbit # B'1'::varbit")
    assert called(planted) == [
        ("bit varying # bit varying",),
        ("hashtextextended(text, integer)",),
        ("real > integer",),
    ]


def test_no_function_or_view_calls_what_a_reader_planted(planted):
    queries = [query for _, _, query in queries_of(planted.execute(FUNCTIONS).fetchall())]
    queries += [
        "select * from recall('song_vectors', 2)",
        "select * from similar_icons((select bitmap from icons limit 1), metric => 'jaccard')",
        "select * from song_radio(array['a'], per_artist => 1)",
        "select * from check_min_confidence(0.5)",
        "select * from artists, songs, icon_sets, loads, hieroglyphs",
    ]
    # No such model here, or nothing to draw.
    errors = (psycopg.errors.UndefinedObject, psycopg.errors.DataError)
    for query in queries:
        with contextlib.suppress(*errors), planted.transaction():
            planted.execute(query)
    assert called(planted) == []


def test_sql_is_bound_to_pg_catalog_whatever_is_in_public(planted):
    """sql/ is applied by a superuser twice, with the search_path of migrations."""
    planted.execute("set search_path = pg_catalog, muse, pg_temp")
    for _ in range(2):
        with planted.transaction():
            apply_sql(planted, with_python=True)
    planted.execute("select * from muse.recall('song_vectors', 2)")
    planted.execute("select * from muse.artists")
    assert called(planted) == []


def test_every_function_has_its_own_path_or_a_body_that_is_bound(db):
    query = """
        select proname, lanname, coalesce(proconfig, '{}'), prosqlbody is not null
        from pg_proc join pg_language as language on language.oid = prolang
        where pronamespace = 'muse'::regnamespace
    """
    for name, language, settings, bound in db.execute(query):
        has_path = any(PATH.fullmatch(setting) for setting in settings)
        assert has_path or (language == "sql" and bound), name


@pytest.mark.parametrize(
    ("query", "table"),
    [
        ("select * from muse.instances_of('cat')", "wikidata"),
        ("select * from muse.class_ids('cat')", "wikidata_classes"),
        ("select * from muse.property_ids('instance of')", "wikidata_labels"),
        ("select * from muse.claim_values('instance of')", "wikidata"),
        ("select * from muse.ink_layers()", "models"),
    ],
)
def test_a_bound_function_is_inlined(db, query, table):
    plan = "\n".join(row[0] for row in db.execute(f"explain {query}"))
    assert f" on {table} " in plan
    assert "Function Scan on instances_of" not in plan
    assert "Function Scan on claim_values" not in plan


def test_the_doctor_says_where_everybody_may_create(fresh, capsys):
    fresh.execute("grant create on schema public to public")
    assert not doctor.doctor()
    line = next(x for x in capsys.readouterr().out.splitlines() if "schema public" in x)
    assert line.startswith("FAIL")
    assert line.endswith(": revoke create on schema public from public")
    fresh.execute("revoke create on schema public from public")
    assert doctor.doctor()
