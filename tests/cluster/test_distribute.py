"""`pgmuse distribute`: the same answers on a cluster, and back on one server."""

import psycopg
import pytest
from pgvector.psycopg import register_vector

from loaders.admin import distribute
from loaders.admin.doctor import checks
from loaders.admin.migrate import migrate
from loaders.core.db import connect_to_load
from loaders.core.errors import Problem
from loaders.images.train import train
from loaders.wikidata import tables
from loaders.wikidata.tables import TableOptions
from tests.core.test_replica import DIFFERENT, outcomes
from tests.factories.albums import add_album, add_classifier
from tests.factories.banks import BANKS
from tests.factories.catalog import FUNCTIONS, TABLES, VIEWS, queries_of
from tests.servers import citus

pytestmark = pytest.mark.citus
# They tell the state of the server, or the tables of Citus.
OTHERS = DIFFERENT | {
    "cluster_nodes", "create_staging", "is_distributed", "nodes", "wikidata_changes",
}  # fmt: skip
LANGUAGES = """
    select count(*) filter (where lanname = 'sql'), count(*) filter (where lanname = 'plpgsql')
    from pg_proc join pg_language on pg_language.oid = prolang
    where proname in ('claim_values', 'class_ids', 'wikidata_label')
"""
LIKE = "select image_id, confidence from images_like((select min(image_id) from images), 5)"
TRIGGERS = "select count(*) from pg_trigger where tgrelid = 'muse.wikidata'::regclass"


@pytest.fixture
def filled(one, load, flatbuffer) -> psycopg.Connection:
    """A database of one server with items, a class table, articles' links, and pictures."""
    register_vector(one)
    add_classifier(one, flatbuffer)
    add_album(one)
    with connect_to_load(autocommit=True) as conn:
        load(conn, BANKS, languages=("en", "de"))
        tables.make(conn, TableOptions("banks", "Q22687", subclasses=True, language="de"))
        train(conn, workers=2)
    return one


def answers(conn: psycopg.Connection) -> dict[str, object]:
    """The rows of the query in each comment in any order; of those with a limit their number."""
    objects = [row for kind in (FUNCTIONS, VIEWS, TABLES) for row in conn.execute(kind).fetchall()]
    queries = {name: query for name, _, query in queries_of(objects)}
    return {
        name: rows
        if not isinstance(rows, list)
        else len(rows)
        if " limit " in queries[name]
        else sorted(map(repr, rows))
        for name, rows in outcomes(conn, objects).items()
        if name not in OTHERS
    }


def test_answers_are_the_same_on_a_cluster_and_after_it(servers, filled, move):
    before = answers(filled)
    filled.execute("create role ann login password 'secret' in role muse_reader")
    move()
    with servers[1].connect(dbname="fresh", user="ann") as worker:
        assert worker.execute("select pg_has_role('muse_reader', 'member')").fetchone() == (True,)
    filled.execute("discard all")
    filled.execute("set search_path = public, muse")
    assert answers(filled) == before
    measured = filled.execute(LIKE).fetchall()
    with filled.transaction(force_rollback=True):
        filled.execute("delete from image_neighborhoods")
        searched = filled.execute(LIKE).fetchall()
    assert [row[0] for row in searched] == [row[0] for row in measured]
    assert [row[1] for row in searched] == pytest.approx([row[1] for row in measured], abs=1e-5)
    assert filled.execute(TRIGGERS).fetchone() == (1,)  # of Citus
    assert filled.execute(LANGUAGES).fetchone() == (0, 3)
    migrate()
    migrate()
    assert filled.execute(LANGUAGES).fetchone() == (0, 3)
    assert answers(filled) == before

    rows = filled.execute("select status, is_coordinator from nodes order by 2").fetchall()
    assert rows == [("ok", False), ("ok", False), ("ok", True)]
    lines = [check for check in checks() if check.name.startswith("node ")]
    assert [check.remedy for check in lines] == ["", "", ""]
    move()  # nothing is left to do

    distribute.undo()
    assert filled.execute(LANGUAGES).fetchone() == (3, 0)
    assert filled.execute(TRIGGERS).fetchone() == (7,)
    assert filled.execute("select * from nodes").fetchall() == []
    assert answers(filled) == before
    with pytest.raises(Problem, match="is not distributed"):
        distribute.undo()


def test_failed_checks_change_nothing(servers, one):
    workers = [citus.address(worker) for worker in servers[1:]]
    one.execute("create role weak login")
    with servers[1].connect(dbname="fresh", autocommit=True) as worker:
        worker.execute("create schema muse create table items ()")
    with pytest.raises(Problem) as raised:
        distribute.distribute([*workers, "127.0.0.1:1"])
    lines = str(raised.value).splitlines()
    assert lines[0] == "nothing was changed, these checks failed:"
    assert any("has a schema muse of its own" in line for line in lines)
    assert any(line.startswith("  127.0.0.1:1 is not reached") for line in lines)
    assert len(lines) == 3
    assert one.execute("select from pg_extension where extname = 'citus'").rowcount == 0
