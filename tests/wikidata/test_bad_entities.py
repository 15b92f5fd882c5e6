"""Entities and dumps that cannot be read in full."""

import json
import os
import random

import pytest

from loaders.core.errors import Problem
from loaders.wikidata.options import WikidataOptions
from tests.factories.archives import PACKED
from tests.factories.loads import load_wikidata as load_all
from tests.factories.wikidata import FRAMINGS, entity, errors, ids, small, time_of, value

RANDOM = "".join(map(chr, random.Random(1).choices(range(0x4E00, 0x9000), k=9000)))


@pytest.mark.long
def test_bad_entities_are_reported_and_others_are_loaded(load, muse):
    odd = json.loads(entity("Q21", "Odd", P1=[value("x", datatype="string")]))
    odd["claims"]["P1"][0]["mainsnak"]["datavalue"] = {"type": "new", "value": {"a": 1}}
    lexeme = json.dumps({"type": "lexeme", "id": "L1", "lemmas": {}})
    huge = entity("Q22", "Huge", P1=[value("x" * 1000, datatype="string") for _ in range(4500)])
    assert len(huge) > 4_000_000
    half = '{"type":"item","id":"Q23","labels":{"en":{"language":"en","value":"\\ud800"}}}'
    empty = '{"type":"item","id":"Q24","labels":[],"aliases":[],"claims":[],"sitelinks":[]}'
    raw = entity(
        "Q25", "Raw", P2=[value({"text": "HERE", "language": "de"}, datatype="monolingualtext")]
    )
    lines = [
        "not json", entity("Q20", "N\0UL"), json.dumps(odd), lexeme, huge, half, empty,
        '{"id":"Q1"', '{"type":"item","id":"../Q1"}', entity("Q1", "Felix", lastrevid=1),
        entity("Q1", "Felix II", lastrevid=2), raw.replace("HERE", "\\udc00"), entity("Q26", "Last"),
    ]  # fmt: skip
    assert load(lines)
    assert ids(muse) == ["Q1", "Q20", "Q21", "Q22", "Q23", "Q24", "Q25", "Q26"]
    reasons = dict(errors(muse))
    assert "not JSON" in reasons["line 2"]
    assert "NUL" in reasons["line 3, Q20"]
    assert "lexeme" in reasons["line 5"]
    assert "no id of an item" in reasons["line 10"]
    assert "more than once" in reasons["line 11"]
    assert {"line 7, Q23", "line 9", "line 13, Q25"} <= set(reasons)
    titles = dict(muse.execute("select wikidata_id, title from wikidata").fetchall())
    assert titles["Q1"] == "Felix II"
    assert titles["Q20"] == "N�UL"
    (claims,) = muse.execute("select wikidata_statements('Q21')").fetchone()
    assert claims["P1"][0]["mainsnak"]["datavalue"] == {"type": "new", "value": {"a": 1}}


@pytest.mark.parametrize(
    ("raw", "text"),
    [("\\ud800x", "�x"), ("\\uDC00\\ud83d", "��"), ("\\ud83d\\ude00\\udc00", "😀�"),
     ("\\\\ud800\\ud800", "\\ud800�"), (b"\xed\xa0\x80x", "�x"), ("\\u0000\\ud800", "��")],
)  # fmt: skip
def test_half_a_character_is_replaced(load, muse, raw, text):
    line = entity("Q5", "HERE", P31=[value("Q146")], P2=[value("HERE", datatype="string")])
    raw = raw if isinstance(raw, bytes) else raw.encode()
    assert load(("\n".join([*small(), line]).encode()).replace(b"HERE", raw))
    query = "select title, properties -> 'instance of', properties ->> 'P2' from wikidata"
    row = muse.execute(query + " where wikidata_id = 'Q5'").fetchone()
    assert row == (text, "house cat", text)
    (reason,) = (reason for place, reason in errors(muse) if "Q5" in place)
    assert "replaced by U+FFFD" in reason


@pytest.mark.parametrize(
    ("change", "reason"),
    [({"id": f"a/{RANDOM}", "numeric-id": None}, "more than 250 characters"),
     ({"id": "Q" + "9" * 30, "numeric-id": int("9" * 30)}, "number is none")],
)  # fmt: skip
def test_ids_that_are_too_long_stay_as_they_are(load, muse, change, reason):
    odd = json.loads(entity("Q5", "Odd", P31=[value("Q1")], P279=[value("Q1")]))
    for (statement,) in odd["claims"].values():
        statement["mainsnak"]["datavalue"]["value"] |= change
    assert load([*small(), json.dumps(odd)])
    assert len(ids(muse)) == 10
    assert {text.endswith(reason) for place, text in errors(muse) if "Q5" in place} == {True}
    (claims,) = muse.execute("select wikidata_statements('Q5')").fetchone()
    assert claims["P31"] == odd["claims"]["P31"]


def test_a_precision_that_is_no_integer_of_postgres(load, muse):
    odd = value(time_of("+1900-00-00T00:00:00Z", 10**11), datatype="time")
    assert load([entity("Q5", "Odd", P571=[odd]), entity("Q6", "Even")])
    assert ids(muse) == ["Q5", "Q6"]
    assert [text for _, text in errors(muse)] == ["a time whose precision is none"]


def test_a_name_that_no_index_holds_is_cut(load, muse):
    property = entity("P5", RANDOM, kind="property")
    assert load([entity("Q5", RANDOM, RANDOM), entity("Q6", "six", P31=[value("Q5")]), property])
    query = "select title, wikipedia_id from wikidata where wikidata_id = 'Q5'"
    assert muse.execute(query).fetchone() == (RANDOM[:500], RANDOM[:500])
    assert {text for _, text in errors(muse)} == {"a name of more than 500 characters: cut"}


def test_too_many_bad_entries_change_nothing(load, muse):
    load(small())
    with pytest.raises(Problem, match="more than 2 entries cannot be used"):
        load(["x", "y", "z", entity("Q1", "Changed", lastrevid=9)], max_bad=2, prune=True)
    assert len(ids(muse)) == 9
    assert muse.execute("select title from wikidata where wikidata_id = 'Q1'").fetchone() == (
        "Felix",
    )
    assert len(errors(muse)) == 3
    assert muse.execute("select status from load_runs order by run_id desc limit 1").fetchone() == (
        "failed",
    )


@pytest.mark.long
@pytest.mark.parametrize("pack", ["gz", "bz2", "zst"])
def test_a_cut_off_archive_is_loaded_up_to_the_cut(load, muse, tmp_path, pack):
    lines = [entity(f"Q{number}", os.urandom(40).hex()) for number in range(1, 20001)]
    load(small(), name="before.json")
    text = FRAMINGS["dump"](lines).encode()
    archive = PACKED[pack](text)
    path = tmp_path / "cut"
    path.write_bytes(archive[: len(archive) * 3 // 4])
    assert not load_all(muse, WikidataOptions(source=str(path), prune=True))
    assert len(ids(muse)) > 5000
    assert any("cut off" in reason for _, reason in errors(muse))
    assert "Q16521" in ids(muse)  # nothing is pruned by half a dump
