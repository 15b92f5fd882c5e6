"""Instances of a class, which a query service finds, from the web service."""

import json

import pytest

from loaders.core.errors import Problem
from loaders.core.http.client import Client
from loaders.core.topics import StoredSource
from loaders.wikidata import query_service
from loaders.wikidata.load import load_all, load_query
from loaders.wikidata.options import WikidataOptions
from loaders.wikidata.refresh import refresh
from tests.factories.wikidata import entity, ids, value
from tests.servers import faults

CAT, BREED = "Q146", "Q43577"


@pytest.fixture
def zoo(service):
    """Three cats, one of a subclass, and one whose class is deprecated."""
    service.entities = {
        id: json.loads(entity(id, f"Cat {id}", lastrevid=10 + number, P31=[value(CAT)]))
        for number, id in enumerate(("Q1001", "Q1002", "Q1003"))
    }
    service.entities["Q1004"] = json.loads(entity("Q1004", "Tom", lastrevid=3, P31=[value(BREED)]))
    old = json.loads(entity("Q1005", "No cat", lastrevid=3, P31=[value(CAT)]))
    old["claims"]["P31"][0]["rank"] = "deprecated"
    service.entities["Q1005"] = old
    service.entities[CAT] = json.loads(entity(CAT, "cat", lastrevid=8))
    service.entities[BREED] = json.loads(entity(BREED, "breed", lastrevid=9, P279=[value(CAT)]))
    return service


def options(service, *classes, **more):
    return WikidataOptions(
        query_classes=classes or (CAT,), api=service.url, query_service=f"{service.url}/sparql",
        contact="me@example.org", **more
    )  # fmt: skip


def requested(service):
    """The ids of all requests for entities."""
    texts = [fields["ids"] for fields in service.requests if "claims" in fields.get("props", "")]
    return [id for text in texts for id in text.split("|")]


def test_instances_and_their_class_are_loaded(zoo, muse):
    load_all(muse, options(zoo))
    assert ids(muse) == ["Q1001", "Q1002", "Q1003", CAT]


def test_subclasses_need_not_be_stored(zoo, muse):
    load_all(muse, options(zoo, subclasses=True))
    assert ids(muse) == ["Q1001", "Q1002", "Q1003", "Q1004", CAT, BREED]


def test_only_what_is_new_or_has_changed_is_requested_again(zoo, muse, client):
    load_query(muse, options(zoo), client)
    zoo.requests.clear()
    assert load_query(muse, options(zoo), client).is_unchanged
    assert requested(zoo) == []
    changed = json.loads(entity("Q1002", "Another name", lastrevid=99, P31=[value(CAT)]))
    zoo.entities["Q1002"] = changed
    zoo.entities["Q1006"] = json.loads(entity("Q1006", "Kitten", lastrevid=1, P31=[value(CAT)]))
    load_query(muse, options(zoo), client)
    assert requested(zoo) == ["Q1002", "Q1006"]
    title = "select title from wikidata where wikidata_id = 'Q1002'"
    assert muse.execute(title).fetchone() == ("Another name",)


def test_it_goes_on_where_it_was_interrupted(zoo, muse, client, monkeypatch):
    monkeypatch.setattr(query_service, "PORTION", 1)
    zoo.faults = [None, None, None, faults.forbidden]  # query, item, its labels, second item
    with pytest.raises(Problem, match="403"):
        load_query(muse, options(zoo), client)
    assert ids(muse) == ["Q1001"]
    zoo.requests.clear()
    load_query(muse, options(zoo), client)
    assert requested(zoo) == ["Q1002", "Q1003"]


def test_a_limit_is_of_all_classes_together(zoo, muse, client):
    load_query(muse, options(zoo, f"{CAT},{BREED}", limit=2), client)
    assert len(ids(muse)) == 2
    load_query(muse, options(zoo, BREED, CAT, limit=100), client)
    assert ids(muse) == ["Q1001", "Q1002", "Q1003", "Q1004"]


def test_a_refresh_asks_again(zoo, muse, monkeypatch):
    monkeypatch.setenv("PGMUSE_CONTACT", "me@example.org")
    load_all(muse, options(zoo, limit=50))
    zoo.entities["Q1006"] = json.loads(entity("Q1006", "Kitten", lastrevid=1, P31=[value(CAT)]))
    row = "select source_id, location, options from sources where location like %s"
    source = StoredSource(*muse.execute(row, (f"%#instances of {CAT}",)).fetchone())
    assert refresh(muse, source).written == 1
    assert "Q1006" in ids(muse)
    assert "LIMIT 50" in [fields for fields in zoo.requests if "query" in fields][-1]["query"]


def test_a_query_that_takes_too_long_says_what_to_do(zoo, muse, waits):
    zoo.faults = [faults.broken] * 9
    client = Client("me@example.org", sleep=waits.append, backoff=query_service.BACKOFF)
    with pytest.raises(Problem, match=r"Q146: .* 2 times: .*give --limit, or fewer classes"):
        load_query(muse, options(zoo, subclasses=True), client)
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("classes", "words"),
    [(("P31",), "not P31"), (("cats",), "no entity id"), (("Q1 } #",), "no entity id")],
)
def test_other_ids_are_refused_before_any_request(zoo, muse, classes, words):
    with pytest.raises(Problem, match=words):
        load_all(muse, options(zoo, *classes))
    assert zoo.requests == []


def test_a_dump_beside_it_is_refused(zoo, muse):
    with pytest.raises(Problem, match="--query-class needs no dump"):
        load_all(muse, options(zoo, source="dump.json"))
