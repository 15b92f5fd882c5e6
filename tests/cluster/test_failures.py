"""A worker that is killed: errors and no partial rows, and the next load ends right."""

import psycopg
import pytest
from pgvector import HalfVector

from loaders.core import db
from loaders.core.dumps import merging
from loaders.images.search import vectors
from loaders.images.search.vectors import COLUMNS, make_partition
from tests.factories.rows import add_model
from tests.factories.wikidata import many
from tests.servers import citus

pytestmark = pytest.mark.citus
ITEMS = "select count(*) from muse.wikidata"


@pytest.fixture
def worker(servers):
    yield servers[1]
    servers[1].up()


def test_a_query_fails_in_seconds_and_answers_again(cluster, load, worker):
    with db.connect_to_load(autocommit=True) as conn:
        load(conn, many(50))
    cluster.execute("set statement_timeout = '20s'")  # another error
    citus.kill(worker)
    for query in (ITEMS, "select * from instances_of('Q144')", "select * from muse.wikidata"):
        with pytest.raises(psycopg.OperationalError):
            cluster.execute(query)
    query = "select subject, status from health where check_name = 'node' and status <> 'ok'"
    assert cluster.execute(query).fetchall() == [(citus.address(worker), "bad")]
    worker.up()
    assert cluster.execute(ITEMS).fetchone() == (50,)


def test_nothing_of_a_copy_stays(cluster, worker):
    model_id = add_model(cluster, "classifier")
    rows = ((model_id, i, HalfVector([1.0] + [0.0] * 1279), 1, 0.5) for i in range(1, 4000))
    with db.connect_to_load(autocommit=True) as conn:
        make_partition(conn, model_id)

        def broken_rows():
            for number, row in enumerate(rows):
                if number == 2000:
                    citus.kill(worker)
                yield row

        with pytest.raises(psycopg.Error):
            vectors.copy(conn, "image_vectors", COLUMNS, broken_rows())
    worker.up()
    assert cluster.execute("select count(*) from muse.image_vectors").fetchone() == (0,)


def test_a_load_ends_right_after_a_failure(cluster, load, worker, monkeypatch):
    def kill_first(*arguments):
        citus.kill(worker)
        return db.script(*arguments)

    with db.connect_to_load(autocommit=True) as conn:
        load(conn, many(20))
        with monkeypatch.context() as patch:
            patch.setattr(merging, "script", kill_first)
            with pytest.raises(psycopg.Error):
                load(conn, many(60, lastrevid=2))
        worker.up()
        load(conn, many(60, lastrevid=2))
    query = "select count(*), min(lastrevid) from muse.wikidata"
    assert cluster.execute(query).fetchone() == (60, 2)
    assert cluster.execute("select class_id, items from classes").fetchall() == [("Q144", 60)]
