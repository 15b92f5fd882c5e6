"""The runtime: a network that Postgres runs, its cache, cancellation and errors."""

import time
from pathlib import Path

import psycopg
import pytest

import udfs
from tests.factories import processor_time as cpu
from tests.factories.rows import add_model
from udfs import runtime

TINY = (
    Path(__file__).parents[1] / "data" / "tiny.tflite"
).read_bytes()  # y = 2 x + 1, (1, 4) floats

FUNCTIONS = """
create function muse.tiny(x real[], name text = 'tiny') returns real[] language plpython3u as $$
    import numpy
    from udfs import runtime
    array = numpy.array([x], dtype=numpy.float32)
    return runtime.run(runtime.model(plpy, GD, name), array)[0][0].tolist()
$$;
create function muse.forever() returns void language plpython3u as $$
    from udfs import runtime
    while True:
        runtime.checkpoint(plpy)
$$;
create function muse.forever_rows() returns setof int language plpython3u as $$
    from udfs import runtime
    def rows():
        while True:
            runtime.checkpoint(plpy)
            yield 1
    return rows()
$$
"""


class FakePlpy:
    """Answers the queries of udfs/runtime.py from a dict of models, and counts them."""

    def __init__(self, models: dict[str, tuple[int, bytes]], revision: str = udfs.REVISION):
        self.models, self.revision, self.queries = models, revision, []

    def prepare(self, query, types):
        return query

    def execute(self, query, args=()):
        self.queries.append(query)
        if query == runtime.REVISION:
            return [{"version_num": self.revision}]
        if query == runtime.LIVE:
            row = self.models.get(args[0])
            return [{"model_id": row[0]}] if row else []
        if query == runtime.CONTENT:
            rows = [
                (name, content)
                for name, (number, content) in self.models.items()
                if number == args[0]
            ]
            return [{"name": name, "config": "{}", "content": content} for name, content in rows]
        return [{"?column?": 1}]

    class Error(Exception):
        pass


@pytest.fixture
def tiny(db):
    db.execute(FUNCTIONS)
    add_model(db, "tiny", TINY)
    return db


def test_a_network_answers_in_sql(tiny):
    assert tiny.execute("select muse.tiny(array[1, 2, 3, 4])").fetchone() == ([3, 5, 7, 9],)


def test_an_error_has_no_name_of_a_class_of_python(db):
    with pytest.raises(psycopg.Error) as caught:
        db.execute("select deep_ink(layer => 'nope', channel => 1)")
    assert caught.value.diag.message_primary == "pgmuse: no ink models yet"


def test_the_cache_can_be_seen_and_is_read_again_after_a_deployment(tiny):
    tiny.execute("select muse.tiny(array[1, 2, 3, 4])")
    query = "select name, model_id, bytes from model_cache() where name = 'tiny'"
    name, first, size = tiny.execute(query).fetchone()
    assert name == "tiny"
    assert size >= len(TINY)
    second = add_model(tiny, "tiny", TINY)
    tiny.execute("select muse.tiny(array[1, 2, 3, 4])")
    assert tiny.execute(query).fetchone()[1] == second != first


def test_content_is_read_once_and_again_only_after_a_deployment():
    plpy, cache = FakePlpy({"tiny": (1, TINY)}), {}
    for _ in range(3):
        runtime.model(plpy, cache, "tiny")
    assert plpy.queries.count(runtime.CONTENT) == 1
    plpy.models["tiny"] = (2, TINY)
    assert runtime.model(plpy, cache, "tiny").model_id == 2
    assert plpy.queries.count(runtime.CONTENT) == 2


def test_the_least_recently_used_leaves_a_full_cache(monkeypatch):
    monkeypatch.setattr(runtime, "_private_bytes", lambda: 0)  # so that each counts its own bytes
    monkeypatch.setattr(runtime, "CACHE_BYTES", 2 * len(TINY))
    plpy, cache = FakePlpy({name: (i, TINY) for i, name in enumerate("abc")}), {}
    for name in "abac":
        runtime.model(plpy, cache, name)
    assert [row[0] for row in runtime.cached(plpy, cache)] == ["c", "a"]


def test_code_of_another_revision_says_so_at_the_first_call():
    with pytest.raises(FakePlpy.Error, match="revision 0000") as caught:
        runtime.model(FakePlpy({}, revision="0000"), {}, "tiny")
    assert "./pgmuse migrate" in caught.value.hint


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("icons_32", "run: ./pgmuse load models"),
        ("classifier", "run: ./pgmuse train classifier"),
        ("x", "the table deployments has the names of all models"),
    ],
)
def test_a_missing_model_says_what_to_run(tiny, name, hint):
    with pytest.raises(psycopg.errors.UndefinedObject, match=f"no model '{name}' yet") as caught:
        tiny.execute("select muse.tiny(array[1, 2, 3, 4], %s)", (name,))
    assert caught.value.diag.message_hint == hint


@pytest.mark.parametrize(
    "content", [b"", TINY[:12], b"\x80\x04pickled" + TINY, TINY[:4] + b"ELF!" + TINY[8:]]
)
def test_bytes_that_are_no_flatbuffer_never_reach_the_interpreter(content):
    with pytest.raises(FakePlpy.Error, match="no LiteRT model"):
        runtime.model(FakePlpy({"tiny": (1, content)}), {}, "tiny")


@pytest.mark.parametrize("content", [b"", TINY[:8], TINY[:4] + b"ELF!" + TINY[8:]])
def test_the_table_refuses_them_too(db, content):
    with pytest.raises(psycopg.errors.CheckViolation):
        add_model(db, "tiny", content)


@pytest.mark.parametrize("query", ["select muse.forever()", "select muse.forever_rows()"])
def test_a_timeout_ends_python_within_200_ms(tiny, query):
    tiny.execute("select muse.tiny(array[1, 2, 3, 4])")  # a session's first call may be slower
    tiny.execute("set local statement_timeout = 300")
    with cpu.used_by(tiny) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            tiny.execute(query)
        assert used() < 0.5


def test_a_timeout_ends_the_first_call_of_a_session_within_500_ms(fresh, server):
    fresh.execute(FUNCTIONS)
    options = "-c statement_timeout=300"
    with server.connect(dbname="fresh", options=options) as first, cpu.used_by(first) as used:
        with pytest.raises(psycopg.errors.QueryCanceled):
            first.execute("select muse.forever()")
        assert used() < 0.8


def test_a_terminated_backend_stops_and_the_server_lives(fresh, server):
    fresh.execute(FUNCTIONS)
    victim = server.connect(dbname="fresh", autocommit=True)
    pid = victim.info.backend_pid
    victim.pgconn.send_query(b"select muse.forever()")
    time.sleep(0.2)
    fresh.execute("select pg_terminate_backend(%s, 500)", (pid,))
    gone = fresh.execute("select from pg_stat_activity where pid = %s", (pid,))
    assert gone.fetchone() is None
    victim.close()


def test_a_backend_with_a_network_stays_small(tiny):
    tiny.execute("select muse.tiny(array[1, 2, 3, 4])")
    pid = tiny.info.backend_pid
    status = Path(f"/proc/{pid}/status").read_text()
    kilobytes = int(next(x for x in status.splitlines() if x.startswith("RssAnon")).split()[1])
    assert kilobytes < 120 * 1024


def private_bytes(conn: psycopg.Connection) -> int:
    """The private memory of the backend."""
    status = Path(f"/proc/{conn.info.backend_pid}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("RssAnon")).split()[1]) << 10


def test_the_cache_tells_what_the_backend_holds(db, flatbuffer):
    """The size is right after an eviction too, when freed memory is reused."""
    db.execute("""
        create function muse.opened(name text) returns bigint language plpython3u as $$
            from udfs import runtime
            return runtime.model(plpy, GD, name).bytes
        $$
    """)
    for name in ("one", "two", "three"):
        add_model(db, name, flatbuffer)
    add_model(db, "tiny", TINY)
    db.execute("select muse.opened('tiny')")  # Python and its libraries are there now
    before = private_bytes(db)
    for name in ("one", "two", "three", "one", "two"):
        db.execute("select muse.opened(%s)", (name,))
        (total,) = db.execute("select sum(bytes)::bigint from model_cache()").fetchone()
        growth = private_bytes(db) - before
        assert abs(growth - total) < 12 << 20, (name, growth, total)
        assert total > len(flatbuffer)
