"""Pruning leaves the rows of entries that failed to parse."""

import psycopg
import pytest

from loaders.wikidata import dump, staging
from loaders.wikidata.readable_ids import readable_ids
from tests.factories.wikidata import BROKEN, FRAMINGS, entity, errors, ids, many


@pytest.mark.parametrize("broken", BROKEN)
@pytest.mark.parametrize("framing", ["dump", "one line"])
def test_the_row_of_an_entry_that_failed_stays(load, muse, broken, framing):
    load(many(5))
    lines = [*many(2), BROKEN[broken], entity("Q4", "Dog 4")]
    assert load(FRAMINGS[framing](lines).encode(), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]  # Q5 is gone
    assert len(errors(muse)) == 1


@pytest.mark.parametrize("line", ["oops", '{"type":"item","id":"../Q3"}', '{"id":3}', '{"id":"Q3'])
def test_an_entry_without_an_id_prunes_nothing(load, muse, capsys, line):
    load(many(5))
    assert not load([*many(2), line], prune=True)
    assert "1 entry without a readable id" in capsys.readouterr().err
    assert len(ids(muse)) == 5


def test_an_entry_that_postgres_refuses_stays(load, muse, monkeypatch):
    load(many(5))
    original = staging.EntityStager.copy

    def refuse(self, entities, *arguments):
        if any(entry.wikidata_id == "Q3" for _, entry in entities):
            raise psycopg.DataError("a value that no column takes")
        original(self, entities, *arguments)

    monkeypatch.setattr(staging.EntityStager, "copy", refuse)
    assert load(many(4, lastrevid=2), prune=True)
    assert "refused" in dict(errors(muse))["line 4"]
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


def test_an_entity_that_broken_text_swallows_stays(load, muse):
    load(many(5))
    swallowed = '{"labels": {}, "id": "Q4"}'
    text = f"[{many(1)[0]}, {BROKEN['dump']} ,{swallowed}, {entity('Q2', 'x')}]"
    assert load(text.encode(), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


def test_the_row_of_a_line_that_is_too_long_stays(load, muse, monkeypatch):
    load(many(5))
    monkeypatch.setattr(dump, "LONGEST", 20_000)
    monkeypatch.setattr(dump.chunks, "__defaults__", (5_000,))
    assert load([*many(2), entity("Q3", "x" * 90_000), entity("Q4", "x")], prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]
    assert "longer than" in dict(errors(muse))["line 4"]


def test_ids_are_read_in_linear_time_and_are_not_those_of_values():
    text = '{"type":"item","id":"Q1","claims":{"P31":[{"numeric-id":5,"id":"Q5"},{"id":"Q1$x"}]'
    assert readable_ids(text.encode()) == ("Q1",)
    assert readable_ids(b'{"type":"item","type":' * 100_000) == ()
    assert readable_ids(b'{"id":"Q1"' + b'"id" : ' * 100_000) == ("Q1",)
