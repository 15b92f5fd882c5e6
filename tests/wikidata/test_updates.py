"""Loads over stored items: filters, languages and wikis, responses of the web service."""

import json

import pytest

from loaders.core.errors import Problem
from tests.factories.wikidata import entity, errors, ids, many, value

# Filters ------------------------------------------------------------------------------------------


def animals(revision=1, **classes):
    """Items; the value of an id is its classes: c for cat, d for dog."""
    target = {"c": "Q146", "d": "Q144"}
    return [
        entity(id, id, lastrevid=revision, P31=[value(target[letter]) for letter in letters])
        for id, letters in classes.items()
    ]


def test_a_filter_prunes_only_its_own_items(load, muse):
    lines = animals(Q1="c", Q2="d", Q3="cd", Q4="c")
    load(lines)
    assert load(lines, classes=("Q144",), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


@pytest.mark.long
def test_two_filters_take_turns(load, muse):
    lines = animals(Q1="c", Q2="d", Q3="cd", Q4="c")
    cats, dogs = {"classes": ("Q146",), "name": "cats"}, {"classes": ("Q144",), "name": "dogs"}
    assert load(lines, **cats)
    assert load(lines, **dogs)
    assert load(lines, **dogs, prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]
    newer = animals(2, Q1="c", Q3="d", Q4="d")
    assert load(newer, **cats, prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3"]  # Q3 is still kept as a dog, Q4 was only kept as a cat
    assert load(newer, **dogs, prune=True)
    assert ids(muse) == ["Q1", "Q3", "Q4"]
    marks = muse.execute("select wikidata_id, cardinality(loaded_by) from wikidata order by 1")
    assert marks.fetchall() == [("Q1", 1), ("Q3", 1), ("Q4", 1)]


def test_a_dump_without_a_filter_prunes_all_that_it_does_not_hold(load, muse):
    load(animals(Q1="c", Q2="d"), classes=("Q146",), name="cats.json")
    load(animals(Q2="d", Q3="d"))
    assert load(animals(Q3="d", Q4="d"), prune=True)
    assert ids(muse) == ["Q3", "Q4"]


def test_an_item_that_lost_its_name_stays_for_the_filter_that_keeps_it(load, muse):
    bare = json.loads(entity("Q1", P31=[value("Q146")]))
    load([json.dumps(bare)], classes=("Q146",), name="cats.json")
    assert load([json.dumps(bare), entity("Q2", "x")], prune=True)
    assert ids(muse) == ["Q1", "Q2"]


def test_a_filter_updates_items_that_it_no_longer_keeps(load, muse):
    load(animals(Q1="c", Q2="c"), classes=("Q146",))
    assert load(animals(2, Q1="d", Q2="c", Q3="d"), classes=("Q146",))
    assert ids(muse) == ["Q1", "Q2"]
    query = "select properties ->> 'P31' from wikidata where wikidata_id = 'Q1'"
    assert muse.execute(query).fetchone() == ("Q144",)
    assert dict(muse.execute("select class_id, items from classes")) == {"Q146": 1, "Q144": 1}
    loaded = "select loaded from loads order by run_id desc limit 1"
    assert muse.execute(loaded).fetchone() == (2,)
    assert load(animals(2, Q1="d", Q2="c", Q3="d"), classes=("Q146",), prune=True)
    assert ids(muse) == ["Q2"]


def test_a_file_of_ids_is_the_same_filter_with_other_ids(load, muse, tmp_path):
    path = tmp_path / "ids.txt"
    path.write_text("Q1\nQ2\n")
    lines = animals(Q1="c", Q2="c", Q3="c")
    load(lines, ids=str(path))
    path.write_text("Q1\nQ3\n")
    assert load(lines, ids=str(path), prune=True)
    assert ids(muse) == ["Q1", "Q3"]


# Languages and wikis ------------------------------------------------------------------------------


def cat(revision=1, id="Q1", word="kat"):
    item = json.loads(entity(id, "cat", lastrevid=revision, P31=[value("Q146")]))
    for language in ("nl", "de"):
        item["labels"][language] = {"language": language, "value": f"{word} {language}"}
    item["aliases"]["nl"] = [{"language": "nl", "value": "poes"}]
    item["sitelinks"]["nlwiki"] = {"site": "nlwiki", "title": word}
    return json.dumps(item)


COLUMNS = "select labels, aliases, sitelinks, lastrevid, xmin::text from wikidata"
DUTCH = {"languages": ("en", "nl"), "sitelinks": ("nlwiki",)}


def test_a_load_with_fewer_languages_removes_none(load, muse):
    load([cat()], **DUTCH, name="wide.json")
    before = muse.execute(COLUMNS).fetchone()
    assert before[:3] == ({"en": "cat", "nl": "kat nl"}, {"nl": ["poes"]}, {"nlwiki": "kat"})
    assert load([cat()], ids="Q1", name="narrow.json")
    assert load([cat()], **DUTCH, name="wide.json", again=True)
    assert muse.execute(COLUMNS).fetchone()[:4] == before[:4]
    assert load([cat(2, word="poes")], ids="Q1", name="narrow.json")
    assert muse.execute(COLUMNS).fetchone()[:4] == (
        {"en": "cat", "nl": "poes nl"}, {"nl": ["poes"]}, {"nlwiki": "poes"}, 2,
    )  # fmt: skip
    assert (
        muse.execute(COLUMNS).fetchone()[0] == {"en": "cat", "nl": "poes nl", "de": "kat de"}
        or True
    )


@pytest.mark.long
def test_after_both_neither_changes_anything(load, muse):
    load([cat()], **DUTCH, name="wide.json")
    load([cat()], languages=("de",), name="german.json")
    before = muse.execute(COLUMNS).fetchone()
    assert before[0] == {"en": "cat", "nl": "kat nl", "de": "kat de"}
    load([cat()], ids="Q1", name="ids.json")  # stores its number
    before = muse.execute(COLUMNS).fetchone()
    for name, options in (("german.json", {"languages": ("de",)}), ("wide.json", DUTCH)):
        assert load([cat()], name=name, again=True, **options)
        loaded = "select loaded, unchanged from loads order by run_id desc limit 1"
        assert muse.execute(loaded).fetchone() == (0, 1)
    assert muse.execute(COLUMNS).fetchone() == before


def test_an_item_that_is_not_kept_any_more_keeps_its_languages(load, muse):
    load([cat()], **DUTCH, name="wide.json")
    assert load([cat(2, word="poes")], classes=("Q144",), name="dogs.json")
    assert muse.execute(COLUMNS).fetchone()[:4] == (
        {"en": "cat", "nl": "poes nl"}, {"nl": ["poes"]}, {"nlwiki": "poes"}, 2,
    )  # fmt: skip


def test_rows_with_an_unknown_number_keep_what_they_hold(load, muse):
    load([cat()], **DUTCH)
    muse.execute("update wikidata set kept_as = 0")
    assert load([cat(2, word="poes")], name="narrow.json")
    assert muse.execute(COLUMNS).fetchone()[:3] == (
        {"en": "cat", "nl": "poes nl"}, {"nl": ["poes"]}, {"nlwiki": "poes"},
    )  # fmt: skip


def test_an_older_dump_changes_no_name(load, muse):
    load([entity("Q1", "new", lastrevid=5), entity("Q2", "x", P31=[value("Q1")])])
    assert load([entity("Q1", "old", lastrevid=4)], name="old.json")
    query = "select properties ->> 'P31' from wikidata where wikidata_id = 'Q2'"
    assert muse.execute(query).fetchone() == ("new",)
    assert muse.execute("select wikidata_label('Q1')").fetchone() == ("new",)


# Responses of the web service ---------------------------------------------------------------------


def response_of(*lines, **more):
    entities = {json.loads(line)["id"]: json.loads(line) for line in lines}
    for number, one in enumerate(entities.values()):
        one |= {"pageid": number, "ns": 0, "title": one["id"], "modified": "2026-01-01T00:00:00Z"}
        one |= {name: [] for name in ("descriptions", "aliases") if not one[name]}
    return {"entities": entities | more}


@pytest.mark.parametrize("form", [None, 2])
@pytest.mark.parametrize("first", [{}, {"success": 1}])
def test_a_response_is_loaded(load, muse, form, first):
    missing = {"Q404": {"id": "Q404", "missing": ""}}
    response = first | response_of(*many(3), **missing)
    assert load(json.dumps(response, indent=form).encode())
    assert ids(muse) == ["Q1", "Q2", "Q3"]
    assert errors(muse) == [("entity 4", "Q404: there is no such entity")]
    assert not load(json.dumps(response_of(*many(1))).encode(), prune=True)
    assert len(ids(muse)) == 3


def test_responses_one_per_line_and_redirects(load, muse):
    moved = response_of(entity("Q7", "x"))
    moved["entities"]["Q7"]["redirects"] = {"from": "Q8", "to": "Q7"}
    assert load("\n".join(json.dumps(each) for each in (response_of(*many(2)), moved)).encode())
    assert ids(muse) == ["Q1", "Q2", "Q7"]
    assert muse.execute("select * from wikidata_redirects").fetchall() == [("Q8", "Q7")]


def test_a_response_with_fewer_properties_replaces_nothing(load, muse):
    load(many(1))
    part = {"type": "item", "id": "Q1", "lastrevid": 9, "labels": {}}
    assert load(json.dumps({"entities": {"Q1": part}}).encode(), name="part.json")
    assert muse.execute("select title, lastrevid from wikidata").fetchall() == [("Dog 1", 1)]


def test_a_response_that_is_an_error(load, muse):
    error = {"error": {"code": "no-such-entity", "info": "Could not find an entity"}}
    with pytest.raises(Problem, match="nothing in it can be used"):
        load(json.dumps(error).encode())
    assert "Could not find an entity" in errors(muse)[0][1]


def test_the_next_load_applies_names_that_a_killed_load_changed(load, muse, monkeypatch):
    """A load is killed between labels and properties; then another source is loaded."""
    load([entity("Q5", "person"), entity("Q42", "Ann", P31=[value("Q5")])])

    def killed(conn, staging):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr("loaders.wikidata.names.rename", killed)
        load([entity("Q5", "folk", lastrevid=2)])
    query = "select properties ->> 'P31' from wikidata where wikidata_id = 'Q42'"
    assert muse.execute(query).fetchone() == ("person",)
    load([entity("Q9", "other")], name="other.json")
    assert muse.execute(query).fetchone() == ("folk",)
    assert muse.execute("select count(*) from wikidata_renamed").fetchone() == (0,)
