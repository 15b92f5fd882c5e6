"""Items of classes, which filters of a dump leave out, from the web service."""

import json
import subprocess
import sys

import pytest

from loaders.admin.refresh import refresh
from loaders.core.errors import Problem
from loaders.images.load import load_all as load_images
from loaders.images.options import ImageOptions
from loaders.wikidata import load as wikidata
from loaders.wikidata.load import load_class_items
from loaders.wikidata.options import WikidataOptions
from tests.factories.wikidata import entity, ids, small, value
from tests.servers.faults import forbidden

CATS = {"classes": ("Q146",)}


def options(service, **more):
    return WikidataOptions(class_items=True, api=service.url, **more)


@pytest.fixture
def zoo(service, load):
    """Cats of a filtered dump; the service has the class itself, with a picture and a class."""
    load(small(), **CATS)
    cat = entity("Q146", "house cat", "Cat", lastrevid=7, P31=[value("Q55983715")],
                 P18=[value("cat.jpg", datatype="commonsMedia")])  # fmt: skip
    service.entities["Q146"] = json.loads(cat)
    return service


def requested(service):
    """The ids of all requests."""
    return [id for fields in service.requests for id in fields["ids"].split("|")]


def test_the_item_of_a_class_is_loaded_once(zoo, muse, client):
    assert ids(muse) == ["Q1", "Q2", "Q3"]
    zoo.entities["Q99"] = json.loads(entity("Q99", "character"))
    result = load_class_items(muse, options(zoo), client)
    assert (result.written, result.is_good) == (3, True)
    assert ids(muse) == ["Q1", "Q144", "Q146", "Q2", "Q3", "Q99"]
    assert requested(zoo)[:3] == ["Q146", "Q144", "Q99"]
    assert "Q462" not in requested(zoo)  # its label is stored
    assert {fields["maxlag"] for fields in zoo.requests} == {"5"}
    zoo.requests.clear()
    # The class of the class, Q55983715, is not loaded: only cats are things that were asked for.
    assert load_class_items(muse, options(zoo), client).is_unchanged
    assert zoo.requests == []
    assert load_class_items(muse, options(zoo, languages=("en", "nl")), client).written == 3
    numbers = "select distinct loaded_by from wikidata where wikidata_id in ('Q146', 'Q1')"
    assert len(muse.execute(numbers).fetchall()) == 2  # each is pruned with its own load only


def test_links_of_classes_to_other_wikis(zoo, muse, client):
    zoo.entities["Q146"]["sitelinks"]["dewiki"] = {"site": "dewiki", "title": "Hauskatze"}
    load_class_items(muse, options(zoo, sitelinks=("dewiki",)), client)
    assert muse.execute("select * from wikidata_sitelinks").fetchall() == [
        ("Q146", "dewiki", "Hauskatze"),
    ]  # fmt: skip
    assert {"Q144", "Q146"} <= set(ids(muse))


def test_it_goes_on_where_it_was_interrupted(zoo, muse, client, monkeypatch):
    monkeypatch.setattr(wikidata, "PORTION", 1)
    zoo.entities["Q99"] = json.loads(entity("Q99", "character"))
    zoo.faults = [None, None, forbidden]  # the item of the first class, its labels, the second
    with pytest.raises(Problem, match="403"):
        load_class_items(muse, options(zoo), client)
    assert "Q146" in ids(muse)
    zoo.requests.clear()
    load_class_items(muse, options(zoo), client)
    assert "Q146" not in requested(zoo)
    assert {"Q144", "Q146"} <= set(ids(muse))


def test_classes_without_an_entity_are_reported(zoo, muse, client, capsys):
    assert load_class_items(muse, options(zoo), client).bad == 1
    query = "select place, reason from load_errors where place = 'Q99'"
    assert muse.execute(query).fetchall() == [("Q99", "there is no such entity")]
    assert load_class_items(muse, options(zoo), client).bad == 1
    assert "there is no entity Q99" in capsys.readouterr().err


def test_only_frequent_classes(zoo, muse, client):
    assert load_class_items(muse, options(zoo, min_count=2), client).written == 1
    assert requested(zoo)[:1] == ["Q146"]


@pytest.mark.long
def test_the_command_and_its_refresh(zoo, muse, tmp_path, monkeypatch):
    monkeypatch.setenv("PGMUSE_CONTACT", "me@example.org")
    path = tmp_path / "cats.json"
    path.write_text("\n".join(small()))
    command = [sys.executable, "-m", "loaders", "load", "wikidata", str(path), "--class", "Q146",
               "--class-items", "--api", zoo.url, "--contact", "me@example.org"]  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"{zoo.url}#items of classes: 2 items written" in done.stderr
    muse.execute("delete from wikidata where wikidata_id = 'Q146'")
    assert refresh(muse, "wikidata")
    assert "Q146" in ids(muse)


def test_images_of_classes_load_missing_items(zoo, muse, monkeypatch, capsys):
    monkeypatch.setenv("PGMUSE_CONTACT", "me@example.org")
    load_images(muse, ImageOptions(classes=True, api=zoo.url))
    query = "select wikidata_id, commons_file from image_fetches"
    assert muse.execute(query).fetchall() == [("Q146", "Cat.jpg")]


def test_images_of_classes_do_without_the_service(zoo, muse, monkeypatch, capsys):
    monkeypatch.delenv("PGMUSE_CONTACT", raising=False)
    muse.execute(
        """insert into wikidata (wikidata_id, claims)
        values ('Q144', '{"P18": [{"value": "dog.jpg", "rank": "normal"}]}')"""
    )
    load_images(muse, ImageOptions(classes=True, api=zoo.url))
    assert "items of classes are missing and were not loaded" in capsys.readouterr().err
    query = "select wikidata_id, commons_file from image_fetches"
    assert muse.execute(query).fetchall() == [("Q144", "Dog.jpg")]


def test_counts_with_subclasses_are_computed_once(zoo, muse, client, monkeypatch):
    monkeypatch.setattr(wikidata, "PORTION", 1)
    zoo.entities["Q146"] = json.loads(entity("Q146", "house cat", P279=[value("Q144")]))
    zoo.entities["Q144"] = json.loads(entity("Q144", "dog", P279=[value("Q99")]))
    zoo.entities["Q99"] = json.loads(entity("Q99", "character"))
    muse.execute("update wikidata_classes set superclass_ids = '{}'")
    recounts = []
    update = wikidata.classes.update_classes
    monkeypatch.setattr(
        wikidata.classes, "update_classes",
        lambda *a, recount=True: (recounts.append(recount), update(*a, recount=recount)),
    )  # fmt: skip
    load_class_items(muse, options(zoo), client)
    assert recounts == [False, False, False, True]
    query = "select items_with_subclasses, depth from wikidata_classes where class_id = 'Q99'"
    assert muse.execute(query).fetchone() == (3, 0)
