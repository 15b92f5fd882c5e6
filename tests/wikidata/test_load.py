"""Wikidata: dumps in, the blog's queries and views out."""

import bz2
import gzip
import json
import os
import re
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import psycopg
import pytest
from backports import zstd

from loaders.core import db as connections
from loaders.core.errors import Problem
from loaders.wikidata import dump, staging
from loaders.wikidata.command import Request, load_all

FRAMINGS = {
    "dump": lambda lines: "[\n" + ",\n".join(lines) + "\n]\n",
    "lines": lambda lines: "\n".join(lines),
    "indented": lambda lines: json.dumps([json.loads(line) for line in lines], indent=2),
    "one line": lambda lines: "[" + ",".join(lines) + "]",
    "windows": lambda lines: "\ufeff[\r\n  " + ",\r\n  ".join(lines) + "\r\n]\r\n",
}
PACKED = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zstd.compress, "plain": bytes}


def value(target, rank="normal", datatype="wikibase-item", **more):
    """A statement; its property is filled in by `entity`."""
    kind = {
        "wikibase-item": "wikibase-entityid", "time": "time", "quantity": "quantity",
        "monolingualtext": "monolingualtext", "globe-coordinate": "globecoordinate",
    }.get(datatype, "string")  # fmt: skip
    held = target
    if datatype == "wikibase-item":
        held = {"entity-type": "item", "numeric-id": int(target[1:]), "id": target}
    datavalue = {"value": held, "type": kind}
    snak = {"snaktype": "value", "datavalue": datavalue, "datatype": datatype}
    return {"mainsnak": snak, "type": "statement", "rank": rank, **more}


def time_of(text, precision=11):
    about = {"timezone": 0, "before": 0, "after": 0, "precision": precision}
    calendar = "http://www.wikidata.org/entity/Q1985727"
    return {"time": text, "calendarmodel": calendar} | about


def entity(id, label=None, enwiki=None, lastrevid=1, kind="item", **claims):
    """A line of a dump."""
    made = {"type": kind, "id": id, "labels": {}, "descriptions": {}, "aliases": {}, "claims": {}}
    made |= {"sitelinks": {}, "lastrevid": lastrevid}
    if label:
        made["labels"]["en"] = {"language": "en", "value": label}
    if enwiki:
        made["sitelinks"]["enwiki"] = {"site": "enwiki", "title": enwiki, "badges": []}
    if kind == "property":
        made["datatype"] = claims.pop("datatype", "wikibase-item")
    for property_id, statements in claims.items():
        for number, statement in enumerate(statements):
            statement["mainsnak"]["property"] = property_id
            statement.setdefault("id", f"{id}${property_id}-{number}")
        made["claims"][property_id] = statements
    return json.dumps(made)


def small():
    """Cats and what is said of them."""
    return [
        entity("Q146", "house cat", "Cat", P279=[value("Q16521")]),
        entity("Q16521", "taxon", "Taxon"),
        entity("Q144", "dog", P279=[value("Q16521")]),
        entity("P31", "instance of", kind="property"),
        entity("P462", "color", kind="property"),
        entity("P569", "date of birth", kind="property", datatype="time"),
        entity("P1082", "population", kind="property", datatype="quantity"),
        entity("Q1", "Felix", "Felix the Cat", P31=[value("Q146")],
               P569=[value(time_of("+1919-11-09T00:00:00Z"), datatype="time")]),
        entity("Q2", "Tom", P31=[value("Q146"), value("Q99")],
               P462=[value("Q12"), value("Q10"), value("Q11"), value("Q11")]),
        entity("Q3", "Rex", P31=[value("Q144", "deprecated"), value("Q146", "normal"),
                                 value("Q144", "preferred")]),
        entity("Q10", "Blue"), entity("Q11", "Red"), entity("Q12", "White"),
    ]  # fmt: skip


@pytest.fixture
def muse(fresh):
    """An empty database, connected to as a loader does."""
    with connections.connect_to_load(autocommit=True) as conn:
        yield conn


@pytest.fixture
def load(muse, tmp_path):
    """Load lines as a dump; what the command says of it."""

    def work(lines, *, name="dump.json", framing="dump", pack="plain", **options):
        path = tmp_path / name
        text = FRAMINGS[framing](lines) if isinstance(lines, list) else lines
        path.write_bytes(PACKED[pack](text if isinstance(text, bytes) else text.encode()))
        # In this process: starting others takes most of a second.
        return load_all(muse, Request(str(path), **{"workers": 0} | options))

    return work


def properties(conn, wikidata_id):
    query = "select properties from wikidata where wikidata_id = %s"
    return conn.execute(query, (wikidata_id,)).fetchone()[0]


def errors(conn):
    query = (
        "select place, reason from load_errors where run_id = (select max(run_id) from load_runs)"
    )
    return conn.execute(query + " order by number").fetchall()


def ids(conn):
    return [row[0] for row in conn.execute("select wikidata_id from wikidata order by 1")]


@pytest.mark.parametrize("framing", FRAMINGS)
def test_any_framing_gives_the_same(load, muse, framing):
    assert load(small(), framing=framing, workers=2)
    assert len(ids(muse)) == 9
    assert properties(muse, "Q1") == {
        "instance of": "Cat", "date of birth": "1919-11-09T00:00:00Z",
    }  # fmt: skip


@pytest.mark.parametrize("pack", PACKED)
def test_any_packing_gives_the_same(load, muse, pack):
    assert load(small(), pack=pack, name=f"x.{pack}")
    assert len(ids(muse)) == 9


def test_properties_are_those_of_the_blog(load, muse):
    load(small())
    assert properties(muse, "Q2") == {
        "instance of": ["Cat", "Q99"], "color": ["Blue", "Red", "White"],
    }  # fmt: skip
    assert properties(muse, "Q3") == {"instance of": "dog"}
    found = muse.execute(
        "select title from wikidata where properties @> %s::jsonb",
        ('{"color": ["Blue","Red","White"]}',),
    )
    assert found.fetchall() == [("Tom",)]
    blog = "select properties->>'instance of' as thing, count(*) as c from wikidata group by thing"
    counted = dict(muse.execute(blog).fetchall())
    assert counted["Cat"] == 1
    assert counted['["Cat", "Q99"]'] == 1


def test_views_count_what_stands_in_arrays(load, muse):
    load(small())
    assert muse.execute("select class_id, class, items from classes order by items desc, 1").fetchall() == [
        ("Q146", "Cat", 2), ("Q144", "dog", 1), ("Q99", "Q99", 1),
    ]  # fmt: skip
    view = "select class, count(*) from instance_of group by class order by 2 desc, 1"
    assert muse.execute(view).fetchall() == [("Cat", 2), ("Q99", 1), ("dog", 1)]
    titles = "select title from instances_of(%s, with_subclasses => %s) order by 1"
    for class_, below, expected in (
        ("cat", False, ["Felix", "Tom"]), ("house cat", False, ["Felix", "Tom"]),
        ("Q146", False, ["Felix", "Tom"]), ("taxon", False, []),
        ("taxon", True, ["Felix", "Rex", "Tom"]), ("no such class", True, []),
    ):  # fmt: skip
        assert [row[0] for row in muse.execute(titles, (class_, below))] == expected, class_
    below = muse.execute("select class_id from subclasses_of('taxon') order by 1").fetchall()
    assert below == [("Q144",), ("Q146",)]
    assert muse.execute("select wikidata_label('Q146')").fetchone() == ("house cat",)


def test_values_of_every_type_are_kept(load, muse):
    quantity = {"amount": "+0", "unit": "http://www.wikidata.org/entity/Q10"}
    place = {"latitude": 0, "longitude": -1.5, "altitude": None, "precision": 0.1}
    place["globe"] = "http://www.wikidata.org/entity/Q2"
    load([*small(), entity(
        "Q5", "Odd",
        P569=[value(time_of("-0044-03-00T00:00:00Z", 10), datatype="time")],
        P1082=[value(quantity, datatype="quantity"),
               value(quantity | {"amount": "+2.50"}, datatype="quantity")],
        P1=[value("", datatype="string")],
        P2=[value({"text": "Grüezi", "language": "de"}, datatype="monolingualtext")],
        P3=[value(place, datatype="globe-coordinate")],
        P4=[{"mainsnak": {"snaktype": "novalue", "datatype": "string"}, "type": "statement",
             "rank": "normal"}],
    )])  # fmt: skip
    assert properties(muse, "Q5") == {
        "date of birth": "-0044-03-01T00:00:00Z", "population": [0, 2.5], "P1": "", "P2": "Grüezi",
        "P3": {"lat": 0, "lng": -1.5},
    }  # fmt: skip
    rows = muse.execute("select title, rank, value, amount, unit from claim_values('population')")
    assert sorted(rows.fetchall()) == [
        ("Odd", "normal", "0", 0, "Blue"), ("Odd", "normal", "2.50", 2.5, "Blue"),
    ]  # fmt: skip
    rows = muse.execute(
        "select title, rank, value, value_id from claim_values('P31') order by 1, 2"
    )
    assert rows.fetchall()[:2] == [
        ("Felix", "normal", "Cat", "Q146"), ("Rex", "deprecated", "dog", "Q144"),
    ]  # fmt: skip


def without_references(claims):
    return {
        name: [{key: held for key, held in made.items() if key != "references"} for made in group]
        for name, group in claims.items()
    }


def test_statements_come_back_as_they_were(muse, shared):
    path = shared / "data" / "wikidata" / "twenty_entities.json.bz2"
    assert load_all(muse, Request(str(path)))
    lines = [line.strip(" ,") for line in bz2.decompress(path.read_bytes()).decode().splitlines()]
    entities = [json.loads(line) for line in lines if len(line) > 1]
    assert len(entities) == 20
    for made in entities:
        query = "select wikidata_statements(%s)"
        (found,) = muse.execute(query, (made["id"],)).fetchone()
        assert found == without_references(made["claims"])
    assert errors(muse) == []


def test_labels_from_a_file_reach_properties(muse, shared):
    data = shared / "data" / "wikidata"
    load_all(muse, Request(str(data / "twenty_entities.json.bz2")))
    assert properties(muse, "Q58978")["P31"] == "Q5"
    load_all(muse, Request(labels=data / "labels.tsv"))
    born = properties(muse, "Q58978")
    assert born["instance of"] == "human"
    assert born["date of birth"] == "1882-12-11T00:00:00Z"
    assert ("human", 4) in muse.execute("select class, items from classes").fetchall()
    assert muse.execute("select title from wikidata where wikidata_id = 'Q58978'").fetchone() == (
        "Max Born",
    )


def test_a_refresh_touches_what_changed_alone(load, muse):
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
        "Cat": 1, "dog": 2, "Q99": 1,
    }  # fmt: skip


def test_an_older_revision_changes_nothing(load, muse):
    load([entity("Q1", "new", lastrevid=5)])
    load([entity("Q1", "old", lastrevid=4)])
    assert muse.execute("select title from wikidata").fetchone() == ("new",)


def test_a_label_that_changed_reaches_all_who_name_it(load, muse):
    load(small())
    changed = small()
    changed[0] = entity("Q146", "cat", "Cats", lastrevid=2, P279=[value("Q16521")])
    changed[3] = entity("P31", "is a", kind="property", lastrevid=2)
    load(changed)
    assert properties(muse, "Q2")["is a"] == ["Cats", "Q99"]
    assert "instance of" not in properties(muse, "Q1")
    assert muse.execute("select title from instances_of('Cats') order by 1").fetchall() == [
        ("Felix",), ("Tom",),
    ]  # fmt: skip


def test_prune_removes_what_is_gone(load, muse):
    load(small())
    assert load(small()[:-1])
    assert "Q12" in ids(muse)
    assert load(small()[:-2], prune=True)
    assert [gone for gone in ("Q11", "Q12") if gone in ids(muse)] == []
    assert len(ids(muse)) == 7


def test_filters(load, muse):
    def kept(**options):
        muse.execute("delete from wikidata")
        load([*small(), entity("Q7"), entity("Q8", None, "Linked")], again=True, **options)
        return ids(muse)

    assert "Q7" not in kept()
    assert "Q8" in kept()
    assert kept(classes=("Q146",)) == ["Q1", "Q2"]
    assert kept(classes=("Q16521",), subclasses=True) == ["Q1", "Q2", "Q3"]
    assert kept(ids="Q7,Q12") == ["Q12", "Q7"]
    assert kept(sitelinks=("enwiki",)) == ["Q1", "Q146", "Q16521", "Q8"]
    assert kept(limit=2) == ["Q146", "Q16521"]
    # Names of what was left out are known all the same.
    kept(classes=("Q146",))
    assert properties(muse, "Q2")["color"] == ["Blue", "Red", "White"]


def test_chosen_languages_and_wikis(load, muse):
    made = json.loads(entity("Q1", "cat"))
    made["labels"]["nl"] = {"language": "nl", "value": "kat"}
    made["aliases"]["nl"] = [{"language": "nl", "value": "poes"}]
    made["sitelinks"]["nlwiki"] = {"site": "nlwiki", "title": "Kat"}
    lines = [json.dumps(made)]
    load(lines)
    columns = "select labels, aliases, sitelinks from wikidata"
    assert muse.execute(columns).fetchone() == ({"en": "cat"}, {}, {})
    load(lines, languages=("en", "nl"), sitelinks=("nlwiki",))  # the same revision
    assert muse.execute(columns).fetchone() == (
        {"en": "cat", "nl": "kat"}, {"nl": ["poes"]}, {"nlwiki": "Kat"},
    )  # fmt: skip


def test_what_is_wrong_is_named_and_loses_nothing_else(load, muse):
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
    assert ids(muse) == ["Q1", "Q20", "Q21", "Q22", "Q26"]
    found = dict(errors(muse))
    assert "not JSON" in found["line 2"]
    assert "NUL" in found["line 3, Q20"]
    assert "lexeme" in found["line 5"]
    assert "no id of an item" in found["line 10"]
    assert "more than once" in found["line 11"]
    assert {"line 7", "line 9", "line 13"} <= set(found)
    titles = dict(muse.execute("select wikidata_id, title from wikidata").fetchall())
    assert titles["Q1"] == "Felix II"
    assert titles["Q20"] == "N�UL"
    (claims,) = muse.execute("select wikidata_statements('Q21')").fetchone()
    assert claims["P1"][0]["mainsnak"]["datavalue"] == {"type": "new", "value": {"a": 1}}


def test_too_much_that_is_wrong_changes_nothing(load, muse):
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


@pytest.mark.parametrize("pack", ["gz", "bz2", "zst"])
def test_a_cut_off_archive_gives_what_came_before(load, muse, tmp_path, pack):
    lines = [entity(f"Q{number}", os.urandom(40).hex()) for number in range(1, 20001)]
    load(small(), name="before.json")
    text = FRAMINGS["dump"](lines).encode()
    whole = PACKED[pack](text)
    path = tmp_path / "cut"
    path.write_bytes(whole[: len(whole) * 3 // 4])
    assert not load_all(muse, Request(str(path), prune=True))
    assert len(ids(muse)) > 5000
    assert any("cut off" in reason for _, reason in errors(muse))
    assert "Q16521" in ids(muse)  # nothing is pruned by half a dump


def test_an_interrupted_load_goes_on(load, muse, monkeypatch):
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
        staging, "read", lambda *given: again.append(given[1].first) or original(*given)
    )
    assert load(lines)
    assert len(ids(muse)) == 2000
    assert not set(parsed[:4]) & set(again)
    left = "select relname from pg_class where relname like 'wikidata!_%%' escape '!' and relnamespace = 'muse_staging'::regnamespace and relname ~ '[0-9]'"
    assert muse.execute(left).fetchall() == []


def test_an_unchanged_dump_is_not_read_again(load, muse, capsys):
    load(small())
    load(small())
    assert "9 unchanged" in capsys.readouterr().err
    lines = small()
    load(lines, name="other.json")
    path = next(
        iter(muse.execute("select location from sources where location like '%%other.json'"))
    )[0]
    capsys.readouterr()
    load_all(muse, Request(path))
    assert "unchanged since it was loaded" in capsys.readouterr().err


def test_a_second_load_waits_and_says_for_whom(load, muse, capsys):
    with connections.connect_to_load(autocommit=True) as other, ThreadPoolExecutor() as pool:
        with connections.lock(other, "wikidata"):
            waiting = pool.submit(load, small())
            while not muse.execute("select from pg_locks where not granted").rowcount:
                assert not waiting.done()
        waiting.result(30)
    assert "of muse_loader" not in (said := capsys.readouterr().err)
    assert re.search(r"waiting: process \d+ of postgres on pgmuse holds the lock 'wikidata'", said)


def test_the_first_load_leaves_the_indexes_of_the_revision(load, muse):
    query = "select indexname, indexdef from pg_indexes where tablename = 'wikidata' order by 1"
    before = muse.execute(query).fetchall()
    load(small())
    assert muse.execute(query).fetchall() == before
    assert len(before) == 6


def test_standard_input(muse, tmp_path):
    text = FRAMINGS["dump"](small()).encode()
    command = [sys.executable, "-m", "loaders", "load", "wikidata", "-"]
    done = subprocess.run(command, input=gzip.compress(text), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert len(ids(muse)) == 9


def test_forget_an_item(load, muse):
    load(small())
    from loaders.wikidata.forget import forget

    forget(muse, "Q1")
    assert "Q1" not in ids(muse)
    assert ("Cat", 1) in muse.execute("select class, items from classes").fetchall()
    with pytest.raises(Problem, match="no item"):
        forget(muse, "Q1")


def plan(conn, query):
    return "\n".join(row[0] for row in conn.execute("explain " + query))


def test_look_ups_are_index_scans(db):
    db.execute("""
        insert into muse.wikidata (wikidata_id, title, wikipedia_id, properties, claims, class_ids)
        select
            'Q' || n, 'Title ' || n, 'Page ' || n,
            jsonb_build_object('instance of', 'Class ' || n % 1000, 'x', n),
            jsonb_build_object('P' || n % 500, jsonb_build_array(jsonb_build_object(
                'type', 'string', 'value', n::text, 'rank', 'normal'))),
            array['Q' || n % 1000]
        from generate_series(1, 20000) as n
    """)
    db.execute("analyze muse.wikidata")
    for query, index in (
        ("select * from wikidata where properties @> '{\"instance of\": \"Class 7\"}'", "wikidata_properties"),
        ("select * from wikidata where claims @> '{\"P7\": [{\"value\": \"7\"}]}'", "wikidata_claims"),
        ("select * from instances_of('Q7')", "wikidata_class_ids"),
        ("select * from claim_values('P7')", "wikidata_claims"),
        ("select * from wikidata where wikipedia_id = 'Page 7'", "wikidata_wikipedia_id"),
        ("select * from wikidata where title = 'Title 7'", "wikidata_title"),
    ):  # fmt: skip
        assert index in plan(db, query), query
    assert db.execute("select count(*) from claim_values('P7')").fetchone() == (40,)


def test_readers_ask_and_do_not_write(db):
    db.execute("set local role muse_reader")
    for query in (
        "select * from classes",
        "select * from instance_of",
        "select * from claim_values('P31')",
    ):
        db.execute(query)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute("insert into muse.wikidata (wikidata_id) values ('Q1')")
