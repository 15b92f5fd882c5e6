"""What a load of Wikidata takes away: nothing, but what a complete dump does not hold any more."""

import gzip
import json
import os
import subprocess
import sys

import psycopg
import pytest

from loaders import db as connections
from loaders.errors import Problem
from loaders.refresh import refresh
from loaders.wikidata import dump, staging
from loaders.wikidata.command import Request, load_all
from loaders.wikidata.failed import readable_ids
from tests.test_wikidata import FRAMINGS, entity, errors, ids, value


def many(count=25, **options):
    """So many dogs, Q1 first."""
    return [
        entity(f"Q{n}", f"Dog {n}", P31=[value("Q144")], **options) for n in range(1, count + 1)
    ]


def dump_of(lines):
    return FRAMINGS["dump"](lines).encode()


@pytest.fixture
def muse(fresh):
    """An empty database, connected to as a loader does."""
    with connections.connect_to_load(autocommit=True) as conn:
        yield conn


@pytest.fixture
def load(muse, tmp_path):
    """Load bytes, or lines as a dump, as a file of a name; whether that went well."""

    def work(content, *, name="dump.json", **options):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else dump_of(content))
        # In this process: starting others takes most of a second.
        return load_all(muse, Request(str(path), **{"workers": 0} | options))

    return work


# Sources that are not complete --------------------------------------------------------------------

START, LAST = b'"type": "item"', b'"sitelinks"'  # of the last entity
CUT = {
    "in an entity": lambda text: text[: text.rindex(LAST)],
    "after a bracket in an entity": lambda text: text[
        : text.rindex(b"]", 0, text.rindex(LAST)) + 1
    ],
    "after an entity": lambda text: text[: text.rindex(b"{", 0, text.rindex(START))].rstrip(),
    "in a character": lambda text: text[: text.rindex("é".encode()) + 1],
    "without its bracket": lambda text: text.rstrip().removesuffix(b"]"),
}


@pytest.mark.parametrize("cut", CUT)
@pytest.mark.parametrize("framing", ["dump", "one line", "indented", "windows"])
def test_a_dump_that_is_cut_off_prunes_nothing(load, muse, capsys, cut, framing):
    lines = [line.replace("Dog", "Caf\u00e9") for line in many(6)]
    load(lines)
    newer = [line.replace('"lastrevid": 1', '"lastrevid": 2') for line in lines]
    text = FRAMINGS[framing]([*newer[:3], *newer[4:]]).replace("\\u00e9", "\u00e9")
    assert not load(CUT[cut](text.encode()), name="cut.json", prune=True)
    assert len(ids(muse)) == 6
    assert "nothing is pruned: the dump is cut off" in capsys.readouterr().err
    newest = "select max(lastrevid) from wikidata"
    assert muse.execute(newest).fetchone() == (2,)  # what came before the cut is loaded


@pytest.mark.parametrize(
    "end", ["\n]", "\n]   \n\n \t", "\r\n]\r\n", "]", " ,\n]\n", "\n\n\n]" + "\n" * 300]
)
def test_any_end_of_an_array_is_one(load, muse, end):
    load(many(6))
    assert load(("[\n" + ",\n".join(many(5)) + end).encode(), prune=True)
    assert len(ids(muse)) == 5


@pytest.mark.parametrize("framing", ["dump", "one line"])
def test_the_last_of_several_arrays_has_an_end(load, muse, framing):
    load(many(6))
    one, other = (FRAMINGS[framing](lines) for lines in (many(3), many(5)[3:]))
    assert not load((one + other.rstrip()[:-1]).encode(), prune=True)
    assert load((one + other).encode(), prune=True)
    assert len(ids(muse)) == 5


def test_lines_without_brackets_are_loaded_and_not_pruned(load, muse, capsys):
    load(many(5))
    lines = "\n".join([*many(4), entity("Q9", "new")]).encode()
    assert load(lines, name="lines")
    assert not load(lines, name="lines", prune=True)
    assert "nothing in the source says that it is complete" in capsys.readouterr().err
    assert len(ids(muse)) == 6


def test_a_pipe_that_broke_prunes_nothing(load, muse):
    load(many(5))
    command = [sys.executable, "-m", "loaders", "load", "wikidata", "-", "--prune"]
    done = subprocess.run(command, input=dump_of(many(3))[:-4], capture_output=True, check=False)
    assert done.returncode == 1
    assert b"cut off" in done.stderr
    assert len(ids(muse)) == 5


def test_an_archive_with_something_behind_it_prunes_nothing(load, muse):
    load(many(5))
    assert not load(gzip.compress(dump_of(many(3))) + b"garbage", name="x.gz", prune=True)
    assert len(ids(muse)) == 5


NOTHING = {
    "an HTML page": b"<html>\n<body>502</body>\n</html>\n",
    "JSON without an entry": b"[\n]\n",
    "MediaWiki XML": b"<mediawiki>\n<page>\n</page>\n</mediawiki>\n",
    "JSON": b'{"a": 1}\n',
    "empty": b"",
    "XML": b'<?xml version="1.0"?>\n' + b"<a/>\n" * 1500,
}


@pytest.mark.parametrize("kind", NOTHING)
def test_a_source_without_entities_changes_nothing(load, muse, kind):
    load(many(5), prune=True)
    before = muse.execute("select fingerprint from sources").fetchone()
    with pytest.raises(Problem, match=f"nothing was changed: it (seems to be|is) .*{kind}|{kind}$"):
        load(NOTHING[kind], prune=True)
    assert len(ids(muse)) == 5
    assert muse.execute("select fingerprint from sources").fetchone() == before
    last = "select status from load_runs order by run_id desc limit 1"
    assert muse.execute(last).fetchone() == ("failed",)
    left = "select from pg_class where relname like 'wikidata!_%!_seen' escape '!'"
    assert muse.execute(left, prepare=False).fetchall() == [] or kind == "XML"


def test_a_refresh_over_an_error_page_changes_nothing(load, muse, tmp_path, capsys):
    load(many(25), prune=True)
    (tmp_path / "dump.json").write_bytes(NOTHING["an HTML page"])
    assert not refresh(muse)
    assert "it seems to be an HTML page" in capsys.readouterr().err
    assert len(ids(muse)) == 25
    (tmp_path / "dump.json").write_bytes(dump_of(many(24)))
    assert refresh(muse)
    assert len(ids(muse)) == 24


def test_labels_and_samples_prune_nothing(load, muse, tmp_path):
    labels = tmp_path / "labels.tsv"
    labels.write_text("id\tlabel\nQ1\tcat\n")
    load(many(5))
    query = "select wikidata_id, xmin::text from wikidata order by 1"
    before = muse.execute(query).fetchall()
    assert load(many(4), labels=labels, prune=True)
    assert muse.execute(query).fetchall() == before[:4]


# Entries that failed ------------------------------------------------------------------------------

BROKEN = {
    "dump": '{"type": "item", "id": "Q3", oops',
    "a pageid first": '{"pageid": 7, "ns": 0, "title": "Q3", "lastrevid": 9, "id":"Q3", oops',
    "blanks": '{ "id" :\t"Q3" "labels": {}}',
    "no comma": '{"type": "property", "datatype": "string", "id": "Q3" "labels": {}}',
    "a revision of 20 digits": '{"type":"item","id":"Q3","lastrevid":18446744073709551616}',
    "a lone surrogate": '{"type":"item","id":"Q3","labels":{"en":{"language":"en","value":"\\ud800"}}}',
}


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
    assert "1 entries have no readable id" in capsys.readouterr().err
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


def test_an_interrupted_load_goes_on_and_prunes(load, muse, monkeypatch):
    """What failed before the interruption is not read again, and stays all the same."""
    load(many(25))
    monkeypatch.setattr(dump.chunks, "__defaults__", (400,))
    lines = [BROKEN["dump"], *(line for line in many(24) if '"Q3"' not in line)]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert load(lines, prune=True)
    assert set(ids(muse)) == {f"Q{n}" for n in range(1, 25)}
    with monkeypatch.context() as patch:
        patch.setattr("loaders.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(["oops", *many(23)])
    assert not load(["oops", *many(23)], prune=True)
    assert len(ids(muse)) == 24


def interrupt(*arguments):
    raise KeyboardInterrupt


def test_an_interrupted_load_looks_again_at_rows_that_others_changed(load, muse, monkeypatch):
    """Q1 has got another language, Q2, which does not change, was removed."""
    load(many(3), name="other.json")
    lines = [many(1, lastrevid=4)[0], *many(3)[1:]]
    with monkeypatch.context() as patch:
        patch.setattr("loaders.dumps.load.forget_stale", interrupt)
        with pytest.raises(KeyboardInterrupt):
            load(lines)
    assert load(many(1, lastrevid=3), name="other.json", languages=("en", "nl"))
    muse.execute("delete from wikidata where wikidata_id = 'Q2'")
    assert load(lines)
    query = (
        "select wikidata_id, lastrevid, languages from wikidata join wikidata_kept using (kept_as)"
    )
    assert sorted(muse.execute(query).fetchall()) == [
        ("Q1", 4, ["en", "nl"]), ("Q2", 1, ["en"]), ("Q3", 1, ["en"]),
    ]  # fmt: skip


# How much may go ----------------------------------------------------------------------------------


def test_no_more_than_a_tenth_goes(load, muse, capsys):
    load(many(25), prune=True)
    fingerprint = muse.execute("select fingerprint from sources").fetchone()
    newer = many(22, lastrevid=2)
    assert not load(newer, prune=True)
    assert "3 of 25 rows (12%) would go" in capsys.readouterr().err
    assert len(ids(muse)) == 25
    rest = "select count(*) from wikidata where lastrevid = 2"
    assert muse.execute(rest).fetchone() == (22,)  # the load is kept
    assert muse.execute("select fingerprint from sources").fetchone() == fingerprint
    assert load(many(23), prune=True)
    assert len(ids(muse)) == 23
    assert load(many(3), prune=True, max_prune=0.9)
    assert len(ids(muse)) == 3
    assert load(many(1), prune=True)  # a share of a few rows says nothing


def test_the_share_is_kept_for_refresh(load, muse, tmp_path):
    load(many(25), prune=True, max_prune=0.5)
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)))
    assert refresh(muse)
    assert len(ids(muse)) == 15
    (tmp_path / "dump.json").write_bytes(dump_of(many(15)[:2]))
    assert refresh(muse)  # fewer than 20 rows
    assert len(ids(muse)) == 2


def test_pruning_comes_after_a_load_without(load, muse, tmp_path, capsys):
    load(many(3))
    load(many(2))
    again = Request(str(tmp_path / "dump.json"), prune=True, workers=0)
    assert load_all(muse, again)
    assert len(ids(muse)) == 2
    assert load_all(muse, again)
    assert "unchanged since it was loaded" in capsys.readouterr().err


def test_the_command_takes_the_share(load, muse, tmp_path):
    load(many(25))
    path = tmp_path / "newer.json"
    path.write_bytes(dump_of(many(20)))
    command = [sys.executable, "-m", "loaders", "load", "wikidata", str(path), "--prune"]
    quiet = {"check": False, "capture_output": True, "env": dict(os.environ)}
    assert subprocess.run(command, **quiet).returncode == 1
    assert subprocess.run([*command, "--max-prune", "0.2"], **quiet).returncode == 0
    assert len(ids(muse)) == 20


# Filters ------------------------------------------------------------------------------------------


def animals(revision=1, **classes):
    """Items by name, each of a class of the one letter: c for cats, d for dogs."""
    target = {"c": "Q146", "d": "Q144"}
    return [
        entity(id, id, lastrevid=revision, P31=[value(target[letter]) for letter in letters])
        for id, letters in classes.items()
    ]


def test_a_filter_prunes_what_it_loaded_itself(load, muse):
    lines = animals(Q1="c", Q2="d", Q3="cd", Q4="c")
    load(lines)
    assert load(lines, classes=("Q144",), prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]


def test_two_filters_take_turns(load, muse):
    lines = animals(Q1="c", Q2="d", Q3="cd", Q4="c")
    cats, dogs = {"classes": ("Q146",), "name": "cats"}, {"classes": ("Q144",), "name": "dogs"}
    assert load(lines, **cats)
    assert load(lines, **dogs)
    assert load(lines, **dogs, prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3", "Q4"]
    newer = animals(2, Q1="c", Q3="d", Q4="d")
    assert load(newer, **cats, prune=True)
    assert ids(muse) == ["Q1", "Q2", "Q3"]  # Q3 is a dog yet, Q4 was of the cats alone
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


def test_a_filter_updates_what_it_does_not_keep_any_more(load, muse):
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


def test_a_file_of_ids_is_one_filter_whatever_stands_in_it(load, muse, tmp_path):
    wanted = tmp_path / "ids.txt"
    wanted.write_text("Q1\nQ2\n")
    lines = animals(Q1="c", Q2="c", Q3="c")
    load(lines, ids=str(wanted))
    wanted.write_text("Q1\nQ3\n")
    assert load(lines, ids=str(wanted), prune=True)
    assert ids(muse) == ["Q1", "Q3"]


# Languages and wikis ------------------------------------------------------------------------------


def cat(revision=1, id="Q1", word="kat"):
    made = json.loads(entity(id, "cat", lastrevid=revision, P31=[value("Q146")]))
    for language in ("nl", "de"):
        made["labels"][language] = {"language": language, "value": f"{word} {language}"}
    made["aliases"]["nl"] = [{"language": "nl", "value": "poes"}]
    made["sitelinks"]["nlwiki"] = {"site": "nlwiki", "title": word}
    return json.dumps(made)


COLUMNS = "select labels, aliases, sitelinks, lastrevid, xmin::text from wikidata"
DUTCH = {"languages": ("en", "nl"), "sitelinks": ("nlwiki",)}


def test_a_narrower_load_erases_nothing(load, muse):
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


def test_after_both_neither_changes_anything(load, muse):
    load([cat()], **DUTCH, name="wide.json")
    load([cat()], languages=("de",), name="german.json")
    before = muse.execute(COLUMNS).fetchone()
    assert before[0] == {"en": "cat", "nl": "kat nl", "de": "kat de"}
    load([cat()], ids="Q1", name="ids.json")  # its number is noted once
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


# Answers of the web service -----------------------------------------------------------------------


def answer(*lines, **more):
    entities = {json.loads(line)["id"]: json.loads(line) for line in lines}
    for number, one in enumerate(entities.values()):
        one |= {"pageid": number, "ns": 0, "title": one["id"], "modified": "2026-01-01T00:00:00Z"}
        one |= {name: [] for name in ("descriptions", "aliases") if not one[name]}
    return {"entities": entities | more}


@pytest.mark.parametrize("form", [None, 2])
@pytest.mark.parametrize("first", [{}, {"success": 1}])
def test_an_answer_is_loaded(load, muse, form, first):
    missing = {"Q404": {"id": "Q404", "missing": ""}}
    told = first | answer(*many(3), **missing)
    assert load(json.dumps(told, indent=form).encode())
    assert ids(muse) == ["Q1", "Q2", "Q3"]
    assert errors(muse) == [("entity 4", "Q404: there is no such entity")]
    assert not load(json.dumps(answer(*many(1))).encode(), prune=True)
    assert len(ids(muse)) == 3


def test_answers_one_a_line_and_redirects(load, muse):
    moved = answer(entity("Q7", "x"))
    moved["entities"]["Q7"]["redirects"] = {"from": "Q8", "to": "Q7"}
    assert load("\n".join(json.dumps(each) for each in (answer(*many(2)), moved)).encode())
    assert ids(muse) == ["Q1", "Q2", "Q7"]
    assert muse.execute("select * from wikidata_redirects").fetchall() == [("Q8", "Q7")]


def test_an_answer_with_fewer_properties_replaces_nothing(load, muse):
    load(many(1))
    part = {"type": "item", "id": "Q1", "lastrevid": 9, "labels": {}}
    assert load(json.dumps({"entities": {"Q1": part}}).encode(), name="part.json")
    assert muse.execute("select title, lastrevid from wikidata").fetchall() == [("Dog 1", 1)]


def test_an_answer_that_is_an_error(load, muse):
    error = {"error": {"code": "no-such-entity", "info": "Could not find an entity"}}
    with pytest.raises(Problem, match="nothing in it can be used"):
        load(json.dumps(error).encode())
    assert "Could not find an entity" in errors(muse)[0][1]
