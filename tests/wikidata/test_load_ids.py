"""Entities loaded by their ids from the web service."""

import json

import pytest

from loaders.core import db as connections
from loaders.core.errors import Problem
from loaders.wikidata.entities import EntityFilter
from loaders.wikidata.load import load_ids
from loaders.wikidata.options import WikidataOptions
from tests.factories.wikidata import entity, value


def test_entities_and_the_names_they_use(service, client, fresh):
    with connections.connect_to_load(autocommit=True) as conn:
        loaded = load_ids(
            conn, ["Q2", "Q1"], EntityFilter(), WikidataOptions(api=service.url), client
        )
        assert loaded.written == 2
        rows = conn.execute("select wikidata_id, properties from wikidata order by 1").fetchall()
    assert rows[0] == ("Q1", {"instance of": "house cat", "date of birth": "1919-11-09"})
    assert rows[1][1]["color"] == ["Blue", "Red", "White"]
    assert "somebody@example.org" in service.headers[0]["User-Agent"]
    assert {fields["maxlag"] for fields in service.requests} == {"5"}


def test_a_redirect_goes_by_the_name_of_its_target(service, client, fresh):
    service.redirects["Q900"] = "Q146"
    service.entities["Q5"] = json.loads(entity("Q5", "Old", P31=[value("Q900")]))
    with connections.connect_to_load(autocommit=True) as conn:
        load_ids(conn, ["Q5", "Q900"], EntityFilter(), WikidataOptions(api=service.url), client)
        assert conn.execute("select * from wikidata_redirects").fetchall() == [("Q900", "Q146")]
        (properties,) = conn.execute(
            "select properties from wikidata where wikidata_id = 'Q5'"
        ).fetchone()
    assert properties == {"instance of": "house cat"}


def test_stored_items_keep_their_languages(service, client, fresh):
    """They are requested too, also for the target of a redirect."""
    wide = EntityFilter(languages=("en", "nl"), sitelinks=("nlwiki",))
    service.redirects["Q900"] = "Q1"
    for revision, word, filter in ((1, "kat", wide), (2, "poes", EntityFilter())):
        item = json.loads(entity("Q1", "cat", lastrevid=revision))
        item["labels"]["nl"] = {"language": "nl", "value": word}
        item["sitelinks"]["nlwiki"] = {"site": "nlwiki", "title": word}
        service.entities["Q1"] = item
        with connections.connect_to_load(autocommit=True) as conn:
            load_ids(conn, ["Q900"], filter, WikidataOptions(api=service.url), client)
    row = fresh.execute("select labels, sitelinks, lastrevid from wikidata").fetchone()
    assert row == ({"en": "cat", "nl": "poes"}, {"nlwiki": "poes"}, 2)


def test_ids_of_which_none_is_an_entity_fail(service, client, fresh):
    with connections.connect_to_load(autocommit=True) as conn:
        with pytest.raises(Problem, match="nothing was changed: see load_errors"):
            load_ids(
                conn, ["Q404", "Q405"], EntityFilter(), WikidataOptions(api=service.url), client
            )
        count = "select count(*) from load_errors"
        assert conn.execute(count).fetchone() == (2,)
