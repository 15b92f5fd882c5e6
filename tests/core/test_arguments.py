"""Every function checks the limits of its arguments first."""

import importlib
import io

import numpy as np
import psycopg
import pytest
from PIL import Image

from tests.factories import processor_time as cpu
from tests.factories.rows import add_model
from udfs import hieroglyphs, icons, runtime
from udfs.bitmaps import call_cancellable, png
from udfs.ink_pictures import gif

SIGNATURES = """
    select proname, lanname, coalesce(proargnames[:pronargs], '{}'),
        array(select format_type(type, null) from unnest(proargtypes) as type)
    from pg_proc join pg_language as language on language.oid = prolang
    where pronamespace = 'muse'::regnamespace and prorettype <> 'trigger'::regtype
      and has_function_privilege('muse_reader', pg_proc.oid, 'execute')
"""
# A value of each type that no function refuses for its size.
USUAL = {
    "text": "'icons_8'", "muse.short_text": "'icons_8'", "bigint": "1", "integer": "5",
    "real": "1", "double precision": "1", "boolean": "false", "jsonb": "'{}'",
    "text[]": "array['a']", "muse.short_texts": "array['a']", "public.halfvec": "null",
    "muse.short_integers": "array[1]", "muse.short_reals": "array[1::real]",
    "bit varying": "B'0110'", "muse.bitmap": "B'0110'", "muse.bitmaps": "array[B'0110']",
    "bytea": "'a'::bytea", "muse.picture": "'a'::bytea", "muse.wav": "'a'::bytea",
}  # fmt: skip
# The column of the table `absurd` that is far too long for an argument of the type.
ABSURD = {
    "text": "words", "muse.short_text": "words", "bytea": "bytes", "muse.picture": "bytes",
    "muse.wav": "bytes",    "bit varying": "bits", "muse.bitmap": "bits", "muse.bitmaps": "many_bits",
    "text[]": "many_words", "muse.short_texts": "many_words", "muse.short_integers": "integers",
    "muse.short_reals": "reals",
}  # fmt: skip
ABSURD_TABLE = """
    create temporary table absurd as
    select
        repeat('x', 40000000) as words,
        repeat('x', 40000000)::bytea as bytes,
        repeat('10', 10000000)::bit varying as bits,
        array_fill(B'0110'::bit varying, array[1000000]) as many_bits,
        array_fill('a'::text, array[1000000]) as many_words,
        array_fill(1, array[2000000]) as integers,
        array_fill(1::real, array[2000000]) as reals
"""
UNREAD = {"name"}  # of an argument that is only written into a message
REFUSED = {
    "22023",  # invalid_parameter_value
    "23514",  # check_violation, of a domain
    "42P01",  # undefined_table: no table of vectors of that name
    "42602",  # invalid_name, of a table
    "42704",  # undefined_object: no model, layer or label of that name
}


def call(function: str, names: list[str], types: list[str], **values: str) -> str:
    """A query that calls the function with these arguments and default values for the others."""
    usual = {one: USUAL.get(kind, "null") for one, kind in zip(names, types, strict=True)}
    arguments = ", ".join(f'"{one}" => {value}' for one, value in (usual | values).items())
    return f"select count(*) from (select * from muse.{function}({arguments})) as answer"


def signatures(conn: psycopg.Connection) -> list[tuple[str, str, list[str], list[str]]]:
    """Name, language, arguments and their types of every function that readers may call."""
    conn.execute("set local search_path = pg_catalog")  # so that types have their schema's name
    return conn.execute(SIGNATURES).fetchall()


def sqlstate(conn: psycopg.Connection, query: str) -> str:
    try:
        with conn.transaction():
            conn.execute(query)
    except psycopg.Error as error:
        return error.sqlstate
    return "00000"


@pytest.fixture
def modelled(db) -> psycopg.Connection:
    """A database where models of these names are live, without content."""
    for name in ("songs", "artists", "images", "classifier", "sounds", "tagger"):
        add_model(db, name)
    return db


def test_every_n_is_from_1_to_1000(modelled):
    functions = 0
    for name, _, names, types in signatures(modelled):
        if ("n", "integer") not in zip(names, types, strict=True):
            continue
        functions += 1
        for n in ("-1", "0", "1001", "-2147483648", "null"):
            assert sqlstate(modelled, call(name, names, types, n=n)) == "22023", (name, n)
    assert functions > 12


def test_no_function_reads_an_absurd_argument(modelled):
    """Plain SQL look-ups may return rows; other functions raise an error, and none takes long."""
    modelled.execute(ABSURD_TABLE)
    modelled.execute("select muse.icon_text(B'0110')")  # imports are not measured
    modelled.execute("set local statement_timeout = '60s'")
    arguments = 0
    for name, language, names, types in signatures(modelled):
        for one, kind in zip(names, types, strict=True):
            if kind not in ABSURD:
                continue
            arguments += 1
            value = f"(select absurd.{ABSURD[kind]} from pg_temp.absurd)"
            with cpu.used_by(modelled) as used:
                state = sqlstate(modelled, call(name, names, types, **{one: value}))
                assert used() < 1, (name, one)
            allowed = REFUSED | ({"00000"} if language == "sql" or one in UNREAD else set())
            assert state in allowed, (name, one, state)
    assert arguments > 40


def test_arguments_of_python_are_domains(db):
    """PL/Python converts other types before our code runs."""
    free = {"integer", "bigint", "real", "double precision", "boolean"}
    for name, language, _, types in signatures(db):
        if language == "plpython3u":
            assert all(kind in free or kind.startswith("muse.") for kind in types), name


def test_the_domains_of_arguments_have_comments(db):
    query = """
        select typname, obj_description(oid, 'pg_type') from pg_type
        where typnamespace = 'muse'::regnamespace and typtype = 'd'
    """
    domains = dict(db.execute(query).fetchall())
    assert "bitmaps" in domains
    assert all(domains.values())


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ("icon_text(repeat('1', 65537)::bit varying)", "at_most_65536_bits"),
        ("icon_bitmap(array_fill(1, array[20001]), 64, 'runs')", "at_most_20000_integers"),
        ("icon_poster(array_fill(B'1'::varbit, array[10001]))", "at_most_10000_bitmaps"),
        ("icon_poster(array_fill(repeat('1', 65536)::varbit, array[999]))", "at_most_4_mb"),
        ("icon_sheet(array[B'1'], array[repeat('a', 5000000)], array[''])", "at_most_4_mb"),
        ("embed_image(repeat('x', 33554433)::bytea)", "at_most_32_mb"),
        ("deep_ink_gif(layer => repeat('x', 10001))", "at_most_10000_bytes"),
    ],
)
def test_the_bound_is_named(db, query, message):
    with pytest.raises(psycopg.errors.CheckViolation, match=message):
        db.execute(f"select muse.{query}")


def test_a_compressed_array_is_measured_by_what_it_stands_for(db):
    db.execute("create temporary table packed (bitmaps bit varying[])")
    db.execute("insert into packed select array_fill(repeat('0', 65536)::bit varying, array[9000])")
    with pytest.raises(psycopg.errors.CheckViolation, match="at_most_4_mb"):
        db.execute("select muse.icon_poster(bitmaps) from packed")


def test_features_of_a_network_that_is_no_classifier(db):
    other = add_model(db, "icons_8")
    with pytest.raises(psycopg.errors.InvalidParameterValue) as caught:
        db.execute("select muse.image_features('a'::bytea, %s)", (other,))
    assert caught.value.diag.message_primary.endswith(
        f"model {other} is 'icons_8', not 'classifier'"
    )


# Cancellation ---------------------------------------------------------------------------------

BITMAP = "01" * 512  # 32 x 32
DRAWINGS = {
    "png": (lambda stop: png(BITMAP, 60, "#000000", "#ffffff", stop), 32),
    "poster": (lambda stop: icons.poster([BITMAP] * 200, None, 3, 0, stop), 10 * 34),
    "stela": (lambda stop: hieroglyphs.stela([BITMAP] * 9, 3, 900, 2, 0, stop), 900),
    "sheet": (
        lambda stop: icons.sheet([BITMAP] * 9, ["a"] * 9, ["b"] * 9, 3, stop),
        3 * 164,
    ),
    "gif": (
        lambda stop: gif([np.eye(9) > n for n in range(50)], 20, loop=True, checkpoint=stop),
        50,
    ),
}


class Cancelled(Exception):
    """The exception that Postgres raises in a checkpoint."""


@pytest.mark.parametrize("name", DRAWINGS)
def test_a_drawing_ends_at_any_of_its_many_checkpoints(name):
    draw, least = DRAWINGS[name]
    calls = []
    Image.open(io.BytesIO(draw(lambda: calls.append(1)))).load()
    assert len(calls) >= least
    for last in (1, len(calls) // 2, len(calls)):
        left = iter(range(last - 1))

        def stop(left=left):
            if next(left, None) is None:
                raise Cancelled

        with pytest.raises(Cancelled):
            draw(stop)


def test_every_drawing_function_has_checkpoints(db):
    query = """
        select proname, prosrc from pg_proc join pg_language as language on language.oid = prolang
        where pronamespace = 'muse'::regnamespace and prorettype = 'bytea'::regtype
          and lanname = 'plpython3u'
    """
    bodies = dict(db.execute(query).fetchall())
    assert {"icon_png", "icon_poster", "hieroglyph_stela", "icon_sheet"} <= set(bodies)
    for name, body in bodies.items():
        assert "call_cancellable(plpy" in body or "deep_ink_gif(plpy" in body, name


def test_a_slow_drawing_asks_postgres(monkeypatch):
    statements = []
    monkeypatch.setattr(runtime, "checkpoint", statements.append)
    call_cancellable("plpy", icons.poster, [BITMAP], None, 1, 0)
    assert statements == ["plpy"] * 34


# Upgrades -------------------------------------------------------------------------------------


def test_an_upgrade_lists_what_depends_on_the_old_arguments_and_stops(db):
    revision = importlib.import_module("migrations.versions.0013_arguments")
    db.execute("create function muse.icon_text(bit varying, text) returns text return 'x'")
    db.execute("create view public.mine as select muse.icon_text(B'1'::bit varying, 'half'::text)")
    db.execute("create view public.words as select search from muse.tracks")
    with pytest.raises(psycopg.errors.DependentObjectsStillExist) as caught, db.transaction():
        db.execute(revision.REPLACED)
    lines = caught.value.diag.message_detail.splitlines()
    assert [line.split(" depends on ")[0] for line in lines] == ["view mine", "view words"]
    db.execute("drop view public.mine, public.words")
    db.execute(revision.REPLACED)


def test_calls_take_doubles_as_drivers_bind_them(reader):
    """Functions with arguments in real would not be found: a double is no real by itself."""
    names = """
        select distinct proname::text from pg_proc
        where
            pronamespace = 'muse'::regnamespace
            and 'real'::regtype = any(proargtypes) and pronargdefaults > 0
    """
    assert reader.execute(names).fetchall() == []
