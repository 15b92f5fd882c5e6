"""Loads over stored items: newer, older, the same, interrupted."""

import random
import re
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest

from loaders.core import db as connections
from loaders.wikidata import dump, entities, staging
from loaders.wikidata.options import WikidataOptions
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import entity, ids, properties, small, value


def test_a_newer_dump_writes_changed_items_only(load, muse):
    load(small())
    versions = "select wikidata_id, xmin::text, ctid::text from wikidata order by 1"
    before = {row[0]: row[1:] for row in muse.execute(versions)}
    changed = small()
    changed[7] = entity("Q1", "Felix II", "Felix the Cat", lastrevid=2, P31=[value("Q144")])
    assert load(changed)
    after = {row[0]: row[1:] for row in muse.execute(versions)}
    assert [key for key in after if after[key] != before[key]] == ["Q1"]
    assert properties(muse, "Q1") == {"instance of": "dog"}
    assert dict(muse.execute("select class, items from classes").fetchall()) == {
        "house cat": 2, "dog": 2, "Q99": 1,
    }  # fmt: skip


def test_an_older_revision_changes_nothing(load, muse):
    load([entity("Q1", "new", lastrevid=5)])
    load([entity("Q1", "old", lastrevid=4)])
    assert muse.execute("select title from wikidata").fetchone() == ("new",)


def test_an_older_revision_changes_no_superclasses(load, muse):
    load([entity("Q1", "new", lastrevid=5, P279=[value("Q2")]), entity("Q9", P31=[value("Q1")])])
    load([entity("Q1", "old", lastrevid=4, P279=[value("Q3")])])
    query = "select superclass_ids from wikidata_classes where class_id = 'Q1'"
    assert muse.execute(query).fetchone() == (["Q2"],)
    assert len(muse.execute("select from instances_of('Q2', true)").fetchall()) == 1
    load([entity("Q1", "newer", lastrevid=6)])
    assert muse.execute(query).fetchone() == ([],)


def test_a_changed_label_changes_the_properties_of_others(load, muse):
    load(small())
    changed = small()
    changed[0] = entity("Q146", "cat", "Cats", lastrevid=2, P279=[value("Q16521")])
    changed[3] = entity("P31", "is a", kind="property", lastrevid=2)
    load(changed)
    assert properties(muse, "Q2")["is a"] == ["Q99", "cat"]
    assert "instance of" not in properties(muse, "Q1")
    assert muse.execute("select title from instances_of('cat') order by 1").fetchall() == [
        ("Felix",), ("Rex",), ("Tom",),
    ]  # fmt: skip


def test_prune_deletes_items_that_are_not_in_the_dump(load, muse):
    load(small())
    assert load(small()[:-1])
    assert "Q12" in ids(muse)
    assert load(small()[:-2], prune=True)
    assert [gone for gone in ("Q11", "Q12") if gone in ids(muse)] == []
    assert len(ids(muse)) == 7


def test_an_interrupted_load_resumes(load, muse, monkeypatch):
    lines = [entity(f"Q{number}", f"Item {number}") for number in range(1, 2001)]
    monkeypatch.setattr(dump.chunks, "__defaults__", (20_000,))
    parsed = []
    original = staging.read
    with monkeypatch.context() as patch:

        def dies(parser, chunk, limit=None):
            parsed.append(chunk.first)
            if len(parsed) == 5:
                raise KeyboardInterrupt
            return original(parser, chunk, limit)

        patch.setattr(staging, "read", dies)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert ids(muse) == []
    again = []
    monkeypatch.setattr(
        staging, "read", lambda *arguments: again.append(arguments[1].first) or original(*arguments)
    )
    assert load(lines)
    assert len(ids(muse)) == 2000
    assert not set(parsed[:4]) & set(again)
    left = "select relname from pg_class where relname like 'wikidata!_%%' escape '!' and relnamespace = 'muse_staging'::regnamespace and relname ~ '[0-9]'"
    assert muse.execute(left).fetchall() == []


def test_a_load_of_rows_that_are_refused_begins_again(load, muse, monkeypatch, capsys):
    load(small())
    name = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9000), k=9000)))
    with monkeypatch.context() as patch:
        patch.setattr(entities, "LONGEST_NAME", 10_000)
        with pytest.raises(psycopg.Error, match="maximum size"):
            load([entity("Q500", name)])
    assert load([entity("Q500", name)])
    assert "Q500" in ids(muse)
    assert "resuming" not in capsys.readouterr().err


def test_an_unchanged_dump_is_not_read_again(load, muse, capsys):
    load(small())
    load(small(), again=True)
    assert "9 unchanged" in capsys.readouterr().err
    lines = small()
    load(lines, name="other.json")
    path = next(
        iter(muse.execute("select location from sources where location like '%%other.json'"))
    )[0]
    capsys.readouterr()
    load_all(muse, WikidataOptions(source=path))
    assert "unchanged, skipped" in capsys.readouterr().err


def test_a_second_load_waits_and_names_the_first(load, muse, capsys):
    with connections.connect_to_load(autocommit=True) as other, ThreadPoolExecutor() as pool:
        with connections.lock(other, "wikidata"):
            waiting = pool.submit(load, small())
            while not muse.execute("select from pg_locks where not granted").rowcount:
                assert not waiting.done()
        waiting.result(30)
    assert "of muse_loader" not in (said := capsys.readouterr().err)
    assert re.search(r"waiting: process \d+ of postgres on pgmuse holds the lock 'wikidata'", said)
