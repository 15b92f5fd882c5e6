"""Loads, trainings and deletions on a cluster end as on one server."""

import json

import psycopg
import pytest

from loaders.admin.forget import forget_source
from loaders.core.db import connect_to_load
from loaders.core.models import drop_retired
from loaders.images.forget import forget_picture
from loaders.images.train import train
from loaders.wikidata import forget, tables
from loaders.wikidata.tables import TableOptions
from tests.factories.albums import add_album, add_classifier
from tests.factories.banks import BANKS
from tests.factories.rows import add_model
from tests.factories.wikidata import entity, many, small, time_of, value
from tests.servers import postgres

pytestmark = pytest.mark.citus
RESULTS = (
    "select * from wikidata_labels order by 1",
    "select * from wikidata_classes order by 1",
    "select * from wikidata_class_sets order by 1",
    "select * from wikidata_numbers order by 3, 4, 1",
    "select * from wikidata_sitelinks order by 1, 2",
    "select * from classes order by class_id",
    "select wikidata_id, title, properties, claims, class_ids, sitelinks, lastrevid, loaded_by "
    "from wikidata order by 1",
    "select topic, location from sources order by 2",
)


def interrupt(*arguments):
    raise KeyboardInterrupt


def contents(conn: psycopg.Connection) -> list[list[tuple]]:
    return [conn.execute(query).fetchall() for query in RESULTS]


def changed() -> list[str]:
    """The small dump with other names, a new class, a year, links, and a statement less."""
    lines = [line for line in small() if '"id": "Q3"' not in line]
    born = value(time_of("+1919-11-09T00:00:00Z"), datatype="time")
    return [
        *(
            line
            for line in lines
            if not any(f'"id": "{id}"' in line for id in ("Q1", "Q10", "P31"))
        ),
        entity("P31", "is a", lastrevid=2, kind="property"),
        entity("Q10", "Azure", lastrevid=2),
        entity("Q1", "Felix", "Felix", lastrevid=2, P31=[value("Q144")], P569=[born]),
        entity("Q4", "Garfield", lastrevid=2, P31=[value("Q146")]),
    ]


def linked(wikidata_id, title, lastrevid=1) -> str:
    """An item with an article in the German Wikipedia."""
    item = json.loads(entity(wikidata_id, title, lastrevid=lastrevid))
    item["sitelinks"]["dewiki"] = {"site": "dewiki", "title": title, "badges": []}
    return json.dumps(item)


def steps(conn, load, monkeypatch) -> list[object]:
    """Loads of all kinds; what the tables hold after each."""
    results: list[object] = []
    load(conn, small())
    load(conn, [linked("Q7", "Bern"), linked("Q8", "Wien")], name="a.json", sitelinks=("dewiki",))
    load(conn, [linked("Q7", "Thun", 2)], name="a.json", sitelinks=("dewiki",))
    results.append(contents(conn))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("loaders.core.dumps.load.delete_stale_chunks", interrupt)
        load(conn, changed())
    load(conn, changed())
    results.append(contents(conn))
    load(conn, changed(), prune=True, again=True, max_prune=1)
    results.append(contents(conn))
    forget.forget(conn, "Q4")
    results.append(contents(conn))
    load(conn, many(30), name="dogs.json", classes=("Q144",))
    results.append(contents(conn))
    for (location,) in conn.execute("select location from sources order by source_id").fetchall():
        forget_source(conn, location)
    results.append(contents(conn))
    return results


def test_loads_end_as_on_one_server(servers, cluster, load, monkeypatch):
    with postgres.database(servers[0], "alone"), connect_to_load(autocommit=True) as conn:
        expected = steps(conn, load, monkeypatch)
    postgres.use(servers[0], "fresh")
    with connect_to_load(autocommit=True) as conn:
        for number, (result, other) in enumerate(
            zip(steps(conn, load, monkeypatch), expected, strict=True)
        ):
            assert result == other, number


def test_two_trainings_and_a_deletion(cluster, flatbuffer):
    add_classifier(cluster, flatbuffer)
    add_album(cluster)
    vectors = "select model_id, count(*) from image_vectors group by model_id order by 1"
    similar = "select image_id from images_like((select min(image_id) from images), 5)"
    with connect_to_load(autocommit=True) as conn:
        assert train(conn, 1).vectors == 24
        first = conn.execute(similar).fetchall()
        assert len(first) == 5
        second = add_model(cluster, "classifier", flatbuffer, size=224, labels=["x"] * 1000)
        assert train(conn, 1).vectors == 24
        assert [count for _, count in conn.execute(vectors)] == [24, 24]
        cluster.execute("update deployments set deployed_at = now() - interval '25 hours'")
        drop_retired(conn)
        assert conn.execute(vectors).fetchall() == [(second, 24)]
        assert conn.execute(similar).fetchall() == first
        assert conn.execute("select recall from recall('image_vectors', 5, 10)").fetchall() == [
            (1.0,)
        ]
        forget_picture(conn, first[0][0])
        assert conn.execute(vectors).fetchall() == [(second, 23)]
        assert conn.execute("select images_without_vector()").fetchall() == [(0,)]


def test_class_tables_are_refreshed_after_a_load(cluster, load):
    with connect_to_load(autocommit=True) as conn:
        load(conn, BANKS)
        tables.make(conn, TableOptions("banks", "Q22687", subclasses=True))
        assert tables.outdated(conn) is None
        load(
            conn, [entity("Q5000", "Fifth Bank", lastrevid=2, P31=[value("Q22687")])], name="b.json"
        )
        tables.refresh_outdated(conn)
        query = "select title from muse_tables.banks where wikidata_id = 'Q5000'"
        assert conn.execute(query).fetchall() == [("Fifth Bank",)]
